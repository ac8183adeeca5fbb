"""How requests become leads: taken up, doubled, qualified, spoiled by slow or clumsy replies.

Who would buy is decided before; here a manager may lose them. The chance depends on the hours to
the first reply and on the manager's skill, and the draw belongs to the journey, so that the same
customer is equally patient in every version of the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from include.sandbox.world.business_lines import BusinessLine
from include.sandbox.world.crm_deals import DealDesk
from include.sandbox.world.crm_people import PeopleBook, contact_keys
from include.sandbox.world.crm_records import NEVER, NOBODY, Enquiry, Lead, Step, Task
from include.sandbox.world.crm_stages import CrmSetup
from include.sandbox.world.crm_state import LEAD_PIPELINE
from include.sandbox.world.managers import ManagerDesk
from include.sandbox.world.working_time import SECONDS_A_DAY, WorkingTime

SAME_REQUEST_SECONDS = 60 * 86_400
ATTACHED_SHARE = 0.75
"""Repeated requests that a manager recognises; others become doubles."""
DOUBLE_MERGED_SHARE = 0.6
NEVER_ANSWERED_SHARE = 0.015
SKIPPED_SHARE, MIDDLE_SHARE, REOPENED_SHARE = 0.08, 0.3, 0.02
TEST_DELETED_SHARE, SPAM_DELETED_SHARE = 0.7, 0.4
DEAL_FIRST_SHARE = 0.004
"""Deals made before their lead was entered."""
EARLY_CONTACT_SHARE = {"bitrix24": 0.3, "amocrm": 1.0, "hubspot": 1.0}
"""Leads that have a contact from the start; the others get one with the deal."""
FIRST_WORK_HOURS = 5.0


class LeadDesk:
    """Plays the requests of one line in the order in which they come."""

    def __init__(
        self,
        line: BusinessLine,
        setup: CrmSetup,
        work: WorkingTime,
        desk: ManagerDesk,
        people: PeopleBook,
        deals: DealDesk,
        patience: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        """``patience`` is a uniform draw for each journey id."""
        self.leads: list[Lead] = []
        self.tasks: list[Task] = []
        self._line, self._setup, self._work, self._desk = line, setup, work, desk
        self._people, self._deals, self._patience, self._rng = people, deals, patience, rng
        self._latest: dict[str, int] = {}
        self._journey_deals: dict[int, int] = {}
        self._opens = setup.lead.of("open")
        self._good, self._bad = setup.lead.of("won")[0], setup.lead.of("lost")[0]

    def take(self, enquiry: Enquiry) -> int:
        """The place of the lead the request made, or of the one it belongs to."""
        at = self._arrives_at(enquiry)
        if enquiry["is_spam"] or enquiry["is_test"]:
            return self._reject(enquiry, at)
        before = self._find_open(enquiry, at)
        if before != NOBODY and self._rng.random() < ATTACHED_SHARE:
            self._remind(before, at)
            return before
        if before != NOBODY:
            return self._double(enquiry, at, before)
        return self._play(enquiry, at)

    def _arrives_at(self, enquiry: Enquiry) -> int:
        rng, at = self._rng, enquiry["at"]
        if enquiry["kind"] == "exhibition":
            return self._work.after(at, rng.uniform(0.5, 2.0) * SECONDS_A_DAY)
        if enquiry["kind"] == "form":
            return at + int(rng.integers(1, 40))
        return at + int(rng.integers(20, 400))

    def _find_open(self, enquiry: Enquiry, at: int) -> int:
        """The open lead of the same need; another need of a known customer is a new request."""
        for key in contact_keys(enquiry):
            place = self._latest.get(key, NOBODY)
            if place == NOBODY:
                continue
            lead = self.leads[place]
            if lead.enquiry["journey_id"] != enquiry["journey_id"]:
                continue
            closed = lead.closed_at
            if lead.deal != NOBODY:
                closed = max(closed, self._deals.deals[lead.deal].closed_at)
            # what was said at an exhibition is entered days later
            if lead.created_at <= at < min(closed, lead.created_at + SAME_REQUEST_SECONDS):
                return place
        return NOBODY

    def _new_lead(self, enquiry: Enquiry, at: int) -> tuple[int, Lead]:
        answered_by = enquiry["manager_id"] if enquiry["is_answered"] else 0
        manager_id = self._desk.assign(at, answered_by or 0)
        lead = Lead(enquiry, at, manager_id)
        place = len(self.leads)
        self.leads.append(lead)
        self._step(lead, at, self._opens[0])
        for key in contact_keys(enquiry):
            self._latest[key] = place
        return place, lead

    def _play(self, enquiry: Enquiry, at: int) -> int:
        rng = self._rng
        place, lead = self._new_lead(enquiry, at)
        reply = self._reply_at(lead, at)
        if rng.random() < EARLY_CONTACT_SHARE[self._setup.crm]:
            lead.contact = self._people.take_contact(enquiry, at)
            lead.company = self._people.take_company(enquiry, at, is_deal=False)
        if reply == NEVER:
            lead.is_spoiled = bool(enquiry["will_buy"])
            self._step(lead, self._work.after(at, 5 * SECONDS_A_DAY), self._bad)
            lead.lost_reason = self._setup.junk_reasons[1]
            return place
        lead.first_reply_at = reply
        self._plan_call(lead, place, reply)
        has_deal = enquiry["journey_id"] in self._journey_deals
        is_spoiled = self._is_spoiled(lead, reply)
        lead.is_spoiled = bool(enquiry["will_buy"]) and is_spoiled and not has_deal
        buys = enquiry["will_buy"] and not is_spoiled and not has_deal
        reaches_deal = rng.random() < (
            0.7 if enquiry["will_buy"] else 0.25 + 0.6 * enquiry["quality"]
        )
        decided = self._work.after(reply, FIRST_WORK_HOURS * 3600 * rng.lognormal(0, 1.1))
        if rng.random() >= SKIPPED_SHARE:
            self._step(lead, reply, self._opens[1])
            if len(self._opens) > 2 and rng.random() < MIDDLE_SHARE:
                self._step(lead, (reply + decided) // 2, self._opens[2])
        if not (buys or reaches_deal):
            self._lose(lead, decided)
            return place
        self._convert(place, lead, max(decided, reply + 60), bool(buys), lead.is_spoiled)
        return place

    def _convert(self, place: int, lead: Lead, at: int, is_won: bool, is_slow: bool) -> None:
        rng, enquiry = self._rng, lead.enquiry
        made_at = at
        if rng.random() < DEAL_FIRST_SHARE:
            made_at = lead.created_at - int(rng.integers(600, 7200))
        if lead.contact == NOBODY:
            lead.contact = self._people.take_contact(enquiry, made_at)
        lead.deal = self._deals.open_deal(lead, place, made_at, is_won, is_slow)
        lead.company = self._deals.deals[lead.deal].company
        self._step(lead, at, self._good)
        if is_won:
            self._journey_deals[enquiry["journey_id"]] = lead.deal
        if rng.random() < 0.1:
            lead.edited_at = at + int(rng.exponential(3 * 86_400))

    def _lose(self, lead: Lead, at: int) -> None:
        rng, reasons = self._rng, self._setup.junk_reasons[1:-1]
        self._step(lead, at, self._bad)
        lead.lost_reason = reasons[int(rng.integers(len(reasons)))]
        if rng.random() < REOPENED_SHARE:
            again = self._work.after(at, rng.uniform(2, 20) * SECONDS_A_DAY)
            self._step(lead, again, self._opens[1])
            self._step(lead, self._work.after(again, SECONDS_A_DAY), self._bad)

    def _double(self, enquiry: Enquiry, at: int, before: int) -> int:
        """A second lead of an open request: merged into the first one, or closed as a double."""
        rng = self._rng
        place, lead = self._new_lead(enquiry, at)
        found = self._work.after(at, SECONDS_A_DAY * rng.lognormal(-0.5, 1.0))
        if rng.random() < DOUBLE_MERGED_SHARE:
            lead.merged_into, lead.deleted_at = before, found
        else:
            self._step(lead, found, self._bad)
            lead.lost_reason = self._setup.junk_reasons[-1]
            lead.contact = self._people.take_contact(enquiry, at)
        for key in contact_keys(enquiry):
            self._latest[key] = before
        return place

    def _reject(self, enquiry: Enquiry, at: int) -> int:
        rng = self._rng
        place, lead = self._new_lead(enquiry, at)
        seen = self._work.after(at, 3600 * rng.lognormal(0.5, 1.0))
        self._step(lead, seen, self._bad)
        lead.lost_reason = self._setup.junk_reasons[0]
        share = TEST_DELETED_SHARE if enquiry["is_test"] else SPAM_DELETED_SHARE
        if rng.random() < share:
            lead.deleted_at = self._work.after(seen, 3600 * rng.lognormal(0, 1.0))
        return place

    def _reply_at(self, lead: Lead, at: int) -> int:
        enquiry = lead.enquiry
        if enquiry["kind"] == "exhibition" or (enquiry["is_answered"] and enquiry["manager_id"]):
            return at
        if self._rng.random() < NEVER_ANSWERED_SHARE:
            return NEVER
        luck = float(self._rng.normal(0, 1.0))
        return self._desk.reply_at(lead.manager_id, enquiry["kind"], at, luck)

    def _is_spoiled(self, lead: Lead, reply: int) -> bool:
        chance = spoil_chance(
            (reply - lead.created_at) / 3600, self._desk.skill_of(lead.manager_id)
        )
        return bool(self._patience[lead.enquiry["journey_id"]] < chance)

    def _plan_call(self, lead: Lead, place: int, reply: int) -> None:
        due = self._work.after(lead.created_at, 3600)
        subject = "Первый звонок" if self._line.country == "Россия" else "First call"
        row = ("lead", place, "call", subject, lead.manager_id, lead.created_at, due, reply)
        self.tasks.append(Task(*row))

    def _remind(self, place: int, at: int) -> None:
        """A manager notes that the customer has asked again."""
        subject = "Повторное обращение" if self._line.country == "Россия" else "Asked again"
        due, done = self._work.after(at, 3600), self._work.after(at, 3 * 3600)
        manager_id = self.leads[place].manager_id
        self.tasks.append(Task("lead", place, "call", subject, manager_id, at, due, done))

    def _step(self, lead: Lead, at: int, stage: str) -> None:
        at = max(at, lead.steps[-1].at + 1) if lead.steps else at
        lead.steps.append(Step(at, LEAD_PIPELINE, stage, lead.manager_id))


def spoil_chance(hours: float, skill: float) -> float:
    """Chance that the sales team loses somebody who would have bought."""
    return float(np.clip(0.10 + 0.07 * np.log1p(hours) - 0.3 * (skill - 0.5), 0.02, 0.8))


def draw_patience(rng: np.random.Generator, journey_ids: np.ndarray) -> np.ndarray:
    """A uniform draw for each journey id up to the greatest."""
    return rng.random(int(journey_ids.max(initial=0)) + 1)


def to_enquiry(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of ``ENQUIRY`` with its instant also as whole seconds (``at``)."""
    return {**row, "at": int(row["occurred_at"].timestamp())}
