"""The names a file has against the names its mapping expects.

Order does not matter; case and spacing do not either as long as the match is unambiguous. A mapped
column that is gone stops the file; a column nobody mentioned is kept when the mapping keeps all,
else reported.
"""

from __future__ import annotations

from dataclasses import dataclass

from include.connectors.files.mapping import FileMapping
from include.connectors.files.yaml_nodes import suggest
from include.connectors.protocol import BadInput


@dataclass(frozen=True)
class Header:
    """Where each table column and each extra of one file stands."""

    places_of: dict[str, tuple[int, ...]]
    """By table column, in the order of the rule's sources; a column the file may lack is not in
    it."""
    extra_names: tuple[str, ...]
    extra_places: tuple[int, ...]
    unknown: tuple[str, ...]
    """Columns of the file that the mapping neither reads, keeps nor ignores."""


def bind_header(mapping: FileMapping, names: tuple[str, ...], position: str) -> Header:
    """Find every mapped column; raises ``BadInput`` listing what the file has instead."""
    finder = _Finder(mapping, names, position)
    places_of: dict[str, tuple[int, ...]] = {}
    for rule in mapping.columns.values():
        why = f"line {rule.line}, {rule.name}"
        found = [finder.find(source, why) for source in rule.sources]
        places = tuple(place for place in found if place is not None)
        if len(places) == len(found) > 0:
            places_of[rule.name] = places
        elif not rule.is_optional:
            for source, place in zip(rule.sources, found, strict=True):
                if place is None:
                    finder.refuse_missing(source, why)
    taken = {place for places in places_of.values() for place in places}
    silent = finder.find_all(mapping.personal) | finder.find_all(mapping.ignore)
    if mapping.keep_extra == "all":
        extra = [place for place in range(len(names)) if place not in taken | silent]
    else:
        extra = sorted(finder.find_all(mapping.keep_extra))
    spoken_for = taken | silent | set(extra)
    unknown = [name for place, name in enumerate(names) if place not in spoken_for and name.strip()]
    return Header(places_of, _unique_names(names, extra), tuple(extra), tuple(unknown))


def fold_name(name: str) -> str:
    """A column name as it is compared loosely."""
    return " ".join(name.replace("\ufeff", "").split()).casefold()


class _Finder:
    def __init__(self, mapping: FileMapping, names: tuple[str, ...], position: str) -> None:
        self._mapping = mapping
        self._names = names
        self._position = position
        self._folded = [fold_name(name) for name in names]

    def find(self, name: str, why: str) -> int | None:
        exact = [place for place, own in enumerate(self._names) if own == name]
        folded = fold_name(name)
        loose = [place for place, own in enumerate(self._folded) if own == folded]
        found = exact or loose
        if len(found) > 1:
            raise BadInput(
                f"{self._position} has the column {name!r} {len(found)} times, and "
                f"{self._mapping.path} ({why}) needs one. Rename or remove the others in the file."
            )
        return found[0] if found else None

    def find_all(self, names: tuple[str, ...]) -> set[int]:
        folded = {fold_name(name) for name in names}
        return {place for place, own in enumerate(self._folded) if own in folded}

    def refuse_missing(self, name: str, why: str) -> None:
        shown = ", ".join(repr(own) for own in self._names if own.strip())
        raise BadInput(
            f"{self._position} has no column {name!r}, which {self._mapping.path} ({why}) needs. "
            f"It has: {shown}.{suggest(name, self._names)} Correct the mapping, mark the column "
            "`optional: true`, or have the file delivered again."
        )


def _unique_names(names: tuple[str, ...], places: list[int]) -> tuple[str, ...]:
    """Keys of the extra map: blank names get their place, repeated ones a number."""
    unique: dict[str, None] = {}
    for place in places:
        name = " ".join(names[place].split()) or f"column_{place + 1}"
        candidates = (name, *(f"{name}_{number}" for number in range(2, len(places) + 2)))
        unique[next(item for item in candidates if item not in unique)] = None
    return tuple(unique)
