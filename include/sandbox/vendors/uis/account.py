"""The company as UIS knows it: its account, what hangs together in it, and a visit's source."""

from __future__ import annotations

import hashlib
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.uis.fields import SOURCE, empty_value
from include.sandbox.vendors.uis.query import TIME_FORMAT
from include.sandbox.world.business_lines import LINES
from include.sandbox.world.tables import INSTANT
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

LINE = next(line for line in LINES if line.tracker == "uis")
ZONE = ZoneInfo(LINE.time_zone)
SITE_ID = 4001
SCENARIO = (7001, "Отдел продаж")
CHANNELS = {
    "ad": "paid",
    "organic": "organic",
    "direct": "direct",
    "referral": "referral",
    "social": "social",
    "email": "email",
    "messenger": "messenger",
    "internal": "internal",
}
CAMPAIGN_NAMES = {
    "paid": "Платная реклама",
    "organic": "Поисковые системы",
    "direct": "Прямые заходы",
    "referral": "Переходы с сайтов",
    "social": "Социальные сети",
    "email": "Почтовые рассылки",
    "messenger": "Мессенджеры",
    "internal": "Внутренние переходы",
}
CAMPAIGN_IDS = {channel: 300 + n for n, channel in enumerate(CAMPAIGN_NAMES)}
DEVICES = frozenset({"desktop", "mobile", "tablet"})
SEARCH_HOSTS = {"yandex": "Яндекс", "google": "Google", "mail.ru": "Mail.ru", "bing": "Bing"}
EMPTY_SOURCE = {field: empty_value(field) for field in SOURCE}
UNKNOWN_VISITOR = "Не заполнен"

Row = dict[str, Any]

_VISITS: WorldMemo[SiteVisits] = WorldMemo()
_TABLES: WorldMemo[list[Row]] = WorldMemo()
_TAGS: WorldMemo[dict[str, int]] = WorldMemo()


def write_time(instant: datetime | None) -> str | None:
    """An instant in the account's zone, without its name."""
    return None if instant is None else instant.astimezone(ZONE).strftime(TIME_FORMAT)


def digits(phone: str | None) -> str | None:
    """A phone as the vendor writes it: digits, no plus, Russian ones beginning with 7."""
    found = "".join(filter(str.isdigit, phone or ""))
    return ("7" + found[1:] if len(found) == 11 and found[0] == "8" else found) or None


def number_of(text: str) -> int:
    """The number a text is, or a steady 48-bit one made of it."""
    if text.isdigit():
        return int(text)
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def read_table(world: World, name: str, column: str, value: str) -> list[Row]:
    """The rows of a table that belong to this account."""

    def read() -> list[Row]:
        table = world.table(name)
        return table.filter(pc.equal(table[column], value)).to_pylist()

    return _TABLES.get(world, (name, value), read)


@dataclass(frozen=True)
class SiteVisits:
    """Visits of the account's site with a tracker's cookie, and each one's place in its chain."""

    table: pa.Table  # by time
    number: Mapping[int, int]  # visit → which of its visitor's visits it is, from 1
    first_channel: Mapping[str, str]  # visitor → the channel of the first visit
    of_leads: Mapping[int, Row]  # whole rows of the visits calls, forms and chats came from


def read_site_visits(world: World) -> SiteVisits:
    """The visits of the world of now, read once."""
    return _VISITS.get(world, "visits", lambda: _read_site_visits(world))


def _read_site_visits(world: World) -> SiteVisits:
    table = world.table("visit")
    seen = pc.and_(
        pc.equal(table["site"], LINE.site),
        pc.not_equal(pc.fill_null(table["call_visitor_id"], ""), ""),
    )
    kept = table.filter(pc.fill_null(seen, False)).sort_by("started_at").combine_chunks()
    number: dict[int, int] = {}
    first_channel: dict[str, str] = {}
    counted: Tally[str] = Tally()
    columns = (kept[name].to_pylist() for name in ("visit_id", "call_visitor_id", "traffic_source"))
    for visit_id, visitor, source in zip(*columns, strict=True):
        counted[visitor] += 1
        number[visit_id] = counted[visitor]
        first_channel.setdefault(visitor, CHANNELS.get(source or "", "direct"))
    leads = {
        row["visit_id"]
        for name in ("call", "form_request", "chat")
        for row in read_table(world, name, "tracker", "uis")
        if row["visit_id"]
    }
    rows = kept.filter(pc.is_in(kept["visit_id"], pa.array(list(leads), pa.int64())))
    of_leads = {row["visit_id"]: row for row in rows.to_pylist()}
    return SiteVisits(kept, number, first_channel, of_leads)


