"""The container of glTF 2.0: its JSON, its buffers, and numbers out of them.

https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html. Read here directly: pygltflib, the library at hand, stops at the JSON,
leaves out accessors and animations, and brings nine packages.
"""

import base64
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from reimagine.errors import InputError

MAX_FILE_BYTES = 1 << 30
MAX_NUMBERS = 50_000_000
"""Of one accessor."""
_JSON, _BIN = 0x4E4F534A, 0x004E4942
_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class GltfFile:
    """A parsed file."""

    name: str
    content: dict[str, Any]
    buffers: tuple[bytes, ...]

    def listed(self, key: str) -> list[dict[str, Any]]:
        """One of the file's lists: nodes, animations and so on; empty where it has none."""
        return [item for item in self.content.get(key, []) if isinstance(item, dict)]


def parse_gltf(path: Path) -> GltfFile:
    """The file's JSON and buffers. Raises InputError for what is not whole, too large, or lies in another folder."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InputError(
            f"{path.name} is over 1 GiB; expected an animation. Export it without meshes."
        )
    data = path.read_bytes()
    text, binary = _chunks(path, data) if data[:4] == b"glTF" else (data, b"")
    content = json.loads(text)
    packed = {"EXT_meshopt_compression", "KHR_meshopt_compression"} & set(
        content.get("extensionsRequired", [])
    )
    if packed:
        raise InputError(
            f"{path.name} is packed with {min(packed)}; expected plain glTF 2.0. Unpack it with `gltf-transform copy`, or export "
            "it without compression."
        )
    buffers = tuple(_buffer(path, one, binary) for one in content.get("buffers", []))
    return GltfFile(name=path.name, content=content, buffers=buffers)


def _chunks(path: Path, data: bytes) -> tuple[bytes, bytes]:
    """JSON and binary part of a .glb."""
    _, version, length = struct.unpack_from("<4sII", data)
    if version != 2 or length > len(data):
        raise InputError(
            f"{path.name} is glTF {version} of {length} bytes, and {len(data)} are there; expected a whole file of version 2. "
            "Export or copy it again."
        )
    found: dict[int, bytes] = {}
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<II", data, at)
        found.setdefault(kind, data[at + 8 : at + 8 + size])
        at += 8 + size
    return found.get(_JSON, b""), found.get(_BIN, b"")


def _buffer(path: Path, buffer: dict[str, Any], binary: bytes) -> bytes:
    uri = buffer.get("uri")
    if uri is None:
        return binary
    if uri.startswith("data:"):
        return base64.b64decode(uri.partition(",")[2], validate=True)
    beside = path.parent / uri
    if Path(uri).name != uri or not beside.is_file():
        raise InputError(
            f"{path.name} needs {uri}; expected that file in the same folder. Put it there, or export one .glb."
        )
    if beside.stat().st_size > MAX_FILE_BYTES:
        raise InputError(f"{uri} is over 1 GiB; expected an animation. Export it without meshes.")
    return beside.read_bytes()


def numbers(file: GltfFile, index: int) -> Float[np.ndarray, "count width"]:
    """An accessor's numbers, a row each; integers as the fractions that they stand for. Raises InputError."""
    accessor = file.listed("accessors")[index]
    if "sparse" in accessor or "bufferView" not in accessor:
        raise InputError(
            f"{file.name}: accessor {index} is sparse; expected plain numbers. Export it again."
        )
    kind, width = np.dtype(_TYPES[accessor["componentType"]]), _WIDTHS[accessor["type"]]
    count = int(accessor["count"])
    view = file.listed("bufferViews")[accessor["bufferView"]]
    stride = int(view.get("byteStride", kind.itemsize * width))
    start = int(view.get("byteOffset", 0)) + int(accessor.get("byteOffset", 0))
    data = file.buffers[view["buffer"]]
    end = start + max(count - 1, 0) * stride + kind.itemsize * width
    if not (start >= 0 and 0 < count <= MAX_NUMBERS and stride > 0 and end <= len(data)):
        raise InputError(
            f"{file.name}: accessor {index} reaches to byte {end} of {len(data)}; expected a whole file. Export it again."
        )
    rows = np.ndarray((count, width), kind, data, start, (stride, kind.itemsize)).astype(float)
    if kind.kind != "f":
        rows = np.maximum(rows / np.iinfo(kind).max, -1.0)
    return rows
