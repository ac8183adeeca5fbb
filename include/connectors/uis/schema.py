"""The raw tables of UIS, the vendor fields each asks for, and how they become columns.

A report gives only the fields it is asked for; those without a column are kept in the payload.
Times are wall-clock times of the account's zone without its name; absent values are null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from include.connectors._records import (
    MICROSECONDS,
    TEXT_LIST,
    Column,
    Decode,
    Record,
    booleans,
    days,
    ids,
    integers,
    local_instants,
    plain_text_lists,
    texts,
)
from include.connectors.protocol import Resource, ResourceFacts

CALL = "call"
OFFLINE_MESSAGE = "offline_message"
CHAT = "chat"
EMPLOYEE = "employee"
CAMPAIGN = "campaign"
VIRTUAL_NUMBER = "virtual_number"

KNOWN_VALUES: Mapping[str, frozenset[str]] = {
    "direction": frozenset({"in", "out"}),
    "channel": frozenset(
        {
            *("display", "paid", "affiliate", "messenger", "social", "email", "organic"),
            *("internal", "recommendation", "cashed", "referral", "direct"),
        }
    ),
    "visitor_device": frozenset({"desktop", "mobile", "tablet", "other"}),
}
"""Column → every value the vendor documents; another one is kept and told."""


@dataclass(frozen=True)
class Field:
    """A column of a table and the vendor field it is read from (the same name when empty)."""

    name: str
    type: pa.DataType
    decode: Decode
    path: str = ""
    is_required: bool = False
    is_nullable: bool = True

    def column(self, zone: ZoneInfo) -> Column:
        """How it is read in an account of that zone."""
        path = self.path or self.name
        decode = local_instants(zone) if self.type == MICROSECONDS else self.decode
        if path == "tags":
            return Column(self.name, decode, read=_tag_names)
        return Column(self.name, decode, path, None, self.is_required)


@dataclass(frozen=True)
class Report:
    """One method of the vendor and the table it fills."""

    resource: str
    method: str
    fields: tuple[Field, ...]
    time_field: str = ""
    """The vendor's field that places a row in the period; empty for a dictionary."""
    extra: tuple[str, ...] = ()
    """Vendor fields asked for that live in the payload alone."""

    @property
    def schema(self) -> pa.Schema:
        """The columns of the table."""
        return pa.schema(
            [
                pa.field("account_id", pa.string(), nullable=False),
                *(pa.field(f.name, f.type, nullable=f.is_nullable) for f in self.fields),
                pa.field("payload", pa.string(), nullable=False),
            ]
        )

    def columns(self, zone: ZoneInfo) -> list[Column]:
        """How its rows are read."""
        return [field.column(zone) for field in self.fields]

    def asked(self, without: Iterable[str]) -> list[str]:
        """The vendor fields to ask for, in a steady order."""
        names = dict.fromkeys([*(field.path or field.name for field in self.fields), *self.extra])
        left_out = set(without)
        return [name for name in names if name not in left_out]


def _tag_names(record: Record) -> list[str] | None:
    tags = record.get("tags")
    return [tag["tag_name"] for tag in tags if tag.get("tag_name")] if tags else None


def text_lists(values: list[Any]) -> pa.Array:
    """Lists of texts or numbers as texts; a missing one is empty."""
    found = plain_text_lists(values)
    if found is not None:
        return found
    return pa.array([[str(item) for item in value or ()] for value in values], TEXT_LIST)


def _text(name: str, path: str = "") -> Field:
    return Field(name, pa.string(), texts, path)


def _id(name: str, path: str = "") -> Field:
    return Field(name, pa.uint64(), integers, path)


def _seconds(name: str, path: str) -> Field:
    return Field(name, pa.uint32(), integers, path)


def _key(name: str) -> Field:
    return Field(name, pa.uint64(), integers, "id", True, False)


def _moment(name: str, path: str, *, is_required: bool = False) -> Field:
    return Field(name, MICROSECONDS, texts, path, is_required, not is_required)


def _day(name: str, path: str) -> Field:
    return Field(name, pa.date32(), days, path, True, False)


