"""The sessions GA4 counted: visits of the international site whose counter was not blocked.

Robots are left out, as the vendor leaves out those it knows. One row per session, in order of
their start; columns are named here and worded as the vendor's dimensions by ``dimensions``.
"""

from __future__ import annotations

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
OWNERS = {
    "views": "page_view",
    "goals": GOAL_EVENT,
    "seconds": "session_start",
    "purchases": "purchase",
    "gross": "purchase",
    "refunded": "refund",
}
"""Column → the one event that carries it when a session is split into events."""
SEARCH_ENGINES = ("google", "bing", "yahoo", "duckduckgo", "yandex")


MARKS = ("utm_source", "utm_medium", "utm_campaign", "click_id_kind", "referrer", "traffic_source")
TEXTS = {
    "client": "ga_client_id",
    "user_id": "user_id",
    "content": "utm_content",
    "term": "utm_term",
    "os": "os",
    "browser": "browser",
    "country": "country",
    "city": "city",
    "location": "entry_url",
}
"""Our column → the world's, shown as it is or as ``(not set)``."""


def _find_source(
    source: str, medium: str, campaign: str, click_id_kind: str, referrer: str
) -> tuple[str, str, str]:
    """Source, medium and campaign: marks first, then the click id, then the referrer."""
    if source:
        return source, medium or NOT_SET, campaign or NOT_SET
    if click_id_kind == "gclid":
        return "google", "cpc", campaign or NOT_SET
    host = urlsplit(referrer).netloc.removeprefix("www.")
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


def _find_sources(visits: pa.Table) -> dict[str, pa.Array]:
    """Source, medium, campaign and channel of every visit; like marks are judged once."""
    marks = zip(*(pc.fill_null(visits[name], "").to_pylist() for name in MARKS), strict=True)
    judged: dict[tuple[str, ...], tuple[str, str, str, str]] = {}
    found = []
    for mark in marks:
        if mark not in judged:
            source, medium, campaign = _find_source(*mark[:5])
            judged[mark] = (source, medium, campaign, _find_channel(source, medium, mark[5]))
        found.append(judged[mark])
    columns = zip(*found, strict=True) if found else ((),) * 4
    names = ("source", "medium", "campaign", "channel")
    return {
        name: pa.array(values, pa.string()) for name, values in zip(names, columns, strict=True)
    }


def _split_addresses(visits: pa.Table) -> dict[str, pa.Array]:
    """Host, path, and path with query of the page a visit began on."""
    parts = [urlsplit(url) for url in pc.fill_null(visits["entry_url"], "").to_pylist()]
    paths = [part.path or "/" for part in parts]
    queries = [
        f"{path}?{part.query}" if part.query else path
        for path, part in zip(paths, parts, strict=True)
    ]
    return {
        "host": pa.array([part.netloc or NOT_SET for part in parts], pa.string()),
        "page": pa.array(paths, pa.string()),
        "query": pa.array(queries, pa.string()),
    }


def _or_not_set(values: pa.ChunkedArray) -> pa.ChunkedArray:
    known = pc.fill_null(values, "")
    return pc.if_else(pc.equal(known, ""), NOT_SET, known)


def list_sessions(world: World) -> pa.Table:
    """All sessions of the property, whenever the vendor came to know them.

    ``day`` is the property's calendar day as the number YYYYMMDD; ``first_…`` tell of the first
    session of the same client.
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
    first_of: dict[str, int] = {}
    clients = ours["ga_client_id"].to_pylist()
    firsts = [first_of.setdefault(client, place) for place, client in enumerate(clients)]
    is_new = pa.array([first == place for place, first in enumerate(firsts)], pa.bool_())
    is_engaged = pc.invert(pc.fill_null(ours["is_bounce"], False))
    begun, views = ours["started_at"], pc.cast(pc.fill_null(ours["page_views"], 0), pa.int64())
    goals = pc.cast(pc.fill_null(pc.list_value_length(ours["goal_ids"]), 0), pa.int64())
    counted = (pc.cast(is_new, pa.int64()), pc.cast(is_engaged, pa.int64()))
    events = pc.add(pc.add(pc.add(views, goals), pc.add(*counted)), 1)
    has_campaign = pc.greater(pc.fill_null(ours["campaign_id"], 0), 0)
    known = pc.coalesce(ours["known_at"], begun)
    local = pc.cast(begun, pa.timestamp("us", tz=LINE.time_zone))
    columns: dict[str, Any] = {
        "visit_id": ours["visit_id"],
        "started_at": begun,
        "known_at": pc.if_else(pc.greater(known, begun), known, begun),
        "day": pc.cast(pc.strftime(local, format="%Y%m%d"), pa.int32()),
        **{name: _or_not_set(ours[theirs]) for name, theirs in TEXTS.items()},
        **_find_sources(ours),
        **_split_addresses(ours),
        "referrer": pc.fill_null(ours["referrer"], ""),
        "device": pc.fill_null(ours["device"], "desktop"),
        "campaign_id": pc.if_else(has_campaign, pc.cast(ours["campaign_id"], pa.string()), NOT_SET),
        "google_ads": pc.or_(
            pc.equal(pc.fill_null(ours["ad_vendor"], ""), "google_ads"),
            pc.equal(pc.fill_null(ours["click_id_kind"], ""), "gclid"),
        ),
        "is_new": is_new,
        "is_engaged": is_engaged,
        "views": views,
        "goals": goals,
        "seconds": pc.cast(pc.fill_null(ours["duration_seconds"], 0), pa.int64()),
        "events": events,
    }
    born = pa.array(firsts, pa.int64())
    for part in ("source", "medium", "campaign", "channel", "started_at"):
        columns[f"first_{part}"] = columns[part].take(born)
    return pa.table(columns)


def expand_events(sessions: pa.Table) -> pa.Table:
    """One row per session and kind of event: ``event`` and how many of them, in ``events``.

    What belongs to a session as a whole stands on one of its events only. Rows of purchases,
    which are of no session, are one event each.
    """
    nothing = pa.array([0] * len(sessions), pa.int64())
    counts = {
        "first_visit": pc.cast(sessions["is_new"], pa.int64()),
        "session_start": pc.cast(pc.is_valid(sessions["visit_id"]), pa.int64()),
        "page_view": sessions["views"],
        "user_engagement": pc.cast(sessions["is_engaged"], pa.int64()),
        GOAL_EVENT: sessions["goals"],
        "purchase": sessions["purchases"],
        "refund": sessions["refunds"],
    }
    kinds = []
    for name, count in counts.items():
        rows = sessions
        for column, owner in OWNERS.items():
            if name != owner:
                rows = _replace(rows, column, nothing)
        rows = _replace(rows, "events", count)
        rows = rows.append_column("event", pa.array([name] * len(rows), pa.string()))
        kinds.append(rows.filter(pc.greater(rows["events"], 0)))
    return pa.concat_tables(kinds)


def _replace(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)
