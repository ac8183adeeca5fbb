"""The fields of ``source=visits``: how each cell is written, and which names take an attribution.

Raw values keep the vendor's multipliers: goal prices times 1 000. What this company does not use
(openstat, recommendation systems) is there and empty.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Mapping

from include.sandbox.vendors.yandex_metrica import sources
from include.sandbox.vendors.yandex_metrica.cells import write_numbers, write_texts, write_times
from include.sandbox.vendors.yandex_metrica.identifiers import (
    to_metrica_visit_id,
    to_user_hash,
    to_watch_id,
)
from include.sandbox.vendors.yandex_metrica.places import (
    city_name,
    country_code,
    device_category,
)
from include.sandbox.vendors.yandex_metrica.purchase_fields import PURCHASE_FIELDS
from include.sandbox.vendors.yandex_metrica.technology import CONSTANT_FIELDS
from include.sandbox.vendors.yandex_metrica.visit_rows import (
    MOSCOW,
    ReachedGoal,
    Row,
    VisitRows,
    entry_url,
    query_value,
)

MOST_WATCH_IDS = 500

VisitField = Callable[[VisitRows], list[str]]
SourceField = Callable[[VisitRows, Row], str]


def _plain(read: Callable[[Row], object]) -> VisitField:
    return lambda visits: [str(read(row)) for row in visits.rows]


def _text(name: str) -> VisitField:
    return lambda visits: [row[name] or "" for row in visits.rows]


def _constant(cell: str) -> VisitField:
    return lambda visits: [cell] * len(visits.positions)


def _goals(write: Callable[[list[ReachedGoal]], str]) -> VisitField:
    return lambda visits: [write(goals) for goals in visits.goals]


def _goal_times(visits: VisitRows) -> list[str]:
    flat = iter(write_times([goal.at for goals in visits.goals for goal in goals], MOSCOW))
    return [write_texts([next(flat) for _ in goals]) for goals in visits.goals]


def _serial_numbers(goals: list[ReachedGoal]) -> str:
    seen: Tally[int] = Tally()
    numbers = []
    for goal in goals:
        seen[goal.goal_id] += 1
        numbers.append(seen[goal.goal_id])
    return write_numbers(numbers)


def _calls(read: Callable[[Row], int]) -> VisitField:
    return lambda visits: [write_numbers(map(read, calls)) for calls in visits.calls]


def _call_pages(visits: VisitRows) -> list[str]:
    return [
        write_texts(call.get("url") or pages[-1] for call in calls)
        for pages, calls in zip(visits.pages, visits.calls, strict=True)
    ]


def _is_new(visits: VisitRows) -> list[str]:
    return ["1" if visits.visits.is_first_visit(p) else "0" for p in visits.positions]


VISIT_FIELDS: Mapping[str, VisitField] = {
    "visitID": _plain(lambda row: to_metrica_visit_id(row["visit_id"])),
    "counterID": lambda v: [str(v.counter.counter_id)] * len(v.positions),
    "watchIDs": lambda v: [
        write_numbers(
            to_watch_id(row["visit_id"], page) for page in range(min(len(pages), MOST_WATCH_IDS))
        )
        for row, pages in zip(v.rows, v.pages, strict=True)
    ],
    "date": lambda v: [moment[:10] for moment in v.local_times],
    "dateTime": lambda v: v.local_times,
    "dateTimeUTC": lambda v: write_times(v.started, MOSCOW),
    "isNewUser": _is_new,
    "startURL": _plain(entry_url),
    "endURL": lambda v: [pages[-1] for pages in v.pages],
    "pageViews": lambda v: [str(len(pages)) for pages in v.pages],
    "visitDuration": _plain(lambda row: row["duration_seconds"] or 0),
    "bounce": _plain(lambda row: int(bool(row["is_bounce"]))),
    "ipAddress": _text("ip"),
    "regionCountry": _plain(lambda row: country_code(row["country"] or "")),
    "regionCity": _plain(lambda row: city_name(row["city"] or "")),
    "clientID": _plain(lambda row: row["metrica_client_id"]),
    "counterUserIDHash": lambda v: [
        str(to_user_hash(row["metrica_client_id"], v.counter.counter_id)) for row in v.rows
    ],
    "referer": _text("referrer"),
    "from": _plain(lambda row: query_value(entry_url(row), "from")),
    "clientTimeZone": lambda v: [v.zone_minutes] * len(v.positions),
    "deviceCategory": _plain(lambda row: device_category(row["device"] or "")),
    "browser": _text("browser"),
    "operatingSystem": _text("os"),
    "operatingSystemRoot": _text("os"),
    **{name: _constant(cell) for name, cell in CONSTANT_FIELDS.items()},
    "goalsID": _goals(lambda goals: write_numbers(goal.goal_id for goal in goals)),
    "goalsSerialNumber": _goals(_serial_numbers),
    "goalsDateTime": _goal_times,
    "goalsPrice": _goals(lambda goals: write_numbers(goal.price for goal in goals)),
    "goalsOrder": _goals(lambda goals: write_texts([""] * len(goals))),
    "goalsCurrency": _goals(lambda goals: write_texts(goal.currency for goal in goals)),
    "offlineCallTalkDuration": _calls(lambda call: call["talk_seconds"] or 0),
    "offlineCallHoldDuration": _calls(lambda call: call["wait_seconds"] or 0),
    "offlineCallMissed": _calls(lambda call: int(call["status"] != "answered")),
    "offlineCallFirstTimeCaller": _calls(lambda call: int(bool(call["is_first"]))),
    "offlineCallTag": lambda v: [
        write_texts(",".join(call["tags"] or ()) for call in calls) for calls in v.calls
    ],
    "offlineCallURL": _call_pages,
    "parsedParamsKey1": _plain(lambda row: write_texts(["user_id"] if row["user_id"] else [])),
    "parsedParamsKey2": _plain(lambda row: write_texts(filter(None, [row["user_id"]]))),
    **{f"parsedParamsKey{level}": _constant("[]") for level in range(3, 11)},
    **PURCHASE_FIELDS,
}
"""Field without ``ym:s:`` → its cells."""

SOURCE_FIELDS: Mapping[str, SourceField] = {
    "TrafficSource": lambda _, row: sources.traffic_source(row),
    "AdvEngine": lambda _, row: sources.adv_engine(row),
    "ReferalSource": lambda _, row: sources.referral_source(row),
    "SearchEngineRoot": lambda _, row: sources.search_engine(row, True),
    "SearchEngine": lambda _, row: sources.search_engine(row, False),
    "SocialNetwork": lambda _, row: sources.social_network(row),
    "SocialNetworkProfile": lambda _, row: "",
    "RecommendationSystem": lambda _, row: "",
    "Messenger": lambda _, row: sources.messenger(row),
    "DirectClickOrder": lambda _, row: _direct(row, "campaign_id", "0"),
    "DirectBannerGroup": lambda _, row: _direct(row, "ad_group_id", "0"),
    "DirectClickBanner": lambda _, row: _direct(row, "ad_id", ""),
    "DirectClickOrderName": lambda visits, row: (
        visits.campaign_names.get(row["campaign_id"], "") if sources.is_direct_click(row) else ""
    ),
    "ClickBannerGroupName": lambda _, row: "",
    "DirectClickBannerName": lambda _, row: "",
    "DirectPhraseOrCond": lambda _, row: _direct(row, "utm_term", ""),
    "DirectPlatformType": lambda _, row: "search" if sources.is_direct_click(row) else "",
    "DirectPlatform": lambda _, row: "yandex" if sources.is_direct_click(row) else "",
    "DirectConditionType": lambda _, row: "phrase" if sources.is_direct_click(row) else "",
    "CurrencyID": lambda _, row: "RUB" if sources.is_direct_click(row) else "",
    "UTMCampaign": lambda _, row: row["utm_campaign"] or "",
    "UTMContent": lambda _, row: row["utm_content"] or "",
    "UTMMedium": lambda _, row: row["utm_medium"] or "",
    "UTMSource": lambda _, row: row["utm_source"] or "",
    "UTMTerm": lambda _, row: row["utm_term"] or "",
    **{f"openstat{part}": lambda _, row: "" for part in ("Ad", "Campaign", "Service", "Source")},
    "hasGCLID": lambda _, row: str(int(bool(sources.gclid(row)))),
    "GCLID": lambda _, row: sources.gclid(row),
}
"""Field without ``ym:s:`` and attribution → one cell, from the visit that gives the source."""


def _direct(row: Row, column: str, otherwise: str) -> str:
    value = row[column] if sources.is_direct_click(row) else None
    return str(value) if value else otherwise
