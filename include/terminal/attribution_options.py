"""What a person may choose about attribution, read from the words they typed.

An empty word is an option that was not given.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from include.terminal.attribution_input import CannotAttribute

DAYS_HALF_LIFE = 7.0
"""Days in which a touch of a log loses half its weight."""
TOUCHES_HALF_LIFE = 1.0
"""Touches in which a touch of a path loses half its weight."""

_LONGEST_DAYS = 36_500.0
_MICROS_PER_DAY = 86_400_000_000
NAMES = ("PATHS", "OUT", "LOOKBACK", "DIRECT", "PAID", "HALF_LIFE", "ORDER", "ZONE")


@dataclass(frozen=True)
class AttributionOptions:
    """``lookback_days`` None looks back without end; ``half_life`` None is the kind's own."""

    lookback_days: float | None = None
    direct: str = "direct"
    is_direct_chosen: bool = False
    paid: tuple[str, ...] = ()
    half_life: float | None = None
    orders: tuple[int, ...] = (1, 2)
    is_order_chosen: bool = False
    zone: str = "UTC"

    def parameters(self, is_log: bool) -> dict[str, Any]:
        """Values of the native parameters of ``sql/attribute``."""
        own = DAYS_HALF_LIFE if is_log else TOUCHES_HALF_LIFE
        return {
            "lookback_micros": math.ceil((self.lookback_days or 0) * _MICROS_PER_DAY),
            "half_life": own if self.half_life is None else self.half_life,
            "direct": self.direct,
            "paid": list(self.paid),
            "zone": self.zone,
        }


def read_options(
    *,
    lookback: str = "",
    direct: str = "",
    paid: str = "",
    half_life: str = "",
    order: str = "",
    zone: str = "",
) -> AttributionOptions:
    """Read what was typed; raises :class:`CannotAttribute` naming the option and its cure."""
    return AttributionOptions(
        lookback_days=_positive("LOOKBACK", lookback, "days, such as 90"),
        direct=direct.strip() or "direct",
        is_direct_chosen=bool(direct.strip()),
        paid=_names(paid),
        half_life=_positive("HALF_LIFE", half_life, "days for a log, touches for paths, such as 7"),
        orders=_orders(order),
        is_order_chosen=bool(order.strip()),
        zone=_zone(zone),
    )


def read_files(paths: str, out: str) -> tuple[Path, Path]:
    """The file to read and the file to write; raises :class:`CannotAttribute` without one."""
    for name, text in (("PATHS", paths), ("OUT", out)):
        if not text.strip():
            raise CannotAttribute(
                f"{name} is missing; write: make attribute PATHS=paths.csv OUT=credit.json"
            )
    return Path(paths).expanduser(), Path(out).expanduser()


def _positive(name: str, text: str, meaning: str) -> float | None:
    if not text.strip():
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= _LONGEST_DAYS:
        raise CannotAttribute(f"{name} is {text!r}; give a number above 0 in {meaning}")
    return number


def _names(text: str) -> tuple[str, ...]:
    """Channels between commas; one with a comma in its name stands in double quotes, as in CSV."""
    if not text.strip():
        return ()
    try:
        found = next(csv.reader([text], skipinitialspace=True, strict=True))
    except csv.Error:
        raise CannotAttribute(
            f"PAID is {text!r}; write channels between commas, such as cpc,social"
        ) from None
    return tuple(name.strip() for name in found if name.strip())


def _orders(text: str) -> tuple[int, ...]:
    if not text.strip():
        return (1, 2)
    found = [word.strip() for word in text.split(",")]
    if any(word not in ("1", "2") for word in found):
        raise CannotAttribute(f"ORDER is {text!r}; give 1, 2 or 1,2")
    return tuple(sorted({int(word) for word in found}))


def _zone(text: str) -> str:
    if not text.strip():
        return "UTC"
    try:
        return ZoneInfo(text.strip()).key
    except (OSError, ValueError, LookupError):
        raise CannotAttribute(
            f"ZONE is {text!r}; give a zone's name, such as Europe/Moscow"
        ) from None
