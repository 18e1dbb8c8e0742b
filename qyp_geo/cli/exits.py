"""What a command ends with, for scripts."""

from __future__ import annotations

from typing import Final

OK: Final = 0
UNUSABLE: Final = 1
"""The folder or the input has errors, which are told."""
USAGE: Final = 2
"""The command is none, or its options are wrong."""
REFUSED: Final = 3
"""A page may not be published."""
MISTAKE: Final = 4
"""A mistake of the program; its trace is kept in a file."""
STOPPED: Final = 130
"""Ctrl+C."""
EPILOG: Final = (
    "Exit codes: 0 done; 1 the folder or the input has errors; 2 wrong usage; 3 not fit to be published; "
    "4 a mistake of the program; 130 stopped by Ctrl+C. "
    "Secrets come from the environment only: QYP_AMAP_KEY, QYP_POSTGIS_DSN, QYP_TIANDITU_KEY, QYP_LOCAL_DATUM."
)
