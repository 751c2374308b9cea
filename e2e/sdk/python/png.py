"""Just enough PNG to know that a file is one: checksums, size, and pixels that unpack to what the header promises."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    alpha: bool
    pixels: bytes  # raw scan lines, without the text chunks beside them


def read(data: bytes) -> Picture:
    if not data.startswith(SIGNATURE):
        raise ValueError("not a PNG: wrong signature")
    at, header, packed = 8, None, b""
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + length)
        if zlib.crc32(kind + body) != checksum:
            raise ValueError(f"PNG chunk {kind!r}: wrong checksum")
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        elif kind == b"IEND":
            break
        at += 12 + length
    if header is None:
        raise ValueError("PNG without a header")
    width, height, depth, colour = header[:4]
    pixels = zlib.decompress(packed)
    line = 1 + -(-width * depth * CHANNELS[colour] // 8)
    if len(pixels) != line * height:
        raise ValueError(f"PNG of {width}x{height}: {len(pixels)} bytes of pixels, want {line * height}")
    return Picture(width, height, colour in (4, 6), pixels)


def write(width: int, height: int, colour: Callable[[int, int], tuple[int, int, int]]) -> bytes:
    """An opaque PNG."""
    raw = b"".join(b"\0" + b"".join(bytes(colour(x, y)) for x in range(width)) for y in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
