"""Enquiries: the moments a person asks for something, handed from journeys to the CRM's stage.

Nothing here is shown by a vendor. A journey may have several enquiries (a repeated call, a form
after a missed call); all of them share ``will_buy`` and ``value_micros``.
"""

from __future__ import annotations

import pyarrow as pa

from include.sandbox.world.tables import BOOL, ID, INSTANT, MICROS, TEXT, UTM, make_schema

ENQUIRY: pa.Schema = make_schema(
    ("enquiry_id", ID),  # 1.., in order of occurred_at
    ("journey_id", ID),
    ("person_id", ID),  # 0 for spam and test leads
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
