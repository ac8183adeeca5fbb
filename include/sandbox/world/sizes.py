"""How big a world is and how often odd things happen in it.

Every stage draws from its own generator (:func:`make_rng`), so that a change in one stage does not
move the figures of another.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from include.sandbox.world.world import END_DAY, FIRST_DAY


@dataclass(frozen=True)
class Size:
    """A span ``[starts_on, ends_on)``, how many of everything, and rates as shares 0..1."""

    name: str
    starts_on: date
    ends_on: date
    companies: int
    people: int
    visits: int
    """About as many visits as there will be, robots and split ones included."""
    managers: int = 12
    """Of the main line; the others have half as many each, see :meth:`managers_of`."""
    holding_share: float = 0.12
    shared_phone_share: float = 0.35
    """People who are reached through their company's switchboard."""
    second_company_share: float = 0.06
    broker_share: float = 0.01
    """Brokers ask for several companies with one phone and one e-mail."""
    private_share: float = 0.15
    """People without a company."""
    family_device_share: float = 0.1
    """People whose home computer is also that of another customer in the same town."""
    typo_share: float = 0.03
    throwaway_email_share: float = 0.04
    test_share: float = 0.01
    spam_share: float = 0.03
    robot_share: float = 0.08
    counter_blocked_share: float = 0.12
    cookie_loss_days: float = 60.0
    """Mean life of a browser's cookie."""
    click_id_loss_share: float = 0.15
    utm_loss_share: float = 0.07
    mislabelled_share: float = 0.03
    late_share: float = 0.04
    """Rows a vendor first shows one to three days after the event."""

    @property
    def days(self) -> int:
        """Length of the span in days."""
        return (self.ends_on - self.starts_on).days

    def managers_of(self, crm: str) -> int:
        """Manager ids of a CRM are ``1..managers_of(crm)``."""
        return self.managers if crm == "bitrix24" else max(2, self.managers // 2)


SIZES: dict[str, Size] = {
    size.name: size
    for size in (
        Size("small", date(2025, 12, 1), date(2026, 2, 1), 100, 800, 5_000, managers=6),
        Size("demo", FIRST_DAY, END_DAY, 3_000, 20_000, 300_000),
    )
}
"""Sizes that fit in memory, by name."""
STREAMED = "large"
"""The size that is written block by block and is never a :class:`World`."""


class UnknownSize(Exception):
    """Somebody asked for a size there is not."""

    def __init__(self, name: str) -> None:
        known = ", ".join((*SIZES, STREAMED))
        super().__init__(f"no size is named {name!r}; there are {known}")


def find_size(name: str) -> Size:
    """The size of that name; :class:`UnknownSize` otherwise."""
    if name not in SIZES:
        raise UnknownSize(name)
    return SIZES[name]


def make_rng(seed: int, stage: str) -> np.random.Generator:
    """The random numbers of one stage: the same for the same seed and stage, wherever it runs."""
    return np.random.default_rng([seed, zlib.crc32(stage.encode())])
