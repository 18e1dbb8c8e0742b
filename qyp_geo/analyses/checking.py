"""What the checks of several kinds of question have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from qyp_geo.declarations import Layer
from qyp_geo.errors import DeclarationError, MissingError, Problem
from qyp_geo.standards import kinds

Expected = tuple[str, Sequence[str | None], Collection[str]]


def wrong_kinds(expected: Iterable[Expected], *, shown_as: str, layers: Mapping[str, Layer]) -> Iterator[Problem]:
    """Yield each reference to a layer of a kind that cannot stand where it is named.

    Parameters
    ----------
    expected
        Keys, the references that each holds (None where it is not given), and the kinds that can stand there.
    shown_as
        The declaration, as the user knows it.
    layers
        The layers' declarations, by reference; a reference to none of them is told elsewhere.
    """
    for key, refs, allowed in expected:
        remedy = "Allowed: a kind of facility" if allowed == kinds() else f"Allowed: {' or '.join(allowed)}"
        for ref in refs:
            layer = None if ref is None else layers.get(ref)
            if layer is not None and layer.kind not in allowed:
                yield Problem(shown_as, key, f"{ref} is not of a kind that can stand here", layer.kind, remedy)


def layers_twice(key: str, refs: Sequence[str], *, shown_as: str) -> Iterator[Problem]:
    """Yield each reference that a key holds more than once."""
    for ref in repeated(refs):
        yield Problem(shown_as, key, "names a layer twice", ref, "Keep one")


def repeated(words: Sequence[str]) -> list[str]:
    """Return the words that are there more than once, each once, in order of their letters."""
    return sorted({word for word in words if words.count(word) > 1})


def unread(error: DeclarationError | MissingError, key: str, *, shown_as: str) -> Iterator[Problem]:
    """Yield what is wrong with a standard or a plan: with its own file, or that what `key` names does not exist."""
    if isinstance(error, DeclarationError):
        yield from error.problems
    else:
        yield Problem(shown_as, key, str(error))
