"""Calls through number pools: enquiries, calls back, cold calls, service calls and wrong numbers.

A number of the pool ``site`` is shown to one visitor at a time, so such a call knows its visit;
the other pools have one printed number each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.sandbox.world.business_lines import LINES
from include.sandbox.world.contacts import NO_TOUCH, Contact, draw_manager
from include.sandbox.world.journeys import CODE, Needs, Touches
from include.sandbox.world.population import Population
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import TABLES

POOL_SIZE = 20
FIXED_POOLS = {"avito": 91, "offline": 92, "outbound": 93}
LINE_NUMBER = ("+7495740", "+7343311", "+1212555")
SERVICE_SHARE = 0.5
"""Calls of clients about deliveries and papers, relative to calls that ask for something."""
WRONG_SHARE = 0.06
ANSWERED_COLD_SHARE = 0.55
TAGS = {
    "RUB": {"enquiry": "целевой", "service": "сервис", "wrong": "спам", "cold": "исходящий"},
    "USD": {"enquiry": "sales", "service": "service", "wrong": "spam", "cold": "outbound"},
}
"""What managers call a call, in the language of their line's money."""
SECOND = 1_000_000


@dataclass(frozen=True)
class Calls:
    """The ``call`` table and whose each call is; ``call_id`` from 1 by instant."""

    table: pa.Table
    person_id: np.ndarray
    company_id: np.ndarray
    call_of_contact: dict[int, int]
    """Index of the contact → call_id."""
    call_of_touch: dict[int, int]
    """Row of Touches → call_id, of outbound calls."""


@dataclass(frozen=True)
class _Draft:
    purpose: str
    line: int
    instant: int
    is_answered: bool
    is_out: bool
    phone: str
    name: str
    pool: str
    visit_id: int
    manager_id: int
    person_id: int
    company_id: int
    contact: int = -1
    touch: int = NO_TOUCH


def make_calls(
    seed: int,
    size: Size,
    population: Population,
    needs: Needs,
    touches: Touches,
    contacts: list[Contact],
    visit_of_contact: list[int],
) -> Calls:
    """All calls of a world, ordered by instant."""
    rng = make_rng(seed, "calls")
    people = population.people
    mobiles = people["mobile"].to_pylist()
    drafts = draft_enquiries(contacts, visit_of_contact)
    taken = {draft.touch for draft in drafts if draft.pool == "outbound"}
    drafts += draft_cold_calls(rng, size, needs, touches, mobiles, taken)
    drafts += draft_service(rng, size, contacts, mobiles, len(drafts))
    drafts.sort(key=lambda draft: (draft.instant, draft.contact, draft.touch))
    table = pa.Table.from_pylist(write_rows(rng, size, drafts), schema=TABLES["call"])
    return Calls(
        table,
        np.array([draft.person_id for draft in drafts], np.int64),
        np.array([draft.company_id for draft in drafts], np.int64),
        {draft.contact: number for number, draft in enumerate(drafts, 1) if draft.contact >= 0},
        {
            draft.touch: number
            for number, draft in enumerate(drafts, 1)
            if draft.touch >= 0 and draft.pool == "outbound"
        },
    )


def draft_enquiries(contacts: list[Contact], visit_of_contact: list[int]) -> list[_Draft]:
    """Calls of contacts, calls back included."""
    return [
        _Draft(
            "enquiry" if not contact.is_spam else "wrong",
            contact.line,
            contact.instant,
            contact.is_answered,
            contact.is_callback or contact.kind == "outbound_call",
            contact.typed.caller_phone,
            contact.typed.name if contact.is_answered else "",
            contact.pool,
            0 if contact.is_callback else visit_of_contact[index],
            contact.manager_id,
            contact.person_id,
            contact.company_id,
            index,
            contact.touch,
        )
        for index, contact in enumerate(contacts)
        if contact.kind in ("call", "outbound_call")
    ]


def draft_cold_calls(
    rng: np.random.Generator,
    size: Size,
    needs: Needs,
    touches: Touches,
    mobiles: list[str],
    taken: set[int],
) -> list[_Draft]:
    """Outbound calls that led to no enquiry at once."""
    drafts = []
    is_ours = (touches.channel == CODE["outbound_call"]) & (touches.local >= 0)
    for touch in np.flatnonzero(is_ours).tolist():
        if touch in taken:
            continue
        need = touches.need[touch]
        line, person = int(needs.line[need]), int(needs.person[need])
        drafts.append(
            _Draft(
                "cold",
                line,
                int(touches.instant[touch]),
                bool(rng.random() < ANSWERED_COLD_SHARE),
                True,
                mobiles[person],
                "",
                "outbound",
                0,
                draw_manager(rng, size, line),
                person + 1,
                int(needs.company_id[need]),
                touch=touch,
            )
        )
    return drafts


