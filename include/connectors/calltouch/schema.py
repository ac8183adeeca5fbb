"""The raw tables of Calltouch, and how the fields of its journals become their columns.

Empty texts are NULL, for the vendor writes nothing in no other way. The journal of calls dates by
``dd/mm/yyyy`` in the cabinet's zone with a ``timestamp`` beside it whose unit nobody documents;
that of requests dates by Unix milliseconds. Flags may come as the words True and False.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from include.connectors._records import (
    MICROSECONDS,
    TEXT_LIST,
    Column,
    Decode,
    Record,
    decode_distinct,
    epoch_millis,
    filled_texts,
    ids,
    integers,
    text_lists,
)
from include.connectors.protocol import Resource, ResourceFacts

CALL = "call"
REQUEST = "request"
MOMENT = "%d/%m/%Y %H:%M:%S"
FIRST_MILLIS = 10**11
"""Unix seconds stay below it for three thousand years, milliseconds passed it in 1973."""
LAST_MILLIS = 10**15
"""Those below it are microseconds of 64 bits."""
_ODD_LETTER = re.compile(r"[^\w.:/~?&=-]", re.ASCII)
"""An address without any means what it says: nothing in it is escaped or hidden from servers."""


@dataclass(frozen=True)
class _Field:
    """A column of the table beside the way to fill it; ``path`` is the vendor's."""

    name: str
    type: pa.DataType
    decode: Decode
    path: str = ""
    read: Callable[[Record], Any] | None = None
    is_required: bool = False
    is_nullable: bool = True

    @property
    def column(self) -> Column:
        return Column(self.name, self.decode, self.path, self.read, self.is_required)


def flags(values: list[Any]) -> pa.Array:
    """True and false, also as the words of older answers."""
    try:
        return pa.array(values, pa.bool_())
    except pa.ArrowException:
        pass
    for value in values:
        if not (value is None or isinstance(value, bool) or value in ("True", "False")):
            raise ValueError("neither a flag nor its word")
    return pa.array([v == "True" if isinstance(v, str) else v for v in values], pa.bool_())


def moment_days(values: list[Any]) -> pa.Array:
    """The day of ``dd/mm/yyyy hh:mm:ss``."""
    return decode_distinct([value[:10] if value else None for value in values], _days_of)


def _days_of(moments: list[str | None]) -> pa.Array:
    texts = [None if not v else f"{v[6:10]}-{v[3:5]}-{v[:2]}" for v in moments]
    return pa.array(texts, pa.string()).cast(pa.date32())


def moments(zone: ZoneInfo) -> Decode:
    """Instants of ``(timestamp, dd/mm/yyyy hh:mm:ss)``: the timestamp, else the clock of a zone."""

    def decode(values: list[Any]) -> pa.Array:
        stamps = [stamp for stamp, _ in values]
        if set(map(type, stamps)) == {int} and min(stamps) > 0 and max(stamps) < LAST_MILLIS:
            found = np.array(stamps)
            units = np.where(found >= FIRST_MILLIS, 1_000, 1_000_000)
            return pa.array(found * units, MICROSECONDS)
        return pa.array([_instant(stamp, text, zone) for stamp, text in values], MICROSECONDS)

    return decode


def _instant(stamp: Any, text: Any, zone: ZoneInfo) -> int | None:
    """Microseconds since the epoch."""
    if stamp:
        return int(stamp) * (1_000 if int(stamp) >= FIRST_MILLIS else 1_000_000)
    if not text:
        return None
    local = datetime.strptime(text, MOMENT).replace(tzinfo=zone)
    return int(local.astimezone(UTC).timestamp()) * 1_000_000


def is_of_zone(record: Record, zone: ZoneInfo) -> bool:
    """Whether a call's two datings agree; true where one of them is missing or unreadable."""
    stamp, text = record.get("timestamp"), record.get("date")
    if not isinstance(stamp, int) or not isinstance(text, str) or not stamp:
        return True
    try:
        shown = datetime.strptime(text, MOMENT).replace(tzinfo=zone)
    except ValueError:
        return True
    seconds = stamp / 1000 if stamp >= FIRST_MILLIS else stamp
    return abs(shown.timestamp() - seconds) < 60


def click_ids(kind: str) -> Decode:
    """Click ids out of addresses of entry pages, the only place that has them."""
    mark = f"{kind}="

    def decode(values: list[Any]) -> pa.Array:
        if set(map(type, values)) <= {str, type(None)}:
            found = [_click_id(v, kind, mark) if v and mark in v else None for v in values]
        else:
            found = [_click_id(v, kind, mark) if isinstance(v, str) else None for v in values]
        return filled_texts(found)

    return decode


