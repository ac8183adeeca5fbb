"""Blocks of metrics: money as text in whole currency, counters and ratios as numbers.

``goals``, ``cpa`` and ``cr`` of ``base`` are leftovers of myTarget and stay zero; the real ones
are in ``vk``. Uniques, video and the kinds of events are modelled from shows and clicks, as no
world holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

SHOWS_PER_UNIQUE = 1.6
VIDEO_PARTS = ("started", "viewed_25_percent", "viewed_50_percent", "viewed_75_percent")
NETWORKS = ("vk", "ok", "dzen")


@dataclass(frozen=True)
class Figures:
    """Sums of one object over one day or several."""

    shows: int = 0
    clicks: int = 0
    spent_micros: int = 0
    goals: int = 0
    value_micros: int = 0

    def __add__(self, other: Self) -> Figures:
        return Figures(
            self.shows + other.shows,
            self.clicks + other.clicks,
            self.spent_micros + other.spent_micros,
            self.goals + other.goals,
            self.value_micros + other.value_micros,
        )


def add_up(figures: Iterable[Figures]) -> Figures:
    """The sum of all; zeros for none."""
    total = Figures()
    for one in figures:
        total += one
    return total


def make_blocks(figures: Figures, names: Iterable[str]) -> dict[str, Any]:
    """The blocks asked for, by name."""
    return {name: BLOCKS[name](figures) for name in names}


def _money(micros: float) -> str:
    return f"{micros / 1e6:.2f}" if micros else "0"


def _share(part: float, whole: float, digits: int = 6) -> float:
    return round(part * 100 / whole, digits) if whole else 0


def _base(f: Figures) -> dict[str, Any]:
    return {
        "shows": f.shows,
        "clicks": f.clicks,
        "goals": 0,
        "spent": _money(f.spent_micros),
        "cpm": _money(f.spent_micros * 1000 / f.shows if f.shows else 0),
        "cpc": _money(f.spent_micros / f.clicks if f.clicks else 0),
        "cpa": "0",
        "ctr": _share(f.clicks, f.shows),
        "cr": 0,
        "vk": {
            "goals": f.goals,
            "cpa": _money(f.spent_micros / f.goals) if f.goals else 0,
            "cr": _share(f.goals, f.clicks),
        },
    }


def _events(f: Figures) -> dict[str, Any]:
    names = (
        "opening_app",
        "opening_post",
        "moving_into_group",
        "launching_video",
        "comments",
        "joinings",
        "likes",
        "shares",
        "votings",
    )
    return {
        **dict.fromkeys(names, 0),
        "clicks_on_external_url": f.clicks,
        "sending_form": f.goals // 4,
    }


def _video(f: Figures) -> dict[str, Any]:
    started = f.shows // 5
    parts = {part: started >> step for step, part in enumerate(VIDEO_PARTS)}
    return {**parts, "viewed_100_percent": started >> len(VIDEO_PARTS), "first_second": started}


def _uniques(f: Figures) -> dict[str, Any]:
    total = round(f.shows / SHOWS_PER_UNIQUE)
    return {
        "reach": 0,
        "total": total,
        "increment": total * 2 // 3,
        "initial_total": total,
        "frequency": round(f.shows / total, 6) if total else 0,
    }


def _romi(f: Figures) -> dict[str, Any]:
    return {
        "value": _money(f.value_micros),
        "romi": _share(f.value_micros - f.spent_micros, f.spent_micros),
        "adv_cost_share": _share(f.spent_micros, f.value_micros),
    }


def _networks(f: Figures) -> dict[str, Any]:
    joined = {"vk_join": 0, "ok_join": f.clicks // 7, "dzen_join": f.clicks // 14}
    written = {f"{network}_message": 0 for network in NETWORKS}
    # the results are not sums: the first network that has any gives its own
    result = next((count for count in joined.values() if count), 0)
    return {**joined, **written, "result_join": result, "result_message": 0}


def _nothing(*names: str) -> Callable[[Figures], Mapping[str, Any]]:
    return lambda _: dict.fromkeys(names, 0)


BLOCKS: dict[str, Callable[[Figures], Mapping[str, Any]]] = {
    "base": _base,
    "events": _events,
    "video": _video,
    "carousel": _nothing("slide_1_shows", "slide_1_clicks"),
    "ad_offers": _nothing("offer_postponed", "upload_receipt", "earn_offer_rewards"),
    "uniques": _uniques,
    "uniques_video": _nothing("started", "viewed_100_percent"),
    "tps": _nothing("tps", "tpd"),
    "romi": _romi,
    "playable": _nothing("playable_game_open", "playable_call_to_action"),
    "custom_event": _nothing("custom_event"),
    "social_network": _networks,
}
"""Name of a metrics block → how it is made of figures."""
