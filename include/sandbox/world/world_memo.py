"""What is derived from a world once and kept for as long as that world lives.

A world is immutable, so whatever is computed from it alone stays true; it is found again by
identity, because worlds of equal rows are still different objects.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from include.sandbox.world.world import World

Derived = TypeVar("Derived")


class WorldMemo(Generic[Derived]):
    """Remembers one derived value per world and key; safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.ref[World], dict[Hashable, Derived]]] = {}

    def get(self, world: World, key: Hashable, build: Callable[[], Derived]) -> Derived:
        """The value of ``key``, built on its first use (twice at worst, by two threads at once)."""
        values = self._of(world)
        if key not in values:
            values[key] = build()
        return values[key]

    def _of(self, world: World) -> dict[Hashable, Derived]:
        place = id(world)
        entry = self._kept.get(place)
        if entry is None or entry[0]() is not world:
            entry = (weakref.ref(world, lambda gone: self._forget(place, gone)), {})
            self._kept[place] = entry
        return entry[1]

    def _forget(self, place: int, gone: weakref.ref[World]) -> None:
        entry = self._kept.get(place)
        if entry is not None and entry[0] is gone:
            del self._kept[place]
