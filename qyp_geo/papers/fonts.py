"""The font of maps and charts: one that has Chinese characters, or none is drawn at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from matplotlib import font_manager

from qyp_geo.errors import MissingError

FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Heiti TC",
    "Noto Sans CJK JP",  # what older versions of matplotlib find in the file of Noto Sans CJK SC
    "Arial Unicode MS",
)
"""Families with Chinese characters on Linux, Windows and macOS, the best first."""


def chinese_family() -> str:
    """Return the first of `FAMILIES` that is installed.

    Raises
    ------
    MissingError
        If none is; the message names the package to install.
    """
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    if installed.isdisjoint(FAMILIES):
        installed |= _installed_since()
    return choose_family(installed)


def choose_family(installed: Iterable[str]) -> str:
    """Return the best of the families that are installed.

    Raises
    ------
    MissingError
        If none has Chinese characters.
    """
    names = set(installed)
    found = next((family for family in FAMILIES if family in names), None)
    if found is None:
        raise MissingError(
            "Maps and charts need a font with Chinese characters, and none is installed (没有中文字体). "
            "On Debian or Ubuntu: apt-get install fonts-noto-cjk. On Windows install 微软雅黑 (Microsoft YaHei), "
            "on macOS 苹方 (PingFang SC). Then run the command again"
        )
    return found


def _installed_since() -> set[str]:
    """Look for fonts that were installed after matplotlib wrote its list of them, and make them known to it."""
    fresh = font_manager.FontManager()
    for entry in fresh.ttflist:
        if entry.name in FAMILIES:
            font_manager.fontManager.addfont(entry.fname)
    return {entry.name for entry in fresh.ttflist}