def _flag(name: str, path: str = "") -> Field:
    return Field(name, pa.bool_(), booleans, path, True)


def _list(name: str, path: str) -> Field:
    return Field(name, TEXT_LIST, text_lists, path, is_nullable=False)


UTM = ("source", "medium", "campaign", "content", "term", "referrer")
SOURCE = (
    _id("communication_id"),
    _id("communication_number"),
    _id("site_id"),
    _text("site_host", "site_domain_name"),
    _id("campaign_id"),
    _text("campaign_name"),
    _text("channel"),
    _text("source_name"),
    _text("search_engine"),
    _text("search_query"),
    *(_text(f"utm_{part}") for part in UTM),
    _text("entry_url", "entrance_page"),
    _text("page_url", "communication_page_url"),
    _text("referrer"),
    Field("yclid", pa.string(), ids),
    Field("ymclid", pa.string(), ids),
    Field("gclid", pa.string(), ids),
    Field("metrica_client_id", pa.string(), ids, "ym_client_id"),
    Field("ga_client_id", pa.string(), ids, "ua_client_id"),
    _id("visitor_id"),
    _id("person_id"),
    _id("visitor_session_id"),
    _id("visits_count"),
    _text("visitor_type"),
    _text("visitor_city"),
    _text("visitor_region"),
    _text("visitor_country"),
    _text("visitor_device"),
    _list("tags", "tags"),
    Field("ext_id", pa.string(), ids),
)
SOURCE_EXTRA = (
    *("sale_date", "sale_cost", "visitor_custom_properties", "segments", "attributes"),
    *("visit_other_campaign", "visitor_first_campaign_id", "visitor_first_campaign_name"),
    *("source_id", "source_new", "channel_new", "channel_code", "ef_id", "referrer_domain"),
    *(f"eq_utm_{part}" for part in UTM),
    *(f"openstat_{part}" for part in ("ad", "campaign", "service", "source")),
)

