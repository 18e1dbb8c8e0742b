"""Ways in which a file breaks, or is broken on purpose."""

from __future__ import annotations

import bz2
import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable
from typing import Final

Mutate = Callable[[bytes, random.Random], bytes]

_GIANT: Final = (b"1e308", b"-1e400", b"NaN", b"Infinity", b"9" * 5000, b"-0", b"1" + b"0" * 18, b"4294967296", b"0x7f")
_BAD_TEXT: Final = (
    b"\xff\xfe",
    b"\x00",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xb9\xab\xb2\xde",
    "\u202e".encode(),
    b"\x1b[2J",
    b"\r",
)
_SIZES: Final = (
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
    b"\x01\x00\x00\x00",
)
_OPENING: Final = (b"[", b"{", b"(", b'"', b"<a>", b'{"a":', b"[[")


def truncated(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) or 1)]


def bits_flipped(content: bytes, rng: random.Random) -> bytes:
    broken = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8, 64)) if broken else 0):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def spliced(content: bytes, rng: random.Random) -> bytes:
    """A piece of the file comes a second time, somewhere else."""
    begin, at = rng.randrange(len(content) or 1), rng.randrange(len(content) or 1)
    return content[:at] + content[begin : begin + rng.randrange(1, 400)] + content[at:]


def cut_out(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) or 1)
    return content[:at] + content[at + rng.randrange(1, 400) :]


def sizes_wrong(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(max(len(content) - 4, 1))
    return content[:at] + rng.choice(_SIZES) + content[at + 4 :]


def chunks_swapped(content: bytes, rng: random.Random) -> bytes:
    a, b, c = sorted(rng.randrange(len(content) or 1) for _ in range(3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def random_bytes(content: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice((1, 10, len(content))))


def head_kept(content: bytes, rng: random.Random) -> bytes:
    """The file begins as it should; the rest is noise, as of a transfer that went wrong."""
    kept = min(len(content), rng.choice((4, 16, 100, 1000)))
    return content[:kept] + rng.randbytes(len(content) - kept)


def zeros(content: bytes, rng: random.Random) -> bytes:
    """A hole of zeros, as a power cut leaves it."""
    at = rng.randrange(len(content) or 1)
    length = rng.choice((8, 512, len(content)))
    return content[:at] + bytes(min(length, len(content) - at)) + content[at + length :]


def giant_number(content: bytes, rng: random.Random) -> bytes:
    numbers = list(re.finditer(rb"-?\d+(?:\.\d+)?", content))
    if not numbers:
        return bits_flipped(content, rng)
    one = rng.choice(numbers)
    return content[: one.start()] + rng.choice(_GIANT) + content[one.end() :]


def nested(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) or 1)
    return content[:at] + rng.choice(_OPENING) * rng.choice((10, 1_000, 100_000)) + content[at:]


def bad_text(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) or 1)
    return content[:at] + rng.choice(_BAD_TEXT) + content[at:]


def other_encoding(content: bytes, rng: random.Random) -> bytes:
    encoding = rng.choice(("utf-16", "utf-16-be", "gb18030", "utf-32", "utf-7", "utf-8-sig"))
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def long_line(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) or 1)
    return content[:at] + rng.choice((b"a", b" ", b",", b"\n", b"7")) * 300_000 + content[at:]


def lines_swapped(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def empty(content: bytes, rng: random.Random) -> bytes:
    return b""


FAULTS: Final[dict[str, Mutate]] = {
    mutate.__name__: mutate
    for mutate in (
        *(truncated, bits_flipped, spliced, cut_out, sizes_wrong, chunks_swapped, random_bytes, head_kept, zeros),
        *(giant_number, nested, bad_text, other_encoding, long_line, lines_swapped, empty),
    )
}


def packed(mutate: Mutate, name: str) -> Mutate:
    """Damage what an archive holds, and pack it whole again: the damage is then in what the reader reads."""

    def inside(content: bytes, rng: random.Random) -> bytes:
        if name.endswith(".gz"):
            return gzip.compress(mutate(gzip.decompress(content), rng), 1)
        if name.endswith(".bz2"):
            return bz2.compress(mutate(bz2.decompress(content), rng), 1)
        target = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            chosen = rng.choice([member for member in old.namelist() if not member.endswith("/")])
            for member in old.namelist():
                new.writestr(member, mutate(old.read(member), rng) if member == chosen else old.read(member))
        return target.getvalue()

    return inside


PACKED: Final = (".gz", ".bz2", ".xlsx", ".kmz", ".zip")


def damaged(content: bytes, name: str, seed: int) -> tuple[str, bytes]:
    """Return the name of a fault, and a file with it; the same seed damages in the same way."""
    rng = random.Random(seed)  # noqa: S311
    fault = rng.choice(list(FAULTS))
    if name.endswith(PACKED) and rng.random() < 0.7:
        return f"{fault}, inside", packed(FAULTS[fault], name)(content, rng)
    return fault, FAULTS[fault](content, rng)
