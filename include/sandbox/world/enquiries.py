"""Enquiries: the moments a person asks for something, handed from journeys to the CRM's stage.

Nothing here is shown by a vendor. A journey may have several enquiries (a repeated call, a form
after a missed call); all of them share ``will_buy`` and ``value_micros``.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.business_lines import LINES
from include.sandbox.world.calendar import PLACES
from include.sandbox.world.contacts import NO_TOUCH, Contact
from include.sandbox.world.sizes import make_rng
from include.sandbox.world.tables import BOOL, ID, INSTANT, MICROS, TEXT, UTM, make_schema
from include.sandbox.world.visits import Web

ENQUIRY: pa.Schema = make_schema(
    ("enquiry_id", ID),  # 1.., in order of occurred_at
    ("journey_id", ID),
    ("person_id", ID),  # 0 for spam and test leads; each of these has a journey of its own
    ("company_id", ID),  # of Population, 0 for private people
    ("crm", TEXT),
    ("occurred_at", INSTANT),
    ("kind", TEXT),  # call, form, chat, exhibition, outbound_call
    ("channel", TEXT),  # of the touch that led to it, as it really was
    ("source", TEXT),  # the CRM's own label: CALL, WEBFORM, CHAT, EXHIBITION, OUTBOUND
    ("visit_id", ID),  # 0 where there is none, as in the next three
    ("call_id", ID),
    ("request_id", ID),
    ("chat_id", ID),
    ("manager_id", ID),  # who picked up, 1..Size.managers_of(crm); 0 where nobody did yet
    ("is_answered", BOOL),  # false for a missed call
    ("name", TEXT),  # as said or typed; empty for a missed call
    ("phone", TEXT),  # as typed; E.164 for calls; may be empty
    ("email", TEXT),
    ("company_title", TEXT),
    *UTM,
    ("click_id", TEXT),
    ("metrica_client_id", pa.uint64()),
    ("ga_client_id", TEXT),
    ("city", TEXT),
    ("currency_code", TEXT),
    ("quality", pa.float64()),  # 0..1, propensity to buy
    ("will_buy", BOOL),  # the simulated choice, if the sales team does not spoil it
    ("value_micros", MICROS),  # what the person would buy for, without VAT
    ("is_test", BOOL),
    ("is_spam", BOOL),
)
"""Rows are ordered by ``occurred_at``."""
SOURCES = {
    "call": "CALL",
    "form": "WEBFORM",
    "chat": "CHAT",
    "exhibition": "EXHIBITION",
    "outbound_call": "OUTBOUND",
}
COPIED = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "click_id")
MARKS_LOST_SHARE = 0.1
"""Enquiries whose marks do not reach the CRM though the site knew them."""


def find_visits(contacts: list[Contact], web: Web) -> list[int]:
    """By contact: the visit its tracker can tell, 0 where it cannot."""
    is_tracked = pc.not_equal(web.visits["call_visitor_id"], "").to_numpy(zero_copy_only=False)
    answer = []
    for contact in contacts:
        visit = 0
        if contact.touch != NO_TOUCH and contact.pool == "site":
            visit = int(web.visit_of_touch[contact.touch])
        answer.append(visit if visit and is_tracked[visit - 1] else 0)
    return answer


def make_enquiries(
    seed: int,
    contacts: list[Contact],
    web: Web,
    visit_of_contact: list[int],
    call_of_contact: Mapping[int, int],
    requests: Mapping[int, int],
    chats: Mapping[int, int],
) -> pa.Table:
    """Rows of ENQUIRY. The mappings are from the index of a contact to the id of its record."""
    rng = make_rng(seed, "enquiries")
    wanted = sorted({visit for visit in visit_of_contact if visit})
    names = [*COPIED, "metrica_client_id", "ga_client_id"]
    found = web.visits.select(names).take(pa.array([visit - 1 for visit in wanted], pa.int64()))
    known = dict(zip(wanted, found.to_pylist(), strict=True))
    nothing = dict.fromkeys(names, "") | {"metrica_client_id": 0}
    rows = []
    for index, contact in enumerate(contacts):
        if contact.is_callback:
            continue
        is_lost = rng.random() < MARKS_LOST_SHARE
        marks = nothing if is_lost else known.get(visit_of_contact[index], nothing)
        line, typed = LINES[contact.line], contact.typed
        is_silent = contact.kind == "call" and not contact.is_answered
        rows.append(
            {
                "enquiry_id": len(rows) + 1,
                "journey_id": contact.journey_id,
                "person_id": contact.person_id,
                "company_id": contact.company_id,
                "crm": line.crm,
                "occurred_at": contact.instant,
                "kind": contact.kind,
                "channel": contact.channel,
                "source": SOURCES[contact.kind],
                "visit_id": visit_of_contact[index],
                "call_id": call_of_contact.get(index, 0),
                "request_id": requests.get(index, 0),
                "chat_id": chats.get(index, 0),
                "manager_id": contact.manager_id if contact.kind != "form" else 0,
                "is_answered": contact.is_answered,
                "name": "" if is_silent else typed.name,
                "phone": typed.phone,
                "email": "" if is_silent else typed.email,
                "company_title": "" if is_silent else typed.company_title,
                **marks,
                "city": PLACES[contact.place],
                "currency_code": line.currency_code,
                "quality": contact.quality,
                "will_buy": contact.will_buy,
                "value_micros": contact.value_micros,
                "is_test": contact.is_test,
                "is_spam": contact.is_spam,
            }
        )
    return pa.Table.from_pylist(rows, schema=ENQUIRY)
