"""The raw tables of CallRail, and how the vendor's fields become their columns.

``call_date`` is a day of the account's time zone. ``is_answered`` and ``is_good_lead`` are numbers,
so that a day's sums can be compared with the vendor's own counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._records import (
    TEXT_LIST,
    Column,
    Decode,
    booleans,
    filled_texts,
    ids,
    integers,
    iso_instants,
    json_texts,
    text_lists,
    texts,
)
from include.connectors.protocol import Resource, ResourceFacts, SourceProfile

CALL, FORM, CONVERSATION = "call", "form_submission", "conversation"
COMPANY, TRACKER, USER, TAG = "company", "tracker", "user", "tag"

_INSTANT = pa.timestamp("us", "UTC")
_ANY_MOMENT = "2000-01-01T00:00:00"
_MOMENT_LETTERS = len(_ANY_MOMENT)
_FIRST_YEAR = pa.scalar(-62_135_596_800, pa.timestamp("s"))
"""Of Python's calendar, which Arrow's goes beyond."""


def zone_days(zone: ZoneInfo) -> Decode:
    """ISO instants with an offset → days of a zone."""

    def decode(values: list[Any]) -> pa.Array:
        local = pc.local_timestamp(iso_instants(values).cast(pa.timestamp("us", zone.key)))
        return pc.floor_temporal(local, unit="day").cast(pa.date32())

    return decode


def offset_minutes(values: list[Any]) -> pa.Array:
    """ISO instants → minutes their offset is ahead of UTC."""
    try:
        return _offsets_of(filled_texts(values))
    except pa.ArrowException:
        return pa.array(list(map(_offset_of, values)), pa.int16())


def _offsets_of(instants: pa.Array) -> pa.Array:
    """By what stands behind the seconds, for few offsets are told apart."""
    moments = pc.utf8_slice_codeunits(instants, 0, _MOMENT_LETTERS).cast(pa.timestamp("s"))
    endings = pc.utf8_slice_codeunits(instants, _MOMENT_LETTERS).dictionary_encode()
    if pc.any(pc.less(moments, _FIRST_YEAR)).as_py():
        return pa.array(list(map(_offset_of, instants.to_pylist())), pa.int16())
    offsets = [_offset_of(f"{_ANY_MOMENT}{ending}") for ending in endings.dictionary.to_pylist()]
    return pa.array(offsets, pa.int16()).take(endings.indices)


def _offset_of(value: Any) -> int | None:
    offset = datetime.fromisoformat(value).utcoffset() if value else None
    return None if offset is None else round(offset.total_seconds() / 60)


def flags(values: list[Any]) -> pa.Array:
    """True and false as 1 and 0."""
    return booleans(values).cast(pa.uint8())


def tag_names(values: list[Any]) -> pa.Array:
    """Tags come as objects, in older answers as their names; none is an empty list."""
    return text_lists(
        [[t["name"] if isinstance(t, dict) else t for t in v] if v else None for v in values]
    )


def good_leads(values: list[Any]) -> pa.Array:
    """1 where the call itself was marked as a good lead."""
    return pa.array([1 if value == "good_lead" else 0 for value in values], pa.uint8())


@dataclass(frozen=True)
class RawField:
    """One raw column: its type, whether it may be null, and where its value comes from."""

    name: str
    type: pa.DataType
    decode: Decode
    path: str = ""
    is_required: bool = False
    is_nullable: bool = True

    @property
    def field(self) -> pa.Field:
        """Its place in the schema."""
        return pa.field(self.name, self.type, nullable=self.is_nullable and not self.is_required)

    @property
    def column(self) -> Column:
        """How it is read."""
        return Column(self.name, self.decode, self.path, required=self.is_required)


def _text(name: str, path: str = "", required: bool = False) -> RawField:
    return RawField(name, pa.string(), texts, path, required)


def _id(name: str, path: str = "", required: bool = False) -> RawField:
    return RawField(name, pa.string(), ids, path, required)


def _instant(name: str, path: str = "", required: bool = False) -> RawField:
    return RawField(name, _INSTANT, iso_instants, path, required)


CALL_FIELDS = (
    _id("call_id", "id", required=True),
    _instant("started_at", "start_time", required=True),
    RawField("utc_offset_minutes", pa.int16(), offset_minutes, "start_time", True),
    _instant("created_at"),
    _text("direction", required=True),
    RawField("is_answered", pa.uint8(), flags, "answered", True),
    RawField("is_voicemail", pa.uint8(), flags, "voicemail"),
    RawField("is_first_call", pa.uint8(), flags, "first_call"),
    RawField("duration_seconds", pa.uint32(), integers, "duration", True),
    _text("customer_phone", "customer_phone_number"),
    _text("customer_name"),
    _text("customer_city"),
    _text("customer_state"),
    _text("customer_country"),
    _text("tracking_phone", "tracking_phone_number"),
    _text("business_phone", "business_phone_number"),
    _id("company_id"),
    _id("tracker_id"),
    _text("source_name"),
    _text("source"),
    _text("medium"),
    _text("campaign"),
    _text("keywords"),
    _text("referring_url"),
    _text("landing_page_url"),
    _text("last_requested_url"),
    _text("device_type"),
    _text("utm_source"),
    _text("utm_medium"),
    _text("utm_campaign"),
    _text("utm_term"),
    _text("utm_content"),
    _text("ga_client_id", "ga"),
    _text("gclid"),
    _text("fbclid"),
    _text("msclkid"),
    _text("lead_status"),
    RawField("is_good_lead", pa.uint8(), good_leads, "lead_status", is_nullable=False),
    _id("good_lead_call_id"),
    _text("value_text", "value"),
    RawField("tags", TEXT_LIST, tag_names, is_nullable=False),
    _text("agent_email"),
)
CALL_ASKED = (
    "company_id", "created_at", "first_call", "lead_status", "good_lead_call_id", "value", "note",
    "source", "source_name", "medium", "campaign", "keywords", "referring_url",
    "landing_page_url", "last_requested_url", "device_type", "utm_source", "utm_medium",
    "utm_campaign", "utm_term", "utm_content", "ga", "gclid", "fbclid", "msclkid", "tags",
    "agent_email", "tracker_id", "milestones", "timeline_url",
)  # fmt: skip
"""Fields beyond those of the vendor's own choice."""
CALL_KNOWN = (
    "recording", "recording_duration", "recording_player", "note", "milestones", "timeline_url",
)  # fmt: skip
"""Fields that stay in the payload only."""

