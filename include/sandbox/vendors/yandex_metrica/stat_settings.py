"""Parameters of the reporting API that stand for others: presets, and the zone of its days."""

from __future__ import annotations

import re
from datetime import timedelta, timezone

from include.sandbox.vendors.yandex_metrica.errors import ApiError

UTC_OFFSET = re.compile(r"([+-])(\d\d):([0-5]\d)")
FARTHEST = timedelta(hours=14)
QUALITY = (
    *("ym:s:visits", "ym:s:users", "ym:s:bounceRate", "ym:s:pageDepth"),
    "ym:s:avgVisitDurationSeconds",
)
PRESETS = {
    "traffic": ("ym:s:date",),
    "sources_summary": ("ym:s:<attribution>TrafficSource", "ym:s:<attribution>SourceEngine"),
    "tags_u_t_m": tuple(
        f"ym:s:<attribution>UTM{part}"
        for part in ("Source", "Medium", "Campaign", "Content", "Term")
    ),
    "sources_search_phrases": (
        "ym:s:<attribution>SearchPhrase",
        "ym:s:<attribution>SearchEngineRoot",
    ),
    "search_engines": tuple(
        f"ym:s:<attribution>{name}" for name in ("SearchEngineRoot", "SearchEngine", "SearchPhrase")
    ),
    "tech_platforms": ("ym:s:browser",),
    "geo_country": ("ym:s:regionCountry", "ym:s:regionCity"),
}
"""Template → its dimensions (which there are is unconfirmed); all share :data:`QUALITY`."""


class Preset:
    """Metrics and dimensions used where a query names none."""

    def __init__(self, metrics: tuple[str, ...] = (), dimensions: tuple[str, ...] = ()) -> None:
        self.metrics = metrics
        self.dimensions = dimensions


def read_preset(name: str) -> Preset:
    """The template of a query; an empty one without a name, 400 for one nobody knows."""
    if not name:
        return Preset()
    if name not in PRESETS:
        raise ApiError("invalid_parameter", f"Unknown preset: {name}", "preset")
    return Preset(QUALITY, PRESETS[name])


def read_zone(text: str) -> timezone | None:
    """The zone of ``±hh:mm``; None when the counters' own is wanted."""
    if not text:
        return None
    match = UTC_OFFSET.fullmatch(text)
    distance = timedelta(hours=int(match[2]), minutes=int(match[3])) if match else FARTHEST * 2
    if match is None or distance > FARTHEST:
        raise ApiError("invalid_parameter", f"timezone must be ±hh:mm: {text}", "timezone")
    return timezone(distance if match[1] == "+" else -distance)