def _click_id(address: str, kind: str, mark: str) -> str | None:
    if address.startswith("http") and not _ODD_LETTER.search(address):
        for part in address.partition("?")[2].split("&"):
            if part.startswith(mark) and part != mark:
                return part[len(mark) :]
        return None
    try:
        found = parse_qs(urlsplit(address).query).get(kind)
    except ValueError:
        return None
    return found[0] if found else None


def tag_names(values: list[Any]) -> pa.Array:
    """Names of all tags of each call."""
    return text_lists(
        [
            [name for tag in tags for name in tag.get("names") or ()] if tags else None
            for tags in values
        ]
    )


def order_numbers(values: list[Any]) -> pa.Array:
    """Numbers of the orders of each call that have one."""
    return text_lists(
        [
            [str(number) for order in orders if (number := order.get("orderNumber"))]
            if orders
            else None
            for orders in values
        ]
    )


def _phones(record: Record) -> list[str]:
    phones = (record.get("client") or {}).get("phones") or ()
    return [phone["phoneNumber"] for phone in phones if phone.get("phoneNumber")]


def _emails(record: Record) -> list[str]:
    contacts = (record.get("client") or {}).get("contacts") or ()
    values = (contact.get("contactValue") for contact in contacts)
    return [value for value in values if value and "@" in value]


def _text(name: str, path: str) -> _Field:
    return _Field(name, pa.string(), filled_texts, path)


def _flag(name: str, path: str) -> _Field:
    return _Field(name, pa.bool_(), flags, path, is_required=True)


def _number(name: str, path: str) -> _Field:
    return _Field(name, pa.uint64(), integers, path)


def _utm(place: str) -> list[_Field]:
    parts = ("source", "medium", "campaign", "content", "term")
    return [_text(f"utm_{part}", f"{place}utm{part.capitalize()}") for part in parts]


def _call_fields(zone: ZoneInfo) -> list[_Field]:
    return [
        _Field("call_date", pa.date32(), moment_days, "date", None, True, False),
        _Field("call_id", pa.uint64(), integers, "callId", None, True, False),
        _Field(
            "started_at",
            MICROSECONDS,
            moments(zone),
            read=lambda record: (record.get("timestamp"), record.get("date")),
            is_nullable=False,
        ),
        _text("call_phase", "callphase"),
        _flag("is_answered", "successful"),
        _text("status_details", "statusDetails"),
        _Field("talk_seconds", pa.uint32(), integers, "duration", None, True),
        _Field("wait_seconds", pa.uint32(), integers, "waitingConnect"),
        _Field("caller_phone", pa.string(), ids, "callerNumber", None, True),
        _Field("tracking_phone", pa.string(), ids, "phoneNumber", None, True),
        _Field("redirect_phone", pa.string(), ids, "redirectNumber"),
        _text("number_pool", "subPoolName"),
        _flag("is_unique", "uniqueCall"),
        _flag("is_target", "targetCall"),
        _flag("is_unique_target", "uniqTargetCall"),
        _flag("is_callback", "callbackCall"),
        _text("manager_name", "manager"),
        _text("source", "source"),
        _text("medium", "medium"),
        _text("keyword", "keyword"),
        *_utm(""),
        _text("entry_url", "url"),
        _text("call_url", "callUrl"),
        _text("referrer", "ref"),
        _text("site_host", "hostname"),
        _Field("yclid", pa.string(), click_ids("yclid"), "url"),
        _Field("gclid", pa.string(), click_ids("gclid"), "url"),
        _number("session_id", "sessionId"),
        _Field("ct_caller_id", pa.string(), ids, "ctCallerId"),
        _number("ct_client_id", "ctClientId"),
        _number("ct_global_id", "ctGlobalId"),
        _Field("ga_client_id", pa.string(), ids, "clientId"),
        _Field("metrica_client_id", pa.string(), ids, "yaClientId"),
        *_advertising(),
        _text("city", "city"),
        _text("ip_address", "ip"),
        _text("user_agent", "userAgent"),
        _Field("sip_call_id", pa.string(), ids, "sipCallId"),
        _Field("reference_id", pa.string(), ids, "callReferenceId"),
        _Field("tags", TEXT_LIST, tag_names, "callTags", is_nullable=False),
        _Field("order_numbers", TEXT_LIST, order_numbers, "orders", is_nullable=False),
    ]


