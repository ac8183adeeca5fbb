"""Form requests, chats, mailings, and the goals that counters saw visitors reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.sandbox.world.business_lines import LINES
from include.sandbox.world.calendar import find_offsets
from include.sandbox.world.channels import Spend
from include.sandbox.world.contacts import Contact
from include.sandbox.world.journeys import CODE, Needs, Touches
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import TABLES

GOALS: dict[int, str] = {
    310_000_001: "form",
    310_000_002: "call",
    310_000_003: "chat",
    310_000_004: "price_list",
    310_000_005: "contacts",
}
"""Goal id → what the visitor did; the same ids at every site."""
GOAL_OF = {name: goal for goal, name in GOALS.items()}
FORMS = {
    "Россия": ("Заявка с сайта", "Обратный звонок", "Расчёт стоимости"),
    "United States": ("Request a quote", "Callback", "Contact us"),
}
SECOND = 1_000_000
LETTER_COST_MICROS = 800_000


@dataclass(frozen=True)
class Records:
    """A table, whose each row is, and which contact each row records."""

    table: pa.Table
    person_id: np.ndarray
    company_id: np.ndarray
    id_of_contact: dict[int, int]


def make_forms(
    seed: int, size: Size, contacts: list[Contact], visit_of_contact: list[int]
) -> Records:
    """``form_request`` rows, ``request_id`` from 1 by instant."""
    rng = make_rng(seed, "forms")
    taken = [index for index, contact in enumerate(contacts) if contact.kind == "form"]
    rows = []
    for number, index in enumerate(taken, start=1):
        contact = contacts[index]
        line = LINES[contact.line]
        is_late = rng.random() < size.late_share
        delay = int(rng.integers(86_400, 259_200)) if is_late else int(rng.integers(2, 60))
        rows.append(
            {
                "tracker": line.tracker,
                "request_id": number,
                "submitted_at": contact.instant,
                "form_name": FORMS[line.country][rng.integers(3)],
                "url": f"https://{line.host}/contacts",
                "visit_id": visit_of_contact[index],
                "name": contact.typed.name,
                "phone": contact.typed.phone,
                "email": contact.typed.email,
                "is_target": not (contact.is_spam or contact.is_test),
                "manager_id": contact.manager_id,
                "known_at": contact.instant + delay * SECOND,
            }
        )
    return collect(rows, "form_request", contacts, taken)


def make_chats(seed: int, contacts: list[Contact], visit_of_contact: list[int]) -> Records:
    """``chat`` rows, ``chat_id`` from 1 by instant."""
    rng = make_rng(seed, "chats")
    taken = [index for index, contact in enumerate(contacts) if contact.kind == "chat"]
    rows = []
    for number, index in enumerate(taken, start=1):
        contact = contacts[index]
        messages = 2 + int(rng.poisson(6))
        rows.append(
            {
                "tracker": LINES[contact.line].tracker,
                "chat_id": number,
                "started_at": contact.instant,
                "finished_at": contact.instant + messages * int(rng.integers(15, 90)) * SECOND,
                "visit_id": visit_of_contact[index],
                "name": contact.typed.name,
                "phone": contact.typed.phone,
                "email": contact.typed.email,
                "message_count": messages,
                "manager_id": contact.manager_id,
            }
        )
    return collect(rows, "chat", contacts, taken)


def collect(
    rows: list[dict[str, object]], table: str, contacts: list[Contact], taken: list[int]
) -> Records:
    """Rows and the contacts they record, numbered alike."""
    return Records(
        pa.Table.from_pylist(rows, schema=TABLES[table]),
        np.array([contacts[index].person_id for index in taken], np.int64),
        np.array([contacts[index].company_id for index in taken], np.int64),
        {index: number for number, index in enumerate(taken, start=1)},
    )


def reach_goals(
    seed: int, visits: pa.Table, contacts: list[Contact], visit_of_contact: list[int]
) -> pa.Table:
    """The visits with ``goal_ids``: of their contacts, of price lists and contact pages opened."""
    rng = make_rng(seed, "goals")
    looked = ~visits["is_bounce"].to_numpy(zero_copy_only=False)
    goal_rows, goal_ids = [], []
    for name, share in (("price_list", 0.06), ("contacts", 0.1)):
        rows = np.flatnonzero(looked & (rng.random(len(visits)) < share))
        goal_rows.append(rows)
        goal_ids.append(np.full(len(rows), GOAL_OF[name]))
    reached = [
        (visit - 1, GOAL_OF[contact.kind])
        for contact, visit in zip(contacts, visit_of_contact, strict=True)
        if visit and contact.kind in GOAL_OF
    ]
    rows = np.concatenate([*goal_rows, np.array([row for row, _ in reached], np.int64)])
    ids = np.concatenate([*goal_ids, np.array([goal for _, goal in reached], np.int64)])
    order = np.lexsort((ids, rows))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(visits)))])
    goals = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(ids[order]))
    at = visits.schema.get_field_index("goal_ids")
    return visits.set_column(at, visits.schema.field(at), goals.cast(visits.schema.field(at).type))


def make_mailings(seed: int, size: Size, needs: Needs, touches: Touches, spend: Spend) -> pa.Table:
    """``email_campaign``: one mailing a line and Tuesday; clicks are the visits it brought."""
    rng = make_rng(seed, "mailings")
    is_letter = touches.channel == CODE["email"]
    line = needs.line[touches.need[is_letter]]
    shift = size.starts_on.weekday() - 1
    week = (touches.local[is_letter].astype(np.int64) + shift) // 7
    rows: list[dict[str, object]] = []
    for index, one in enumerate(LINES):
        days = np.flatnonzero(spend.micros[one.crm, "email"].sum(axis=1))
        offsets = find_offsets(size, one.time_zone)
        for day in days.tolist():
            clicks = int(((line == index) & (week == (day + shift) // 7)).sum())
            sent = int(spend.micros[one.crm, "email"][day].sum() / LETTER_COST_MICROS)
            recipients = max(sent * (90 if one.currency_code == "USD" else 1), clicks * 8)
            start = np.datetime64(size.starts_on, "s").astype(np.int64)
            instant = int(start + day * 86_400 + 10 * 3_600 - offsets[day])
            rows.append(
                {
                    "sent_at": instant * SECOND,
                    "name": f"{one.host} {len(rows) + 1:03d}",
                    "recipients": recipients,
                    "opens": max(int(recipients * rng.uniform(0.15, 0.3)), clicks),
                    "clicks": clicks,
                }
            )
    rows.sort(key=lambda row: (row["sent_at"], row["name"]))
    numbered = [{"send_id": number} | row for number, row in enumerate(rows, start=1)]
    return pa.Table.from_pylist(numbered, schema=TABLES["email_campaign"])
