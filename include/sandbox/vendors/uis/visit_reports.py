"""Reports over visits, and the daily figures of advertising campaigns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.uis.account import (
    CAMPAIGN_IDS,
    CAMPAIGN_NAMES,
    CHANNELS,
    LINE,
    SITE_ID,
    ZONE,
    describe_source,
    read_sessions,
    search_engine,
    write_time,
)
from include.sandbox.vendors.uis.errors import RpcError
from include.sandbox.vendors.uis.fields import DAILY_STAT, SESSIONS, empty_value
from include.sandbox.vendors.uis.periods import is_known, is_within, sort_by_time
from include.sandbox.vendors.uis.query import Query
from include.sandbox.vendors.uis.reports import (
    calls_report,
    chats_report,
    offline_messages_report,
)
from include.sandbox.world.world import World

Row = dict[str, Any]


def _sessions_of(world: World, query: Query) -> list[Row]:
    """Visits that may matter for a period: a goal is reached up to a day after the visit began."""
    if query.date_from is None or query.date_till is None:
        return []
    begin = query.date_from.replace(tzinfo=ZONE) - timedelta(days=1)
    return read_sessions(world, begin, query.date_till.replace(tzinfo=ZONE))


def visitor_sessions_report(world: World, query: Query, now: datetime) -> list[Row]:
    """Visits of the site by visitors with the tracker's cookie."""
    rows = []
    for visit in _sessions_of(world, query):
        if not is_within(query, visit["started_at"], now) or not is_known(visit, now):
            continue
        source = describe_source(world, visit)
        row = {field: source.get(field, empty_value(field)) for field in SESSIONS}
        campaign = visit["campaign_id"]
        row |= {
            "id": visit["visit_id"],
            "date_time": write_time(visit["started_at"]),
            "exit_page": visit["entry_url"] or None,
            "duration": visit["duration_seconds"] or 0,
            "engine": search_engine(visit),
            "visitor_ip_address": visit["ip"] or None,
            "visitor_browser_name": visit["browser"] or None,
            "visitor_os_name": visit["os"] or None,
            "hits_count": visit["page_views"] or 1,
            "integrated_campaign_data": (
                {"adv_system": visit["ad_vendor"], "ext_campaign_id": campaign} if campaign else {}
            ),
        }
        rows.append(row)
    return rows


def goals_report(world: World, query: Query, now: datetime) -> list[Row]:
    """Goals reached in visits."""
    rows = []
    for visit in _sessions_of(world, query):
        reached = visit["started_at"] + timedelta(seconds=visit["duration_seconds"] or 0)
        if not is_within(query, reached, now) or not is_known(visit, now):
            continue
        for number, goal in enumerate(visit["goal_ids"] or ()):
            rows.append(
                describe_source(world, visit)
                | {
                    "id": visit["visit_id"] * 100 + number,
                    "date_time": write_time(reached),
                    "name": f"Цель {goal}",
                    "type": "other",
                }
            )
    return sort_by_time(rows)


def campaign_daily_stat(world: World, query: Query, now: datetime) -> list[Row]:
    """Communications and goals a day of each advertising campaign; spend is not uploaded."""
    site = query.params.get("site_id", SITE_ID)
    if site != SITE_ID:
        raise RpcError("entity_not_found", "Site is not found", "site_id", site)
    counted: dict[tuple[str, int], Row] = {}
    reports: tuple[tuple[str, Callable[[World, Query, datetime], Sequence[Row]]], ...] = (
        ("calls_count", calls_report),
        ("chats_count", chats_report),
        ("offline_messages_count", offline_messages_report),
        ("goals_count", goals_report),
    )
    names = dict(zip(CAMPAIGN_IDS.values(), CAMPAIGN_NAMES.values(), strict=True))
    for column, report in reports:
        for row in report(world, query, now):
            campaign = row["campaign_id"] or CAMPAIGN_IDS[CHANNELS["direct"]]
            day = (row.get("start_time") or row["date_time"])[:10]
            stat = counted.setdefault(
                (day, campaign),
                {field: empty_value(field) for field in DAILY_STAT}
                | {
                    "date": f"{day} 00:00:00",
                    "site_id": SITE_ID,
                    "site_domain_name": LINE.host,
                    "campaign_id": campaign,
                    "campain_id": campaign,
                    "campaign_name": names[campaign],
                    **{name: 0 for name, _ in reports},
                },
            )
            stat[column] += 1
    return [counted[key] for key in sorted(counted)]
