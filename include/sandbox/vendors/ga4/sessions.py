"""The sessions GA4 counted: visits of the international site whose counter was not blocked.

Robots are left out, as the vendor leaves out those it knows. One row per session, in order of
their start; columns are named here and worded as the vendor's dimensions by ``dimensions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.business_lines import LINES
from include.sandbox.world.world import World

SITE = "com"
LINE = next(line for line in LINES if line.site == SITE)
NOT_SET = "(not set)"
GOAL_EVENT = "generate_lead"
SEARCH_ENGINES = ("google", "bing", "yahoo", "duckduckgo", "yandex")
DEVICES = {"desktop": "desktop", "mobile": "mobile", "tablet": "tablet"}


def _find_source(visit: Mapping[str, Any]) -> tuple[str, str, str]:
    """Source, medium and campaign: marks first, then the click id, then the referrer."""
    if visit["utm_source"]:
        campaign = visit["utm_campaign"] or NOT_SET
        return visit["utm_source"], visit["utm_medium"] or NOT_SET, campaign
    if visit["click_id_kind"] == "gclid":
        return "google", "cpc", visit["utm_campaign"] or NOT_SET
    host = urlsplit(visit["referrer"] or "").netloc.removeprefix("www.")
    if not host:
        return "(direct)", "(none)", "(direct)"
    engine = next((name for name in SEARCH_ENGINES if name in host), None)
    if engine is not None:
        return engine, "organic", "(organic)"
    return host, "referral", "(referral)"


def _find_channel(source: str, medium: str, traffic_source: str) -> str:
    """The vendor's default channel group; rules of the marks, which may lie."""
    paid = medium in ("cpc", "ppc", "paid", "paid_social", "paidsocial", "cpm", "display")
    social = any(name in source for name in ("facebook", "instagram", "meta", "linkedin", "vk"))
    if (source, medium) == ("(direct)", "(none)"):
        return "Direct"
    if medium in ("display", "banner", "cpm"):
        return "Display"
    if (paid and social) or medium.startswith("paid_social"):
        return "Paid Social"
    if paid:
        return "Paid Search" if source in SEARCH_ENGINES else "Paid Other"
    if social or medium == "social" or traffic_source == "social":
        return "Organic Social"
    if medium == "organic":
        return "Organic Search"
    if medium == "email":
        return "Email"
    return "Referral" if medium == "referral" else "Unassigned"


def _describe(visit: Mapping[str, Any], first: Mapping[str, Any] | None) -> dict[str, Any]:
    source, medium, campaign = _find_source(visit)
    url = urlsplit(visit["entry_url"] or "")
    views, goals = visit["page_views"] or 0, len(visit["goal_ids"] or ())
    is_engaged = not visit["is_bounce"]
    shown: dict[str, Any] = {
        "visit_id": visit["visit_id"],
        "client": visit["ga_client_id"],
        "user_id": visit["user_id"] or NOT_SET,
        "started_at": visit["started_at"],
        "known_at": max(visit["known_at"] or visit["started_at"], visit["started_at"]),
        "source": source,
        "medium": medium,
        "campaign": campaign,
        "content": visit["utm_content"] or NOT_SET,
        "term": visit["utm_term"] or NOT_SET,
        "channel": _find_channel(source, medium, visit["traffic_source"] or ""),
        "campaign_id": str(visit["campaign_id"]) if visit["campaign_id"] else NOT_SET,
        "google_ads": visit["ad_vendor"] == "google_ads" or visit["click_id_kind"] == "gclid",
        "device": DEVICES.get(visit["device"] or "", "desktop"),
        "os": visit["os"] or NOT_SET,
        "browser": visit["browser"] or NOT_SET,
        "country": visit["country"] or NOT_SET,
        "city": visit["city"] or NOT_SET,
        "host": url.netloc or NOT_SET,
        "page": url.path or "/",
        "location": visit["entry_url"] or NOT_SET,
        "query": f"{url.path or '/'}{'?' if url.query else ''}{url.query}",
        "referrer": visit["referrer"] or "",
        "is_new": first is None,
        "is_engaged": is_engaged,
        "views": views,
        "goals": goals,
        "seconds": visit["duration_seconds"] or 0,
        "events": 1 + views + goals + int(first is None) + int(is_engaged),
    }
    born = first or shown
    return shown | {
        f"first_{part}": born[part]
        for part in ("source", "medium", "campaign", "channel", "started_at")
    }


SCHEMA = pa.schema(
    [
        *((name, pa.int64()) for name in ("visit_id", "views", "goals", "seconds", "events")),
        *(
            (name, pa.timestamp("us", tz="UTC"))
            for name in ("started_at", "known_at", "first_started_at")
        ),
        *((name, pa.bool_()) for name in ("google_ads", "is_new", "is_engaged")),
        *(
            (name, pa.string())
            for name in (
                "client", "user_id", "source", "medium", "campaign", "content", "term", "channel",
                "campaign_id", "device", "os", "browser", "country", "city", "host", "page",
                "location", "query", "referrer", "first_source", "first_medium",
                "first_campaign", "first_channel",
            )
        ),
    ]
)  # fmt: skip


def list_sessions(world: World) -> pa.Table:
    """All sessions of the property, whenever the vendor came to know them.

    ``day`` is the property's calendar day as the number YYYYMMDD.
    """
    visits = world.table("visit")
    is_ours = pc.and_(
        pc.equal(visits["site"], SITE),
        pc.and_(
            pc.not_equal(pc.fill_null(visits["ga_client_id"], ""), ""),
            pc.invert(pc.fill_null(visits["is_robot"], False)),
        ),
    )
    ours = visits.filter(is_ours).sort_by([("started_at", "ascending"), ("visit_id", "ascending")])
    first_of: dict[str, dict[str, Any]] = {}
    rows = []
    for visit in ours.to_pylist():
        row = _describe(visit, first_of.get(visit["ga_client_id"]))
        first_of.setdefault(row["client"], row)
        rows.append(row)
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    local = pc.cast(table["started_at"], pa.timestamp("us", tz=LINE.time_zone))
    days = pc.cast(pc.strftime(local, format="%Y%m%d"), pa.int32())
    return table.append_column("day", days)


def expand_events(sessions: pa.Table) -> pa.Table:
    """One row per session and kind of event: ``event`` and how many of them, in ``events``.

    What belongs to a session as a whole stands on one of its events only.
    """
    one = pa.array([1] * len(sessions), pa.int64())
    counts = {
        "first_visit": pc.cast(sessions["is_new"], pa.int64()),
        "session_start": one,
        "page_view": sessions["views"],
        "user_engagement": pc.cast(sessions["is_engaged"], pa.int64()),
        GOAL_EVENT: sessions["goals"],
    }
    kinds = []
    for name, count in counts.items():
        rows = sessions
        for column, owner in (("views", "page_view"), ("goals", GOAL_EVENT)):
            if name != owner:
                rows = _replace(rows, column, pc.multiply(one, 0))
        if name != "session_start":
            rows = _replace(rows, "seconds", pc.multiply(one, 0))
        rows = _replace(rows, "events", count)
        rows = rows.append_column("event", pa.array([name] * len(rows), pa.string()))
        kinds.append(rows.filter(pc.greater(rows["events"], 0)))
    return pa.concat_tables(kinds)


def _replace(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)
