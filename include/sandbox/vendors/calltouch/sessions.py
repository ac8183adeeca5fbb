"""Visits as Calltouch sessions: where a lead came from, by the tracker's cookie."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.calltouch.access import LINE
from include.sandbox.vendors.calltouch.periods import write_moment
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

Row = dict[str, Any]
MEDIUMS = {
    "ad": "cpc",
    "organic": "organic",
    "direct": "(none)",
    "referral": "referral",
    "social": "social",
    "email": "email",
    "messenger": "messenger",
    "internal": "internal",
}
DIRECT = ("(direct)", "(none)")

_TABLES: WorldMemo[list[Row]] = WorldMemo()
_VISITS: WorldMemo[dict[int, Row]] = WorldMemo()
_VISITORS: WorldMemo[dict[str, list[Row]]] = WorldMemo()


def read_table(world: World, name: str, column: str, value: str) -> list[Row]:
    """The rows of a table that belong to this company's cabinet or CRM."""

    def read() -> list[Row]:
        table = world.table(name)
        return table.filter(pc.equal(table[column], value)).to_pylist()

    return _TABLES.get(world, (name, value), read)


def read_visits(world: World) -> dict[int, Row]:
    """Visits with the tracker's cookie of everybody who left a lead, by id, earliest first."""

    def read() -> dict[int, Row]:
        leads = {
            row["visit_id"]
            for name in ("call", "form_request")
            for row in read_table(world, name, "tracker", "calltouch")
            if row["visit_id"]
        }
        table = world.table("visit")
        seen = pc.and_(
            pc.equal(table["site"], LINE.site),
            pc.not_equal(pc.fill_null(table["call_visitor_id"], ""), ""),
        )
        table = table.filter(pc.fill_null(seen, False))
        of_leads = pc.is_in(table["visit_id"], pa.array(list(leads), pa.int64()))
        visitors = pc.unique(table.filter(of_leads)["call_visitor_id"])
        kept = table.filter(pc.is_in(table["call_visitor_id"], visitors)).sort_by("started_at")
        return {row["visit_id"]: row for row in kept.to_pylist()}

    return _VISITS.get(world, "visits", read)


def visits_of(world: World, visitor: str) -> list[Row]:
    """All visits of one cookie, earliest first."""

    def read() -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in read_visits(world).values():
            found[row["call_visitor_id"]].append(row)
        return found

    return _VISITORS.get(world, "visitors", read).get(visitor, [])


def number_of(text: str) -> int:
    """The number a text is, or a steady 48-bit one made of it."""
    if text.isdigit():
        return int(text)
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def source_and_medium(visit: Row | None) -> tuple[str, str]:
    """Source and type of traffic; without a visit it is a direct one."""
    if visit is None or visit["traffic_source"] in ("direct", None):
        return DIRECT
    host = (urlsplit(visit["referrer"] or "").hostname or "").removeprefix("www.")
    source = visit["utm_source"] or host or visit["traffic_source"]
    return source, visit["utm_medium"] or MEDIUMS.get(visit["traffic_source"], "referral")


def utm_marks(visit: Row | None) -> dict[str, str]:
    """The five marks, empty strings where there are none."""
    return {
        f"utm{part.capitalize()}": (visit[f"utm_{part}"] or "") if visit else ""
        for part in ("source", "medium", "campaign", "content", "term")
    }


def entry_url(visit: Row | None) -> str:
    """The page the visitor came in by; a click id known of the visit is in it."""
    if visit is None:
        return ""
    url, kind, click = visit["entry_url"] or "", visit["click_id_kind"], visit["click_id"]
    if kind and click and f"{kind}=" not in url:
        url += ("&" if "?" in url else "?") + f"{kind}={click}"
    return url


def visitor_ids(visit: Row | None) -> dict[str, int | None]:
    """The tracker's own ids, null without a visit."""
    number = number_of(visit["call_visitor_id"]) if visit else None
    person = number_of(visit["user_id"] or visit["call_visitor_id"]) if visit else None
    return {"ctClientId": number, "ctGlobalId": person}


def google_id(visit: Row | None) -> str | None:
    """The client id of Google Analytics."""
    return (visit["ga_client_id"] or None) if visit else None


def metrica_id(visit: Row | None) -> str | None:
    """The client id of Yandex Metrica, as text."""
    return str(visit["metrica_client_id"]) if visit and visit["metrica_client_id"] else None


def advertising(visit: Row | None, vendor: str, ad_key: str) -> Row | None:
    """Ids of the ad clicked, where it was that vendor's."""
    if visit is None or visit["ad_vendor"] != vendor:
        return None
    return {
        "campaignId": visit["campaign_id"] or 0,
        "adGroupId": visit["ad_group_id"] or 0,
        ad_key: visit["ad_id"] or 0,
        "criteriaId": 0,
    }


def describe_history(world: World, visit: Row | None, until: datetime) -> list[Row]:
    """``mapVisits``: the visitor's sessions up to the lead."""
    if visit is None:
        return []
    return [
        _describe_visit(v)
        for v in visits_of(world, visit["call_visitor_id"])
        if v["started_at"] <= until
    ]


def _describe_visit(visit: Row) -> Row:
    source, medium = source_and_medium(visit)
    return {
        "sessionId": visit["visit_id"],
        "sessionDate": write_moment(visit["started_at"]),
        "source": source,
        "medium": medium,
        **utm_marks(visit),
        "url": entry_url(visit),
        "ref": visit["referrer"] or "",
        "keyword": visit["utm_term"] or "",
        "city": visit["city"] or "",
        "ip": visit["ip"] or "",
        "userAgent": visit["browser"] or "",
        "guaClientId": google_id(visit),
        "additionalTags": [],
        **visitor_ids(visit),
    }
