"""Unknown names: refused, with the nearest known one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from exitbrain.errors import InvalidInput, Problem


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` was probably meant to be, None where none is near; case does not count."""
    folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    close = get_close_matches(str(word).casefold(), sorted(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def unknown_name(word: object, known: Iterable[str], what: str) -> Problem:
    names = sorted(known)
    guess = nearest(str(word), names)
    accepted = f"did you mean {guess}?" if guess else f"one of {', '.join(names)}"
    return Problem(found=f"{what} {str(word)!r} is unknown", accepted=accepted)


def refuse_unknown_keys(given: object, known: Iterable[str], what: str) -> Mapping[str, object]:
    """The mapping itself, every key of which is known; one problem per key that is not."""
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{what} is {given!r}", accepted="a mapping of names to values")
    names = set(known)
    problems = [unknown_name(key, names, f"{what} key") for key in given if key not in names]
    if problems:
        raise InvalidInput(*problems)
    return given
