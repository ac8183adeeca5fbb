"""Facts of web analytics: visits and page views of Metrica, sessions and money of GA4.

Metrica counts every visit whose browser let its counter in, robots too; GA4 leaves out the robots
it knows and shows what its reports group by: a session by minute and client, not by number.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.world_facts.fact_set import (
    MINUTE,
    SECOND,
    Fact,
    FactSet,
    Span,
    day_of,
    spell_minute,
    spell_second,
)
from include.sandbox.world.business_lines import LINES
from include.sandbox.world.world import World

SITE_OF_COUNTER = {"44147844": "ru_main", "44147901": "ru_second"}
BRANCH = next(line for line in LINES if line.crm == "hubspot")
BRANCH_ZONE = ZoneInfo(BRANCH.time_zone)
UNSET = "(not set)"


def _seen_by_metrica(world: World, span: Span) -> list[dict[str, Any]]:
    site = SITE_OF_COUNTER[span.account]
    rows = world.table("visit").to_pylist()
    return [row for row in rows if row["site"] == site and row["metrica_client_id"]]


def _tell_visits(world: World, span: Span) -> list[Fact]:
    return [
        (
            spell_second(row["started_at"]),
            row["metrica_client_id"],
            row["page_views"],
            row["duration_seconds"],
            row["utm_source"] or "",
            sorted(row["goal_ids"] or ()),
        )
        for row in _seen_by_metrica(world, span)
    ]


def _tell_page_views(world: World, span: Span) -> list[Fact]:
    return [
        (spell_second(row["started_at"]), row["metrica_client_id"], row["page_views"])
        for row in _seen_by_metrica(world, span)
    ]


def _seen_by_ga4(world: World) -> list[dict[str, Any]]:
    return [
        row
        for row in world.table("visit").to_pylist()
        if row["site"] == BRANCH.site and row["ga_client_id"] and not row["is_robot"]
    ]


def _tell_client_sessions(world: World, _: Span) -> list[Fact]:
    sums: dict[Fact, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in _seen_by_ga4(world):
        found = sums[spell_minute(row["started_at"]), row["ga_client_id"]]
        found[0] += 1
        found[1] += not row["is_bounce"]
        found[2] += row["page_views"]
    return [(*key, *figures) for key, figures in sums.items()]


def _tell_marked_sessions(world: World, _: Span) -> list[Fact]:
    """Sessions of links with marks or Google's click id; what a referrer means is GA4's rule."""
    counts: Counter[Fact] = Counter()
    for row in _seen_by_ga4(world):
        if row["utm_source"]:
            marks = (row["utm_source"], row["utm_medium"] or UNSET)
        elif row["click_id_kind"] == "gclid":
            marks = ("google", "cpc")
        else:
            continue
        day = str(day_of(row["started_at"], BRANCH_ZONE))
        counts[(day, *marks, row["utm_campaign"] or UNSET)] += 1
    return [(*key, number) for key, number in counts.items()]


def _tell_days(world: World, _: Span) -> list[Fact]:
    """Sessions, views and goals by day, as three kinds of event tell them."""
    counts: Counter[Fact] = Counter()
    for row in _seen_by_ga4(world):
        day = str(day_of(row["started_at"], BRANCH_ZONE))
        counts[day, "session_start"] += 1
        counts[day, "page_view"] += row["page_views"]
        counts[day, "generate_lead"] += len(row["goal_ids"] or ())
    return [(*key, number) for key, number in counts.items() if number]


def _tell_transactions(world: World, _: Span) -> list[Fact]:
    """Payments of deals whose client had a counted session before, by day and deal."""
    visits: dict[str, list[datetime]] = defaultdict(list)
    for row in sorted(_seen_by_ga4(world), key=lambda row: row["started_at"]):
        visits[row["ga_client_id"]].append(row["started_at"])
    clients = _clients_of_deals(world)
    sums: dict[Fact, list[int]] = defaultdict(lambda: [0, 0])
    for row in world.table("payment").to_pylist():
        if row["crm"] != BRANCH.crm:
            continue
        if bisect_right(visits.get(clients.get(row["deal_id"], ""), []), row["paid_at"]):
            day = str(day_of(row["paid_at"], BRANCH_ZONE))
            found = sums[day, str(row["deal_id"])]
            found[0] += row["amount_micros"] > 0
            found[1] += row["amount_micros"]
    return [(*key, *figures) for key, figures in sums.items()]


def _clients_of_deals(world: World) -> dict[int, str]:
    """Deal → the client id its lead carries, else its contact."""
    known = {
        (table, row[f"{table}_id"]): row["ga_client_id"]
        for table in ("lead", "contact")
        for row in world.table(f"crm_{table}").to_pylist()
        if row["crm"] == BRANCH.crm
    }
    return {
        row["deal_id"]: known.get(("lead", row["lead_id"]))
        or known.get(("contact", row["contact_id"]))
        or ""
        for row in world.table("crm_deal").to_pylist()
        if row["crm"] == BRANCH.crm
    }


OWN = "where account_id = {account:String}"
SITES: Mapping[str, tuple[FactSet, ...]] = {
    "yandex_metrica": (
        FactSet(
            "visits",
            _tell_visits,
            f"select formatDateTime(started_at, {SECOND}), client_id, toInt64(page_views),"
            " toInt64(duration_seconds), coalesce(utm_source, ''),"
            " arraySort(arrayMap(goal -> toInt64(goal), goal_ids))"
            f" from raw.raw_yandex_metrica__visit_live {OWN}",
        ),
        FactSet(
            "page views of visits",
            _tell_page_views,
            f"select formatDateTime(started_at, {SECOND}), client_id, toInt64(count())"
            " from (select visit_id, started_at, client_id, arrayJoin(watch_ids) as watch_id"
            f" from raw.raw_yandex_metrica__visit_live {OWN}) as v"
            f" join (select watch_id from raw.raw_yandex_metrica__hit_live {OWN}) as h"
            " using (watch_id) group by visit_id, started_at, client_id",
        ),
    ),
    "ga4": (
        FactSet(
            "sessions of clients",
            _tell_client_sessions,
            f"select formatDateTime(session_minute_at, {MINUTE}), client_id,"
            " toInt64(sum(sessions)), toInt64(sum(engaged_sessions)), toInt64(sum(page_views))"
            f" from raw.raw_ga4__client_session_live {OWN} and sessions > 0 group by 1, 2",
        ),
        FactSet(
            "marked sessions by day",
            _tell_marked_sessions,
            "select toString(stats_date), session_source, session_medium, session_campaign,"
            f" toInt64(sum(sessions)) from raw.raw_ga4__traffic_daily_live {OWN}"
            " and session_medium not in ('(none)', 'organic', 'referral')"
            " group by 1, 2, 3, 4 having sum(sessions) > 0",
        ),
        FactSet(
            "events by day",
            _tell_days,
            "select toString(stats_date), event_name, toInt64(sum(events))"
            f" from raw.raw_ga4__event_daily_live {OWN}"
            " and event_name in ('session_start', 'page_view', 'generate_lead')"
            " group by 1, 2 having sum(events) > 0",
        ),
        FactSet(
            "transactions",
            _tell_transactions,
            "select toString(stats_date), transaction_id, toInt64(sum(transactions)),"
            f" toInt64(sum(revenue_micros)) from raw.raw_ga4__transaction_daily_live {OWN}"
            " group by 1, 2",
        ),
    ),
}
