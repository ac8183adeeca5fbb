"""What a stand-in of one vendor must offer, and what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from starlette.routing import BaseRoute

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.faults import FaultBook
from include.sandbox.world.world import World


@dataclass
class Stage:
    """The shared surroundings of all vendors of one process."""

    seed: int = 1
    clock: Clock = field(default_factory=Clock)
    faults: FaultBook = field(default_factory=FaultBook)
    world: World = field(default_factory=World.of)
    """The company behind all vendors; an empty one unless another is given."""
    knobs: dict[str, Any] = field(default_factory=dict)
    """Settings named ``<vendor>.<knob>``, changed at any time through the control endpoint."""


class Vendor(Protocol):
    """One vendor. A module exposes its class as ``VENDOR``."""

    name: ClassVar[str]
    """Its module's name, the path prefix on the shared port, and the scope of its knobs."""

    def __init__(self, stage: Stage) -> None: ...

    def routes(self) -> Sequence[BaseRoute]:
        """Starlette routes with the vendor's own paths, without any prefix."""
        ...

    def reset(self) -> None:
        """Forget everything earlier requests left behind."""
        ...