CALLS = Report(
    CALL,
    "get.calls_report",
    (
        _day("call_date", "start_time"),
        _key("call_id"),
        _moment("started_at", "start_time", is_required=True),
        _moment("finished_at", "finish_time"),
        _text("direction"),
        _text("call_source", "source"),
        _flag("is_lost"),
        _text("finish_reason"),
        Field("contact_phone", pa.string(), ids, "contact_phone_number", True),
        Field("virtual_phone", pa.string(), ids, "virtual_phone_number", True),
        _seconds("wait_seconds", "wait_duration"),
        _seconds("total_wait_seconds", "total_wait_duration"),
        Field("talk_seconds", pa.uint32(), integers, "talk_duration", True),
        _seconds("clean_talk_seconds", "clean_talk_duration"),
        _seconds("total_seconds", "total_duration"),
        _seconds("call_back_seconds", "lost_call_processing_duration"),
        _id("contact_id"),
        _text("contact_name", "contact_full_name"),
        _id("first_employee_id", "first_answered_employee_id"),
        _text("first_employee_name", "first_answered_employee_full_name"),
        _id("last_employee_id", "last_answered_employee_id"),
        _text("last_employee_name", "last_answered_employee_full_name"),
        _id("scenario_id"),
        _text("scenario_name"),
        *SOURCE,
        Field("call_api_external_id", pa.string(), ids),
        _list("record_ids", "call_records"),
    ),
    "start_time",
    (
        *("communication_type", "is_transfer", "employees", "voice_mail_records"),
        *("wav_call_records", "scenario_operations", "cpn_region_id"),
        *("cpn_region_name", "postprocess_duration", "call_api_request_id"),
        *("last_answered_employee_rating", "auto_call_campaign_name", *SOURCE_EXTRA),
    ),
)
MESSAGES = Report(
    OFFLINE_MESSAGE,
    "get.offline_messages_report",
    (
        _day("message_date", "date_time"),
        _key("message_id"),
        _moment("left_at", "date_time", is_required=True),
        _text("status"),
        _moment("processed_at", "process_time"),
        _text("form_type"),
        _text("form_name"),
        _text("message_text", "text"),
        _text("person_name", "visitor_name"),
        Field("phone", pa.string(), ids, "visitor_phone_number", True),
        _text("email", "visitor_email"),
        _id("employee_id"),
        _text("employee_name", "employee_full_name"),
        *SOURCE,
    ),
    "date_time",
    ("communication_type", "group_id", "group_name", *SOURCE_EXTRA),
)
CHATS = Report(
    CHAT,
    "get.chats_report",
    (
        _day("chat_date", "date_time"),
        _key("chat_id"),
        _moment("started_at", "date_time", is_required=True),
        _text("status"),
        _text("initiator"),
        _seconds("duration_seconds", "duration"),
        _seconds("answer_seconds", "answer_time"),
        Field("message_count", pa.uint32(), integers, "messages_count"),
        _text("person_name", "visitor_name"),
        Field("phone", pa.string(), ids, "visitor_phone_number", True),
        _text("email", "visitor_email"),
        _id("employee_id"),
        _text("employee_name", "employee_full_name"),
        *SOURCE,
    ),
    "date_time",
    ("communication_type", "release_cause", "is_transfer", *SOURCE_EXTRA),
)
EMPLOYEES = Report(
    EMPLOYEE,
    "get.employees",
    (
        _key("employee_id"),
        _text("full_name"),
        _text("login"),
        _text("email"),
        _text("status"),
    ),
    extra=("groups", "phone_numbers", "extension"),
)
CAMPAIGNS = Report(
    CAMPAIGN,
    "get.campaigns",
    (
        _key("campaign_id"),
        _text("campaign_name", "name"),
        _text("status"),
        _moment("created_at", "creation_time"),
        _text("kind", "type"),
        _text("engine"),
        _id("site_id"),
        _text("site_host", "site_domain_name"),
    ),
    extra=("description", "costs"),
)
NUMBERS = Report(
    VIRTUAL_NUMBER,
    "get.virtual_numbers",
    (
        _key("number_id"),
        Field("virtual_phone", pa.string(), ids, "virtual_phone_number", True),
        Field("activation_date", pa.date32(), days, "activation_date"),
        _text("status"),
        _text("category"),
        _text("kind", "type"),
    ),
    extra=("campaigns", "scenarios", "redirection_phone_number"),
)
REPORTS = {r.resource: r for r in (CALLS, MESSAGES, CHATS, EMPLOYEES, CAMPAIGNS, NUMBERS)}

RESTATED = (
    "late rows are noticed on the next run up to 90 days back by the vendor's counts; tags and "
    "sales for 7 days on every run, later within 18 runs"
)


def _facts(grain: str, personal: str, restatement: str = RESTATED) -> ResourceFacts:
    return ResourceFacts(
        grain=grain,
        time_zone="days of the account's zone, which the vendor tells; instants in UTC",
        currency="none: sale_cost stays in the payload, the CRM knows better",
        vat="none",
        restatement=restatement,
        personal_data=personal,
    )


def _daily(report: Report, grain: str, personal: str, totals: tuple[str, ...] = ()) -> Resource:
    day = report.fields[0].name
    facts = _facts(grain, personal)
    return Resource(report.resource, "replace", report.schema, day, totals, facts)


def _whole(report: Report, grain: str, personal: str) -> Resource:
    facts = _facts(grain, personal, "read whole on every run")
    return Resource(report.resource, "replace", report.schema, facts=facts)


PEOPLE = "names, phones, e-mails, city, payload"
RESOURCES = {
    CALL: _daily(CALLS, "one row per call session", PEOPLE, ("is_lost", "talk_seconds")),
    OFFLINE_MESSAGE: _daily(MESSAGES, "one row per request of a web form", PEOPLE),
    CHAT: _daily(CHATS, "one row per chat", PEOPLE),
    EMPLOYEE: _whole(EMPLOYEES, "one row per employee", "names, logins, e-mails, payload"),
    CAMPAIGN: _whole(CAMPAIGNS, "one row per advertising campaign", "none"),
    VIRTUAL_NUMBER: _whole(NUMBERS, "one row per virtual number", "none"),
}
