"""One gzip member from parts that were packed once and parts that are a reader's own (RFC 1951, 1952).

A packed part ends in a full flush: the next begins at a whole byte and looks back at nothing. A reader's own part
stands as it is, so a secret is never packed together with what somebody else chose (BREACH).
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
_END = b"\x01\x00\x00\xff\xff"
MOST_AS_IT_IS = 0xFFFF


@dataclass(frozen=True, slots=True)
class Packed:
    """A part as it is, and packed."""

    plain: bytes
    deflated: bytes


def pack(plain: bytes) -> Packed:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Packed(plain, packer.compress(plain) + packer.flush(zlib.Z_FULL_FLUSH))


def gzip(parts: Sequence[Packed | bytes]) -> bytes:
    """The parts, one after the other; bytes stand as they are."""
    pieces, checksum, size = [_HEAD], 0, 0
    for part in parts:
        plain = part.plain if isinstance(part, Packed) else part
        pieces += [part.deflated] if isinstance(part, Packed) else _as_it_is(plain)
        checksum, size = zlib.crc32(plain, checksum), size + len(plain)
    return b"".join([*pieces, _END, struct.pack("<II", checksum, size & 0xFFFFFFFF)])


def _as_it_is(plain: bytes) -> list[bytes]:
    pieces = []
    for start in range(0, len(plain), MOST_AS_IT_IS):
        piece = plain[start : start + MOST_AS_IT_IS]
        pieces += [struct.pack("<BHH", 0, len(piece), len(piece) ^ 0xFFFF), piece]
    return pieces