def read_visits(world: World) -> Mapping[int, Row]:
    """The visits that calls, forms and chats came from, by id."""
    return read_site_visits(world).of_leads


def read_sessions(world: World, begin: datetime, end: datetime) -> list[Row]:
    """The visits begun in ``[begin, end)``, by time; both are aware instants."""
    table = read_site_visits(world).table
    started = table["started_at"]
    inside = pc.and_(
        pc.greater_equal(started, pa.scalar(begin, INSTANT)),
        pc.less(started, pa.scalar(end, INSTANT)),
    )
    return table.filter(inside).to_pylist()


def managers(world: World) -> dict[int, str]:
    """Full names of the brand's managers by id."""
    return {
        row["manager_id"]: f"{row['last_name'] or ''} {row['first_name'] or ''}".strip()
        for row in read_table(world, "crm_manager", "crm", LINE.crm)
    }


def tag_ids(world: World) -> dict[str, int]:
    """Every tag a call ever had, numbered by name."""

    def read() -> dict[str, int]:
        calls = world.table("call")
        flat = pc.list_flatten(calls.filter(pc.equal(calls["tracker"], "uis"))["tags"])
        found = pc.unique(flat.cast(pa.string())).to_pylist()
        return {name: 9001 + n for n, name in enumerate(sorted(filter(None, found)))}

    return _TAGS.get(world, "tags", read)


def describe_source(world: World, visit: Row | None, tags: Sequence[Mapping[str, Any]] = ()) -> Row:
    """The fields all communications share; empty where there was no visit."""
    row = EMPTY_SOURCE | {
        "tags": list(tags),
        "visitor_type": UNKNOWN_VISITOR,
        "visit_other_campaign": False,
    }
    row |= {"site_id": SITE_ID, "site_domain_name": LINE.host}
    if visit is None:
        return row
    visits, visitor = read_site_visits(world), visit["call_visitor_id"]
    channel = CHANNELS.get(visit["traffic_source"] or "", "direct")
    first_channel, number = visits.first_channel[visitor], visits.number[visit["visit_id"]]
    kind, click = visit["click_id_kind"], visit["click_id"]
    host = urlsplit(visit["referrer"] or "").hostname
    person = visit["user_id"] or visitor
    return row | {
        "ua_client_id": visit["ga_client_id"] or None,
        "ym_client_id": str(visit["metrica_client_id"]) if visit["metrica_client_id"] else None,
        "search_engine": search_engine(visit) if channel == "organic" else None,
        "search_query": visit["utm_term"] or None,
        "referrer_domain": host,
        "referrer": visit["referrer"] or None,
        "entrance_page": visit["entry_url"] or None,
        "gclid": click if kind == "gclid" else None,
        "yclid": click if kind == "yclid" else None,
        "channel": channel,
        "channel_new": channel,
        "channel_code": channel,
        "source_name": visit["utm_source"] or None,
        "source_new": visit["utm_source"] or None,
        "campaign_id": CAMPAIGN_IDS[channel],
        "campaign_name": CAMPAIGN_NAMES[channel],
        "visit_other_campaign": first_channel != channel,
        "visitor_id": number_of(visitor),
        "person_id": number_of(person),
        "visitor_type": "Новый" if number == 1 else "Вернувшийся",
        "visitor_session_id": visit["visit_id"],
        "visits_count": number,
        "visitor_first_campaign_id": CAMPAIGN_IDS[first_channel],
        "visitor_first_campaign_name": CAMPAIGN_NAMES[first_channel],
        "visitor_city": visit["city"] or None,
        "visitor_region": visit["city"] or None,
        "visitor_country": visit["country"] or None,
        "visitor_device": visit["device"] if visit["device"] in DEVICES else "other",
        "utm_source": visit["utm_source"] or None,
        "utm_medium": visit["utm_medium"] or None,
        "utm_term": visit["utm_term"] or None,
        "utm_content": visit["utm_content"] or None,
        "utm_campaign": visit["utm_campaign"] or None,
        "communication_page_url": visit["entry_url"] or None,
    }


def search_engine(visit: Row) -> str | None:
    """The search engine the referrer belongs to."""
    host = urlsplit(visit["referrer"] or "").hostname or ""
    return next((name for part, name in SEARCH_HOSTS.items() if part in host), None)
