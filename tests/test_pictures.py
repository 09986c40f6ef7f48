import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reimagine.errors import InputError
from reimagine.pictures import (
    encode_depth,
    encode_png,
    over,
    read_picture,
    write_picture,
)


def drawing(channels: int = 3, height: int = 80, width: int = 70) -> torch.Tensor:
    """Every pixel another colour, in whole 255ths."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (channels, height, width), generator=generator) / 255


def saved(folder: Path, name: str, pixels: np.ndarray, options: tuple[int, ...] = ()) -> Path:
    done, data = cv2.imencode(name[name.index(".") :], pixels, list(options))
    assert done
    path = folder / name
    path.write_bytes(data.tobytes())
    return path


def smooth() -> np.ndarray:
    y, x = np.mgrid[0:80, 0:70]
    return np.stack([x * 3, y * 3, 255 - y * 3], -1).astype(np.uint8)


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_picture(path)
    text = str(caught.value)
    assert "\n" not in text
    assert path.name in text
    return text


@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_comes_back_as_it_was_written(tmp_path: Path, channels: int):
    write_picture(tmp_path / "a.png", drawing(channels))
    assert torch.equal(read_picture(tmp_path / "a.png"), drawing(channels))


def test_grey_becomes_three_equal_channels(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(encode_png(drawing(1)))
    assert torch.equal(read_picture(tmp_path / "a.png"), drawing(1).expand(3, -1, -1))


def test_sixteen_bits_are_read_to_the_last(tmp_path: Path):
    pixels = np.arange(80 * 70, dtype=np.uint16).reshape(80, 70) * 11
    picture = read_picture(saved(tmp_path, "a.png", pixels))
    assert np.array_equal((picture[0].numpy() * 65535).round(), pixels)


def test_depth_keeps_every_millimetre():
    depth = torch.arange(0, 65536, dtype=torch.int32).reshape(256, 256)
    data = cv2.imdecode(np.frombuffer(encode_depth(depth), np.uint8), cv2.IMREAD_UNCHANGED)
    assert data is not None
    assert data.dtype == np.uint16
    assert np.array_equal(data, depth.numpy())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_comes_out_upright_as_the_reference_decoder_has_it(
    tmp_path: Path, orientation: int
):
    path = saved(tmp_path, "a.jpg", smooth(), (cv2.IMWRITE_JPEG_QUALITY, 100))
    path.write_bytes(with_orientation(path.read_bytes(), orientation))
    expected = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert expected is not None
    got = (read_picture(path) * 255).round().permute(1, 2, 0).numpy()[:, :, ::-1]
    assert np.array_equal(got, expected)


def test_webp_is_read(tmp_path: Path):
    path = saved(tmp_path, "a.webp", smooth(), (cv2.IMWRITE_WEBP_QUALITY, 101))
    got = (read_picture(path) * 255).round().permute(1, 2, 0).numpy()[:, :, ::-1]
    assert np.array_equal(got, smooth())


def test_a_missing_picture_is_refused(tmp_path: Path):
    assert "There is no picture" in refusal(tmp_path / "none.png")


def test_a_folder_is_refused(tmp_path: Path):
    (tmp_path / "photos").mkdir()
    assert "is a folder" in refusal(tmp_path / "photos")


def test_an_empty_picture_is_refused(tmp_path: Path):
    (tmp_path / "a.png").touch()
    assert "is empty" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
def test_a_picture_that_was_cut_short_is_refused(tmp_path: Path, name: str, share: float):
    noise = (drawing().permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    path = saved(tmp_path, name, noise)
    data = path.read_bytes()
    path.write_bytes(data[: max(16, int(len(data) * share))])
    assert "is cut short" in refusal(path)


def test_a_changed_byte_in_a_png_is_noticed(tmp_path: Path):
    path = tmp_path / "a.png"
    data = bytearray(encode_png(drawing()))
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "damaged PNG" in refusal(path)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"hello, I am a letter", "not a picture"),
        (b"GIF89a" + bytes(40), "is a GIF"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
    ],
)
def test_other_kinds_are_refused(tmp_path: Path, start: bytes, says: str):
    (tmp_path / "a.jpg").write_bytes(start)
    assert says in refusal(tmp_path / "a.jpg")


def test_a_picture_of_one_pixel_is_refused(tmp_path: Path):
    write_picture(tmp_path / "a.png", drawing(3, 1, 1))
    assert "1x1" in refusal(tmp_path / "a.png")


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path):
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(data)
    assert "20000x20000" in refusal(tmp_path / "a.png")


def test_an_animated_png_is_refused(tmp_path: Path):
    data = encode_png(drawing())
    body = b"acTL" + struct.pack(">II", 2, 0)
    extra = struct.pack(">I", 8) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "a.png").write_bytes(data[:33] + extra + data[33:])
    assert "animated" in refusal(tmp_path / "a.png")


def test_an_animated_webp_is_refused(tmp_path: Path):
    still = saved(tmp_path, "a.webp", smooth()).read_bytes()
    body = b"VP8X" + struct.pack("<I", 10) + bytes([2, 0, 0, 0, 69, 0, 0, 79, 0, 0]) + still[12:]
    (tmp_path / "a.webp").write_bytes(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body)
    assert "animated" in refusal(tmp_path / "a.webp")


def test_a_cmyk_photo_is_refused(tmp_path: Path):
    frame = b"\x08" + struct.pack(">HHB", 80, 70, 4) + b"\1\x11\0\2\x11\0\3\x11\0\4\x11\0"
    data = b"\xff\xd8\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame
    (tmp_path / "a.jpg").write_bytes(data + b"\xff\xda\0\2\xff\xd9")
    assert "CMYK" in refusal(tmp_path / "a.jpg")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["png", "jpg", "webp", "raw"]))
def test_whatever_the_bytes_are_it_is_a_picture_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str
):
    starts = {"png": encode_png(drawing())[:45], "jpg": b"\xff\xd8\xff\xe0", "raw": b""}
    start = starts.get(kind, b"RIFF\xff\0\0\0WEBPVP8X")
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(start + data)
    with pytest.raises(InputError):
        read_picture(path)


def test_over_mixes_by_alpha():
    picture = torch.cat([torch.full((3, 1, 2), 0.2), torch.tensor([[[0.0, 0.5]]])])
    mixed = over(picture, torch.ones(3, 1, 1))
    assert torch.allclose(mixed[0, 0], torch.tensor([1.0, 0.6]))
