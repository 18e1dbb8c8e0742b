"""What is wrong but plausible: each check looks for one mistake that raises nothing by itself, and names itself.

A check speaks only where the mistake explains the data and the declaration does not, so that it stays silent on sound data. The
checks are named in `checks.csv`; a `Problem` says which of them found it.
"""

from __future__ import annotations

from dataclasses import dataclass

from qyp_geo.layers.rows import packaged_rows


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Parameters
    ----------
    name
        What `Problem.check` says.
    zh, en
        Which mistake it finds.
    needs
        What must be there for it to find anything.
    """

    name: str
    zh: str
    en: str
    needs: str


def checks() -> tuple[Check, ...]:
    """Every check of what is wrong but plausible, for the guide."""
    return tuple(Check(row["check"], row["zh"], row["en"], row["needs"]) for row in packaged_rows("doubts/checks.csv"))