def _advertising() -> list[_Field]:
    return [
        _number("direct_campaign_id", "yandexDirect.campaignId"),
        _number("direct_ad_group_id", "yandexDirect.adGroupId"),
        _number("direct_ad_id", "yandexDirect.adId"),
        _number("google_campaign_id", "googleAdWords.campaignId"),
        _number("google_ad_group_id", "googleAdWords.adGroupId"),
        _number("google_creative_id", "googleAdWords.creativeId"),
    ]


def _request_fields() -> list[_Field]:
    session = "session."
    return [
        _Field("request_date", pa.date32(), moment_days, "dateStr", None, True, False),
        _Field("request_id", pa.uint64(), integers, "requestId", None, True, False),
        _Field("requested_at", MICROSECONDS, epoch_millis, "date", None, True, False),
        _Field("request_number", pa.string(), ids, "requestNumber"),
        _text("form_name", "subject"),
        _text("form_url", "requestUrl"),
        _flag("is_unique", "uniqueRequest"),
        _flag("is_target", "targetRequest"),
        _flag("is_unique_target", "uniqTargetRequest"),
        _text("manager_name", "manager"),
        _text("person_name", "client.fio"),
        _Field("phones", TEXT_LIST, text_lists, read=_phones, is_nullable=False),
        _Field("emails", TEXT_LIST, text_lists, read=_emails, is_nullable=False),
        _text("source", f"{session}source"),
        _text("medium", f"{session}medium"),
        _text("keyword", f"{session}keywords"),
        *_utm(session),
        _text("entry_url", f"{session}url"),
        _text("referrer", f"{session}ref"),
        _Field("yclid", pa.string(), click_ids("yclid"), f"{session}url"),
        _Field("gclid", pa.string(), click_ids("gclid"), f"{session}url"),
        _number("session_id", f"{session}sessionId"),
        _number("ct_client_id", "ctClientId"),
        _number("ct_global_id", "ctGlobalId"),
        _Field("ga_client_id", pa.string(), ids, f"{session}guaClientId"),
        _Field("metrica_client_id", pa.string(), ids, f"{session}yaClientId"),
        *_advertising(),
        _text("city", f"{session}city"),
        _text("ip_address", f"{session}ip"),
        _Field("tags", TEXT_LIST, tag_names, "RequestTags", is_nullable=False),
        _Field("order_numbers", TEXT_LIST, order_numbers, "orders", is_nullable=False),
    ]


def call_columns(zone: ZoneInfo) -> list[Column]:
    """How a call is read; ``zone`` is the cabinet's."""
    return [field.column for field in _call_fields(zone)]


def request_columns() -> list[Column]:
    """How a form request is read."""
    return [field.column for field in _request_fields()]


def _schema(fields: Iterable[_Field]) -> pa.Schema:
    return pa.schema(
        [
            pa.field("account_id", pa.string(), nullable=False),
            *(pa.field(field.name, field.type, nullable=field.is_nullable) for field in fields),
            pa.field("payload", pa.string(), nullable=False),
        ]
    )


CALL_SCHEMA = _schema(_call_fields(ZoneInfo("UTC")))
REQUEST_SCHEMA = _schema(_request_fields())
IGNORED_OF_CALL = (
    *("timestamp", "date", "url", "callTags", "orders", "comments", "attribution", "attrs"),
    *("additionalTags", "callbackInfo", "mapVisits", "phrases", "phonesInText", "dcm"),
)
IGNORED_OF_REQUEST = (
    *("client", "session", "RequestTags", "orders", "comments", "widgetInfo", "mapVisits", "dcm"),
)

RESOURCES = {
    CALL: Resource(
        name=CALL,
        kind="replace",
        schema=CALL_SCHEMA,
        day_column="call_date",
        control_columns=("is_target", "talk_seconds"),
        facts=ResourceFacts(
            grain="one row per call through a tracked number",
            time_zone="days of the cabinet's zone (option time_zone), instants in UTC",
            currency="none: sums of orders stay in the payload",
            vat="none",
            restatement="late calls and target flags are noticed on the next run up to 90 days "
            "back by the vendor's counts; tags, comments and orders for 7 days on every run, "
            "later within 18 runs",
            personal_data="caller's phone, manager's name, city, IP address, user agent, payload",
        ),
    ),
    REQUEST: Resource(
        name=REQUEST,
        kind="replace",
        schema=REQUEST_SCHEMA,
        day_column="request_date",
        control_columns=("is_target",),
        facts=ResourceFacts(
            grain="one row per form request",
            time_zone="days of the cabinet's zone, instants in UTC",
            currency="none: sums of orders stay in the payload",
            vat="none",
            restatement="for 7 days on every run, up to 90 days back within 18 runs: the journal "
            "tells no counts",
            personal_data="name, phones, e-mails, manager's name, city, IP address, payload",
        ),
    ),
}
