"""Columns of an insights row: ids, names and figures, all of them text on the wire.

Zero and empty figures are left out, so a missing key means nothing happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from include.sandbox.vendors.meta_ads.insight_field_names import UNFILLED

MICROS = 1_000_000
LEVELS = ("account", "campaign", "adset", "ad")
LEVEL_FIELDS: dict[str, tuple[str, ...]] = {
    "account": ("account_id", "account_name", "account_currency"),
    "campaign": ("campaign_id", "campaign_name", "objective", "buying_type"),
    "adset": ("adset_id", "adset_name", "optimization_goal"),
    "ad": ("ad_id", "ad_name"),
}
"""What a level adds to those above it; a row has no fields of the levels below its own."""

Figures = Mapping[str, int]
FIGURES = ("impressions", "clicks", "inline", "landings", "leads", "cost_micros", "value_micros")


def write_money(micros: float) -> str:
    """Whole currency with as many decimals as there are, at most six."""
    text = format(Decimal(round(micros)) / MICROS, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _count(name: str) -> Callable[[Figures], str]:
    return lambda figures: str(figures[name]) if figures[name] else ""


def _money(name: str) -> Callable[[Figures], str]:
    return lambda figures: write_money(figures[name]) if figures[name] else ""


def _ratio(top: str, bottom: str, factor: float) -> Callable[[Figures], str]:
    def write(figures: Figures) -> str:
        if not figures[top] or not figures[bottom]:
            return ""
        return repr(round(factor * figures[top] / figures[bottom], 6))

    return write


def estimate_reach(impressions: int) -> int:
    """People reached: an estimate of each row by itself, so parts do not add up to the whole."""
    return max(round(impressions**0.95), 1) if impressions else 0


def _reach(figures: Figures) -> str:
    reach = estimate_reach(figures["impressions"])
    return str(reach) if reach else ""


def _frequency(figures: Figures) -> str:
    reach = estimate_reach(figures["impressions"])
    return repr(round(figures["impressions"] / reach, 6)) if reach else ""


METRICS: dict[str, Callable[[Figures], str]] = {
    "impressions": _count("impressions"),
    "clicks": _count("clicks"),
    "inline_link_clicks": _count("inline"),
    "unique_clicks": _count("clicks"),
    "unique_inline_link_clicks": _count("inline"),
    "spend": _money("cost_micros"),
    "social_spend": lambda _: "",
    "reach": _reach,
    "frequency": _frequency,
    "cpc": _ratio("cost_micros", "clicks", 1 / MICROS),
    "cpm": _ratio("cost_micros", "impressions", 1000 / MICROS),
    "ctr": _ratio("clicks", "impressions", 100),
    "inline_link_click_ctr": _ratio("inline", "impressions", 100),
    "cost_per_inline_link_click": _ratio("cost_micros", "inline", 1 / MICROS),
    "wish_bid": lambda _: "",
}
LIST_METRICS = (
    "actions", "action_values", "conversions", "conversion_values", "cost_per_action_type",
    "outbound_clicks", "unique_actions", "unique_outbound_clicks", "purchase_roas",
    "website_purchase_roas", "website_ctr", "video_play_actions", "video_p25_watched_actions",
    "video_p50_watched_actions", "video_p75_watched_actions", "video_p100_watched_actions",
    "video_thruplay_watched_actions", "cost_per_unique_action_type", "cost_per_outbound_click",
    "cost_per_thruplay", "objective_results", "results", "mobile_app_purchase_roas",
)  # fmt: skip
ALL_FIELDS = frozenset(
    [*METRICS, *LIST_METRICS, *UNFILLED, *(f for names in LEVEL_FIELDS.values() for f in names)]
)
DEFAULT_FIELDS = ("impressions", "spend")

WINDOW_SHARES = {
    "1d_view": 0.1,
    "1d_ev": 0.02,
    "1d_click": 0.7,
    "7d_click": 0.9,
    "28d_click": 0.95,
    "dda": 1.0,
    "incrementality": 0.6,
}
"""Window → the part of all conversions found in it; clicks are all in every click window."""

REMOVED_WINDOWS = ("7d_view", "28d_view")
REMOVED_SINCE = "2026-01-12"


def list_actions(
    figures: Figures, windows: Sequence[str], is_money: bool, has_off_meta: bool
) -> list[dict[str, str]]:
    """Actions by type with their value in each window; a window without any is left out.

    A lead counts under two types, as it does at the vendor: adding types up counts it twice.
    """
    on_meta = [("link_click", figures["inline"])]
    off_meta = [
        ("landing_page_view", figures["landings"]),
        ("lead", figures["leads"]),
        ("offsite_conversion.fb_pixel_lead", figures["leads"]),
    ]
    if is_money:
        worth = figures["value_micros"]
        on_meta, off_meta = [], [("lead", worth), ("offsite_conversion.fb_pixel_lead", worth)]
    actions = []
    for kind, count in [*on_meta, *(off_meta if has_off_meta else [])]:
        if not count:
            continue
        action = {"action_type": kind, "value": _write(count, is_money)}
        for window in windows:
            part = _part(kind, count, window)
            if part:
                action[window] = _write(part, is_money)
        actions.append(action)
    return actions


def _write(value: int, is_money: bool) -> str:
    return write_money(value) if is_money else str(value)


def _part(kind: str, count: int, window: str) -> int:
    if kind in ("link_click", "landing_page_view"):
        return count if window.endswith("_click") else 0
    return int(count * WINDOW_SHARES.get(window, 0.0) + 0.5)


def make_list_metric(
    name: str, figures: Figures, windows: Sequence[str], has_off_meta: bool
) -> tuple[str, list[dict[str, Any]]]:
    """The name a list metric comes back under, and its value; empty where the world has none."""
    if name in ("actions", "unique_actions", "conversions"):
        return name, list_actions(figures, windows, False, has_off_meta)
    if name in ("action_values", "conversion_values"):
        return name, list_actions(figures, windows, True, has_off_meta)
    if name in ("outbound_clicks", "unique_outbound_clicks") and figures["inline"]:
        return name, [{"action_type": "outbound_click", "value": str(figures["inline"])}]
    if name == "cost_per_action_type":
        return name, [
            {
                "action_type": action["action_type"],
                "value": repr(round(figures["cost_micros"] / MICROS / int(action["value"]), 6)),
            }
            for action in list_actions(figures, (), False, has_off_meta)
        ]
    if name in ("objective_results", "results") and figures["leads"] and has_off_meta:
        # whatever it is asked as, the vendor may call it this
        value = [{"value": str(figures["leads"]), "attribution_windows": ["default"]}]
        return "results", [{"indicator": "actions:lead", "values": value}]
    return name, []
