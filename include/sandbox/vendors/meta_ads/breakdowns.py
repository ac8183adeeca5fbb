"""Breakdowns: which go together, and how a cell of the world is spread over their values.

The world knows device and region; placement, age, gender and hour are spread by fixed weights so
that the parts of every figure add up to it, whatever subset of a family is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.sandbox.vendors.meta_ads.errors import ApiError, refuse_parameter

HOURLY = "hourly_stats_aggregated_by_advertiser_time_zone"
HOURLY_AUDIENCE = "hourly_stats_aggregated_by_audience_time_zone"
PLACES = (
    ("facebook", "feed", 0.40),
    ("facebook", "facebook_reels", 0.10),
    ("facebook", "marketplace", 0.05),
    ("instagram", "feed", 0.20),
    ("instagram", "instagram_stories", 0.15),
    ("audience_network", "an_classic", 0.08),
    ("messenger", "messenger_inbox", 0.02),
)
DEVICES = {
    "desktop": (("desktop", "desktop", 1.0),),
    "mobile": (("android_smartphone", "mobile_app", 0.55), ("iphone", "mobile_app", 0.45)),
    "tablet": (("ipad", "mobile_app", 0.6), ("android_tablet", "mobile_app", 0.4)),
}
AGES = (
    ("18-24", 0.1), ("25-34", 0.3), ("35-44", 0.3), ("45-54", 0.2), ("55-64", 0.08), ("65+", 0.02),
)  # fmt: skip
GENDERS = (("female", 0.4), ("male", 0.57), ("unknown", 0.03))
HOUR_WEIGHTS = tuple(
    (f"{hour:02}:00:00 - {hour:02}:59:59", 3.0 if 8 <= hour < 22 else 1.0) for hour in range(24)
)
FAMILIES: dict[str, tuple[str, ...]] = {
    "place": ("publisher_platform", "platform_position", "impression_device", "device_platform"),
    "people": ("age", "gender"),
    "country": ("country",),
    "region": ("region",),
    "dma": ("dma",),
    "comscore_market": ("comscore_market",),
    "hour": (HOURLY,),
    "audience_hour": (HOURLY_AUDIENCE,),
}
BREAKDOWNS = tuple(name for names in FAMILIES.values() for name in names)
WITHOUT_OFF_META = frozenset({"region", "dma", "comscore_market", HOURLY, HOURLY_AUDIENCE})
"""Breakdowns whose rows tell no actions outside the vendor's own sites."""


@dataclass(frozen=True)
class Part:
    """One value combination and its weight; the weights of a list add up to one."""

    values: Mapping[str, str]
    weight: float


def check_breakdowns(names: Sequence[str]) -> str:
    """The family all breakdowns belong to, empty for none; else the error the vendor gives."""
    unknown = [name for name in names if name not in BREAKDOWNS]
    if unknown:
        raise refuse_parameter(
            f"breakdowns[0] must be one of the following values: {', '.join(BREAKDOWNS)}"
        )
    if "platform_position" in names and "publisher_platform" not in names:
        raise refuse_parameter(
            "Current combination of data breakdown columns (action_type, platform_position) is "
            "invalid"
        )
    families = {family for family, of in FAMILIES.items() for name in names if name in of}
    if len(families) > 1:
        raise ApiError(2, 1504041)
    return next(iter(families), "")


def list_parts(family: str, device: str, region: str, country: str) -> list[Part]:
    """How a cell of one device and region is spread over a family's finest values."""
    if family == "place":
        return [
            Part(
                {
                    "publisher_platform": platform,
                    "platform_position": position,
                    "impression_device": model,
                    "device_platform": kind,
                },
                weight * share,
            )
            for platform, position, weight in PLACES
            for model, kind, share in DEVICES.get(device, DEVICES["desktop"])
        ]
    if family == "people":
        return [
            Part({"age": age, "gender": gender}, weight * share)
            for age, weight in AGES
            for gender, share in GENDERS
        ]
    if family in ("hour", "audience_hour"):
        total = sum(weight for _, weight in HOUR_WEIGHTS)
        return [Part({FAMILIES[family][0]: h}, w / total) for h, w in HOUR_WEIGHTS]
    values = {"country": country, "region": region, "dma": region, "comscore_market": region}
    return [Part({family: values[family]} if family else {}, 1.0)]


def spread(
    figures: NDArray[np.int64], parts: Sequence[Part], phase: NDArray[np.float64]
) -> NDArray[np.int64]:
    """``figures`` (rows) over ``parts`` (columns) in whole units that add up to each figure.

    ``phase`` in [0, 1) decides for each row which part a lone unit falls to.
    """
    bounds = np.concatenate(([0.0], np.cumsum([part.weight for part in parts])))
    bounds[-1] = 1.0
    marks = np.floor(figures[:, None] * bounds[None, :] + phase[:, None]).astype(np.int64)
    return np.diff(marks, axis=1)
