"""One small world, made once for all tests of a process."""

from __future__ import annotations

from functools import cache

from include.sandbox.world.generator import make_world
from include.sandbox.world.truth import Truth
from include.sandbox.world.world import World


@cache
def small_world() -> tuple[World, Truth]:
    """The small world of seed 1 with its truth."""
    return make_world(1, "small")
