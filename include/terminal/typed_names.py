"""Names of the variables a person gave to make: one that means nothing is a slip, not an option."""

from __future__ import annotations

from collections.abc import Collection, Sequence

_OF_MAKE = ("ARGS", "PYTHON", "RUN", "SHELL", "MAKEFLAGS", "MFLAGS")


class UnknownName(Exception):
    """A variable of no meaning here; the message lists those that have one."""


def refuse_unknown(given: Sequence[str], known: Collection[str]) -> None:
    """Refuse what is neither ``known`` nor make's own; raises :class:`UnknownName`."""
    for name in given:
        if name not in known and name not in _OF_MAKE:
            raise UnknownName(f"{name}: there is no such option; there are {', '.join(known)}")
