"""The page's own decoding, written again in Python, to read what a page carries."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import numpy as np
import numpy.typing as npt

_BLOCK = re.compile(r'<script type="application/octet-stream" id="(.*?)">(.*?)</script>', re.DOTALL)


def blocks(html: str) -> dict[str, str]:
    """Packed blocks by element id."""
    return dict(_BLOCK.findall(html))


def without_data(html: str) -> str:
    """The page with its data blocks emptied."""
    return _BLOCK.sub("", html)


def text(html: str) -> dict[str, Any]:
    """The JSON content."""
    content: dict[str, Any] = json.loads(unarmour(blocks(html)["qyp-text"]))
    return content


def numbers(html: str) -> bytes:
    """The bytes of all columns."""
    return unarmour(blocks(html)["qyp-numbers"])


def unarmour(block: str) -> bytes:
    """Undo base64 and gzip."""
    return gzip.decompress(base64.b64decode(block, validate=True))


def column(data: bytes, where: list[int]) -> npt.NDArray[np.int64]:
    """One column of numbers, byte by byte."""
    start, count, planes = where
    values, value = [], 0
    for n in range(count):
        folded = sum(data[start + plane * count + n] << (8 * plane) for plane in range(planes))
        value += (folded >> 1) if folded % 2 == 0 else -((folded + 1) >> 1)
        values.append(value)
    return np.array(values, dtype=np.int64)