def draft_service(
    rng: np.random.Generator,
    size: Size,
    contacts: list[Contact],
    mobiles: list[str],
    count: int,
) -> list[_Draft]:
    """Calls of people who asked before, weeks later, and of strangers who misdialled."""
    real = [contact for contact in contacts if contact.person_id]
    end = np.datetime64(size.ends_on, "us").astype(np.int64)
    drafts = []
    for _ in range(int(count * SERVICE_SHARE) if real else 0):
        contact = real[int(rng.integers(len(real)))]
        instant = contact.instant + int((1 + rng.exponential(25.0)) * 86_400) * SECOND
        if instant >= end:
            continue
        drafts.append(
            _Draft(
                "service",
                contact.line,
                instant,
                bool(rng.random() < 0.9),
                bool(rng.random() < 0.3),
                mobiles[contact.person_id - 1],
                contact.typed.name,
                "offline",
                0,
                contact.manager_id,
                contact.person_id,
                contact.company_id,
            )
        )
    start = np.datetime64(size.starts_on, "us").astype(np.int64)
    for _ in range(int(count * WRONG_SHARE)):
        line = int(rng.integers(len(LINES)))
        second = int((rng.integers(size.days) + 0.35 + 0.3 * rng.random()) * 86_400)
        instant = int(start) + second * SECOND
        phone = f"+{'1' if line == 2 else '7'}9{rng.integers(10**9):09d}"
        manager = draw_manager(rng, size, line)
        drafts.append(
            _Draft("wrong", line, instant, True, False, phone, "", "offline", 0, manager, 0, 0)
        )
    return drafts


def write_rows(
    rng: np.random.Generator, size: Size, drafts: list[_Draft]
) -> list[dict[str, object]]:
    """Rows of ``call``; tags and target flags of some are set days after the call."""
    rows: list[dict[str, object]] = []
    heard: set[tuple[int, str]] = set()
    for number, draft in enumerate(drafts, start=1):
        wait = min(int(rng.lognormal(2.4, 0.7)), 90) + 1
        talk = int(rng.lognormal(4.9, 0.8)) + 5 if draft.is_answered else 0
        if draft.purpose in ("wrong", "cold") and talk:
            talk = talk // 5 + 3
        delay = int(rng.integers(5, 300))
        if rng.random() < size.late_share:
            delay = int(rng.integers(86_400, 259_200))
        known = draft.instant + (wait + talk + delay) * SECOND
        is_tagged = bool(rng.random() < 0.5)
        changed = known + int(rng.exponential(1.2) * 86_400) * SECOND * is_tagged
        is_first = (draft.line, draft.phone) not in heard
        heard.add((draft.line, draft.phone))
        tag = TAGS[LINES[draft.line].currency_code][draft.purpose]
        rows.append(
            {
                "tracker": LINES[draft.line].tracker,
                "call_id": number,
                "started_at": draft.instant,
                "direction": "out" if draft.is_out else "in",
                "status": choose_status(rng, draft),
                "caller_phone": draft.phone,
                "tracking_phone": find_tracking_phone(draft, number),
                "pool": draft.pool,
                "wait_seconds": wait,
                "talk_seconds": talk,
                "visit_id": draft.visit_id,
                "manager_id": draft.manager_id if draft.is_answered or draft.is_out else 0,
                "is_first": is_first,
                "is_target": draft.purpose == "enquiry" and draft.is_answered and talk >= 30,
                "tags": [tag] if is_tagged and draft.is_answered else [],
                "contact_name": draft.name,
                "known_at": known,
                "changed_at": changed,
            }
        )
    return rows


def choose_status(rng: np.random.Generator, draft: _Draft) -> str:
    """answered, missed or busy."""
    if draft.is_answered:
        return "answered"
    return "busy" if rng.random() < 0.15 else "missed"


def find_tracking_phone(draft: _Draft, number: int) -> str:
    """The company's number of the call: one of the pool for visitors, else the printed one."""
    last = FIXED_POOLS.get(draft.pool, (draft.visit_id or number) % POOL_SIZE)
    digits = 12 - len(LINE_NUMBER[draft.line])
    return f"{LINE_NUMBER[draft.line]}{last:0{digits}d}"