LIST_FIELDS: Mapping[str, tuple[RawField, ...]] = {
    FORM: (
        _id("form_submission_id", "id", required=True),
        _instant("submitted_at", required=True),
        _id("company_id"),
        _id("person_id"),
        _text("form_url"),
        _text("landing_page_url"),
        _text("referring_url"),
        _text("customer_phone", "customer_phone_number"),
        _text("customer_name"),
        RawField("form_data", pa.string(), json_texts),
    ),
    CONVERSATION: (
        _id("conversation_id", "id", required=True),
        _instant("last_message_at"),
        _id("company_id"),
        _text("customer_phone", "customer_phone_number"),
        _text("customer_name"),
        _text("state"),
    ),
    COMPANY: (
        _id("company_id", "id", required=True),
        _text("company_name", "name"),
        _text("status"),
        _text("time_zone"),
        _instant("created_at"),
    ),
    TRACKER: (
        _id("tracker_id", "id", required=True),
        _text("tracker_name", "name"),
        _text("tracker_type", "type"),
        _text("status"),
        _id("company_id", "company.id"),
        _text("source_type", "source.type"),
        RawField("tracking_numbers", pa.string(), json_texts),
    ),
    USER: (
        _id("user_id", "id", required=True),
        _text("user_name", "name"),
        _text("user_email", "email"),
        _text("role"),
    ),
    TAG: (
        _id("tag_id", "id", required=True),
        _text("tag_name", "name"),
        _id("company_id"),
        _text("status"),
    ),
}


def _schema(fields: tuple[RawField, ...], *first: pa.Field) -> pa.Schema:
    account = pa.field("account_id", pa.string(), nullable=False)
    payload = pa.field("payload", pa.string(), nullable=False)
    return pa.schema([account, *first, *(field.field for field in fields), payload])


CALL_SCHEMA = _schema(CALL_FIELDS, pa.field("call_date", pa.date32(), nullable=False))
LIST_SCHEMAS = {name: _schema(fields) for name, fields in LIST_FIELDS.items()}


def _list(name: str, grain: str, personal: str, restatement: str) -> Resource:
    return Resource(
        name=name,
        kind="replace",
        schema=LIST_SCHEMAS[name],
        facts=ResourceFacts(
            grain=grain,
            time_zone="UTC instants",
            currency="no money",
            vat="no money",
            restatement=restatement,
            personal_data=personal,
        ),
    )


_WHOLE = "read whole on every run: the vendor has no dates for it"
RESOURCES = {
    CALL: Resource(
        name=CALL,
        kind="replace",
        schema=CALL_SCHEMA,
        day_column="call_date",
        control_columns=("is_answered", "is_good_lead", "duration_seconds"),
        facts=ResourceFacts(
            grain="call",
            time_zone="the account's own",
            currency="value_text names it, as people typed",
            vat="not told",
            restatement=(
                "look-back of lookback_days (7); older days when the vendor counts other calls, "
                "answers or good leads within 90 days; tags and notes of older days in turn, "
                "each within 18 days"
            ),
            personal_data="phones, names, cities, notes, addresses of recordings, agents' e-mails",
        ),
    ),
    FORM: _list(FORM, "form submission", "all that people typed", _WHOLE),
    CONVERSATION: _list(
        CONVERSATION,
        "text conversation since history_from",
        "phones, names, messages",
        "read whole since history_from on every run",
    ),
    COMPANY: _list(COMPANY, "company of the account", "none", _WHOLE),
    TRACKER: _list(TRACKER, "tracking number or pool", "none", _WHOLE),
    USER: _list(USER, "user of the account", "names and e-mails of employees", _WHOLE),
    TAG: _list(TAG, "tag", "none", _WHOLE),
}

PROFILE = SourceProfile(
    title="CallRail",
    api="API v3",
    limits="1,000 requests an hour and 10,000 a day for each account",
    credentials={"token": "API key of a user who may read the account (the password)"},
)


def call_columns(zone: ZoneInfo) -> list[Column]:
    """How a call is read; the day is one of ``zone``."""
    day = Column("call_date", zone_days(zone), "start_time", required=True)
    return [day, *(field.column for field in CALL_FIELDS)]


def list_columns(resource: str) -> list[Column]:
    """How a row of one of the other lists is read."""
    return [field.column for field in LIST_FIELDS[resource]]
