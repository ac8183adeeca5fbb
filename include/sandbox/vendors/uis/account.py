"""The company as UIS knows it: its account, what hangs together in it, and a visit's source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.uis.fields import SOURCE, empty_value
from include.sandbox.vendors.uis.query import TIME_FORMAT
from include.sandbox.world.business_lines import LINES
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
UNKNOWN_VISITOR = "Не заполнен"

Row = dict[str, Any]

_VISITS: WorldMemo[dict[int, Row]] = WorldMemo()
_FIRST_VISITS: WorldMemo[dict[str, Row]] = WorldMemo()
_TABLES: WorldMemo[list[Row]] = WorldMemo()


def write_time(instant: datetime | None) -> str | None:
    """An instant in the account's zone, without its name."""
    return None if instant is None else instant.astimezone(ZONE).strftime(TIME_FORMAT)


def digits(phone: str | None) -> str | None:
    """A phone as the vendor writes it: digits, no plus."""
    return "".join(filter(str.isdigit, phone or "")) or None


def number_of(text: str) -> int:
    """A steady 48-bit id of some text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


def read_table(world: World, name: str, column: str, value: str) -> list[Row]:
    """The rows of a table that belong to this account."""

    def read() -> list[Row]:
        table = world.table(name)
        return table.filter(pc.equal(table[column], value)).to_pylist()

    return _TABLES.get(world, (name, value), read)


def read_visits(world: World) -> dict[int, Row]:
    """Visits of this account's site by id, earliest first, those with a tracker's cookie only."""

    def read() -> dict[int, Row]:
        table = world.table("visit")
        seen = pc.and_(
            pc.equal(table["site"], LINE.site),
            pc.not_equal(pc.fill_null(table["call_visitor_id"], ""), ""),
        )
        kept = table.filter(pc.fill_null(seen, False)).sort_by("started_at")
        return {row["visit_id"]: row for row in kept.to_pylist()}

    return _VISITS.get(world, "visits", read)


def read_first_visits(world: World) -> dict[str, Row]:
    """Each visitor's earliest visit."""

    def read() -> dict[str, Row]:
        first: dict[str, Row] = {}
        for row in read_visits(world).values():
            first.setdefault(row["call_visitor_id"], row)
        return first

    return _FIRST_VISITS.get(world, "first visits", read)


def managers(world: World) -> dict[int, str]:
    """Full names of the brand's managers by id."""
    return {
        row["manager_id"]: f"{row['last_name'] or ''} {row['first_name'] or ''}".strip()
        for row in read_table(world, "crm_manager", "crm", LINE.crm)
    }


def tag_ids(world: World) -> dict[str, int]:
    """Every tag a call ever had, numbered by name."""
    calls = world.table("call")
    flat = pc.list_flatten(calls.filter(pc.equal(calls["tracker"], "uis"))["tags"])
    names = sorted(name for name in pc.unique(flat.cast(pa.string())).to_pylist() if name)
    return {name: 9001 + number for number, name in enumerate(names)}


def describe_source(world: World, visit: Row | None, tags: Sequence[Mapping[str, Any]] = ()) -> Row:
    """The fields all communications share; empty where there was no visit."""
    row = {field: empty_value(field) for field in SOURCE}
    row |= {"tags": list(tags), "visitor_type": UNKNOWN_VISITOR, "visit_other_campaign": False}
    row |= {"site_id": SITE_ID, "site_domain_name": LINE.host}
    if visit is None:
        return row
    first = read_first_visits(world).get(visit["call_visitor_id"], visit)
    channel = CHANNELS.get(visit["traffic_source"] or "", "direct")
    first_channel = CHANNELS.get(first["traffic_source"] or "", "direct")
    kind, click = visit["click_id_kind"], visit["click_id"]
    host = urlsplit(visit["referrer"] or "").hostname
    person = visit["user_id"] or visit["call_visitor_id"]
    is_new = first["visit_id"] == visit["visit_id"]
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
        "visitor_id": number_of(visit["call_visitor_id"]),
        "person_id": number_of(person),
        "visitor_type": "Новый" if is_new else "Вернувшийся",
        "visitor_session_id": visit["visit_id"],
        "visits_count": 1 if is_new else 2,
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
