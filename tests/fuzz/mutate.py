"""Files that were damaged or doctored: of each one that is whole, as many broken ones as there are random numbers."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from random import Random

_TOKENS = (
    *(
        "NaN",
        "-Infinity",
        "1e400",
        "-1",
        "0",
        "1e-320",
        "0.5",
        "4294967296",
        "-9223372036854775809",
    ),
    *("1e300", "9" * 400, "9" * 5000, "null", "true", '"text"', "[]", "{}", "[[1, 2], [3]]", '""'),
    *('"\\ud800"', '"\\u0000\\n"', "[" * 5000, '{"a":' * 5000, "nan", "inf", "-", "1 2"),
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\"[^\"]*\"|true|false|null")


def mutate(data: bytes, other: bytes, random: Random) -> bytes:
    """The file with one to three changes; some of its parts may come from `other`."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        data = _one(data, other, random)
    return data


def _one(data: bytes, other: bytes, random: Random) -> bytes:
    kinds: list[Callable[[bytes, bytes, Random], bytes]] = [_bits, _bytes, _cut, _splice]
    if data.startswith(b"PK"):
        kinds += [_within_zip] * 6
    elif data.startswith(b"\x89PNG"):
        kinds += [_within_png] * 4
    elif data[8:9] == b"{":
        kinds += [_within_safetensors] * 6
    elif data[:1] in b"{[H#1":
        kinds += [_token] * 8
    return random.choice(kinds)(data, other, random)


def _bits(data: bytes, _other: bytes, random: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        if changed:
            changed[_place(changed, random)] ^= 1 << random.randrange(8)
    return bytes(changed)


def _bytes(data: bytes, _other: bytes, random: Random) -> bytes:
    at, length = _place(data, random), random.choice((1, 2, 4, 8))
    value = random.choice((b"\x00", b"\xff", b"\x7f", b"\x80", random.randbytes(1)))
    return data[:at] + value * length + data[at + length :]


def _cut(data: bytes, _other: bytes, random: Random) -> bytes:
    first, stop = sorted(random.randrange(len(data) + 1) for _ in range(2))
    return random.choice((data[:first], data[:first] + data[stop:], data[first:]))


def _splice(data: bytes, other: bytes, random: Random) -> bytes:
    at, start = random.randrange(len(data) + 1), random.randrange(len(other) + 1)
    piece = other[start : start + random.choice((4, 64, 4096))]
    return data[:at] + piece + data[at + random.choice((0, len(piece))) :]


def _token(data: bytes, _other: bytes, random: Random) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    where = random.choice(found)
    new = random.choice((*_TOKENS, random.choice(found)[0].decode("utf-8", "replace")))
    return data[: where.start()] + new.encode("utf-8", "replace") + data[where.end() :]


def _within_zip(data: bytes, other: bytes, random: Random) -> bytes:
    """One entry changed, and the checksums made right again."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as folder:
            entries = {info.filename: folder.read(info) for info in folder.infolist()}
            kind = folder.infolist()[0].compress_type
    except (zipfile.BadZipFile, zlib.error, LookupError, ValueError, NotImplementedError, EOFError):
        return data
    if not entries:
        return data
    name = random.choice(sorted(entries))
    how = random.choice((_bits, _bytes, _cut, _npy_header, _npy_header, _pickle, None))
    if how is None:
        entries.pop(name)
    else:
        entries[name] = how(entries[name], other, random)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", kind) as folder:
        for one, content in entries.items():
            folder.writestr(one, content)
    return held.getvalue()


def _npy_header(data: bytes, _other: bytes, random: Random) -> bytes:
    """Another shape or type, in the room that the header has."""
    end = data.find(b"\n")
    if not data.startswith(b"\x93NUMPY") or end < 0:
        return _bits(data, b"", random)
    kind = random.choice(("<f8", "<f4", "<f2", "<i8", "|b1", "<c16", "<U9", "<M8[s]", "|O", "|V16"))
    shape = random.choice(("()", "(0,)", "(1,)", "(4, 4)", "(3, 3)", "(12, 55, 3)", "(1, 0, 3)"))
    shape = random.choice((shape, "(99999999999,)", "(2147483648, 2147483648)", "(-1,)"))
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return data[:10] + header.ljust(end - 10) + data[end:]


def _pickle(data: bytes, other: bytes, random: Random) -> bytes:
    """Whole numbers of a pickle changed: sizes, strides and offsets of a .pt file's tensors."""
    places = [at for at, sign in enumerate(data[:4096]) if sign in b"KMJ"]
    if not places:
        return _bits(data, other, random)
    at = random.choice(places) + 1
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _within_png(data: bytes, _other: bytes, random: Random) -> bytes:
    """The header's numbers changed, and its checksum made right again."""
    if len(data) < 33:
        return data
    at = random.choice((16, 17, 18, 19, 20, 22, 23, 24, 25, 26, 28))
    body = bytearray(data[12:29])
    body[at - 12] = random.choice((0, 1, 3, 8, 16, 64, 127, 255))
    return data[:12] + bytes(body) + zlib.crc32(bytes(body)).to_bytes(4, "big") + data[33:]


def _within_safetensors(data: bytes, other: bytes, random: Random) -> bytes:
    """The header changed, and its length made right again."""
    length = int.from_bytes(data[:8], "little")
    header = _token(data[8 : 8 + length], other, random)
    if random.random() < 0.3:
        try:
            held = json.loads(header)
            one = held[random.choice(sorted(held))]
            one["dtype"] = random.choice(("F64", "I64", "BF16", "F8_E4M3", "BOOL", "U8"))
            header = json.dumps(held).encode()
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def _place(data: bytes | bytearray, random: Random) -> int:
    """Anywhere, and as often near the start, where headers are."""
    return random.randrange(random.choice((min(len(data), 256), len(data), len(data))) or 1)
