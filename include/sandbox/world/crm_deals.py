"""How deals are worked: through stages in office hours, lost, reopened, handed over, paid for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from include.sandbox.world.business_lines import BusinessLine
from include.sandbox.world.crm_people import PeopleBook
from include.sandbox.world.crm_records import NOBODY, Deal, Lead, Step, Task
from include.sandbox.world.crm_stages import CrmSetup, Pipeline
from include.sandbox.world.managers import ManagerDesk
from include.sandbox.world.payments import pay
from include.sandbox.world.products import UNIT_MICROS, PriceList, vat_percent_on
from include.sandbox.world.working_time import SECONDS_A_DAY, WorkingTime

SECOND_PIPELINE_SHARE = 0.12
SKIP_SHARE, STEP_BACK_SHARE = 0.18, 0.05
REOPENED_LOST_SHARE, REOPENED_WON_SHARE = 0.05, 0.04
HANDED_OVER_SHARE = 0.06
REPEAT_SHARE, REPEAT_WON_SHARE = 0.18, 0.6
DELETED_SHARE, DOUBLE_SHARE = 0.007, 0.008
NO_AMOUNT_SHARE, NO_ROWS_SHARE = 0.12, 0.05
SLOW_REASONS = {"Долго отвечали", "Slow response"}
MEDIAN_STAGE_DAYS = 2.2
TASK_KINDS = ("call", "meeting", "email", "task")
TASK_SUBJECTS = {
    "Россия": ("Позвонить", "Встреча", "Отправить письмо", "Подготовить документы"),
    "United States": ("Call back", "Meeting", "Send email", "Prepare documents"),
}


class DealDesk:
    """Plays the deals of one line; ``end`` is the end of the world in seconds."""

    def __init__(
        self,
        line: BusinessLine,
        setup: CrmSetup,
        work: WorkingTime,
        desk: ManagerDesk,
        people: PeopleBook,
        prices: PriceList,
        end: int,
        rng: np.random.Generator,
    ) -> None:
        self.deals: list[Deal] = []
        self.tasks: list[Task] = []
        self._line, self._setup, self._work, self._desk = line, setup, work, desk
        self._people, self._prices, self._end, self._rng = people, prices, end, rng

    def open_deal(self, lead: Lead, lead_place: int, at: int, is_won: bool, is_slow: bool) -> int:
        """A deal made of a lead; gives its place. A won one may bring repeated sales later."""
        enquiry = lead.enquiry
        title = f"{enquiry['company_title'] or enquiry['name'] or enquiry['phone'] or '—'}"
        deal = self._new_deal(
            at,
            lead.manager_id,
            enquiry["value_micros"],
            enquiry=enquiry,
            lead=lead_place,
            contact=lead.contact,
            company=self._people.take_company(enquiry, at, is_deal=True),
            person_id=enquiry["person_id"],
            true_company_id=enquiry["company_id"],
            title=title,
            source=enquiry["source"],
        )
        is_second = self._rng.random() < SECOND_PIPELINE_SHARE
        place = self._play(deal, self._setup.deals[int(is_second)], is_won, is_slow)
        if is_won:
            self._sell_again(deal, enquiry["value_micros"])
        return place

    def _new_deal(self, at: int, manager_id: int, value_micros: int, **links: Any) -> Deal:
        rng = self._rng
        percent = vat_percent_on(self._line.country, self._work.local_day(at))
        wanted = value_micros * (100 + percent) // 100
        rows = self._prices.fill(wanted, rng.random(int(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2]))))
        amount = sum(quantity * price for _, quantity, price in rows)
        if rng.random() < NO_ROWS_SHARE:
            rows, amount = [], max(wanted // (100 * UNIT_MICROS), 1) * 100 * UNIT_MICROS
        deal = Deal(created_at=at, manager_id=manager_id, amount_micros=amount, **links)
        deal.rows = rows
        return deal

    def _play(self, deal: Deal, pipeline: Pipeline, is_won: bool, is_slow: bool) -> int:
        rng, opens = self._rng, pipeline.of("open")
        place = len(self.deals)
        self.deals.append(deal)
        is_kept = rng.random(len(opens)) >= SKIP_SHARE
        is_kept[0] = True
        path = [stage for stage, kept in zip(opens, is_kept, strict=True) if kept]
        if not is_won:
            path = path[: int(rng.integers(1, len(path) + 1))]
        if len(path) > 2 and rng.random() < STEP_BACK_SHARE:
            path.insert(2, path[0])
        at, manager_id = deal.created_at, deal.manager_id
        for number, stage in enumerate(path):
            if number:
                at = self._after(at)
                manager_id = self._hand_over(manager_id, at)
            self._step(deal, at, pipeline, stage, manager_id)
        self._close(deal, pipeline, is_won, is_slow)
        self._plan_tasks(deal, place)
        self._disturb(deal, place, is_won)
        return place

    def _close(self, deal: Deal, pipeline: Pipeline, is_won: bool, is_slow: bool) -> None:
        rng, last = self._rng, deal.steps[-1]
        lost = pipeline.of("lost")
        reasons = [r for r in self._setup.lost_reasons if (r in SLOW_REASONS) == is_slow]
        reasons = reasons or list(self._setup.lost_reasons)
        deal.lost_reason = reasons[int(rng.integers(len(reasons)))]
        is_reopened = rng.random() < (REOPENED_WON_SHARE if is_won else REOPENED_LOST_SHARE)
        if is_reopened:
            self._step(deal, self._after(last.at), pipeline, lost[0], last.manager_id)
            again = self._work.after(deal.closed_at, rng.uniform(5, 40) * SECONDS_A_DAY)
            self._step(deal, again, pipeline, last.stage_id, last.manager_id)
        before = deal.closed_at
        at = self._after(before)
        if is_won:
            self._step(deal, at, pipeline, pipeline.of("won")[0], deal.steps[-1].manager_id)
            deal.payments = pay(deal.amount_micros, before, at, self._line, self._work, rng)
            return
        stage = lost[-1] if rng.random() < 0.15 else lost[0]
        self._step(deal, at, pipeline, stage, deal.steps[-1].manager_id)
        if rng.random() < NO_AMOUNT_SHARE:
            deal.amount_micros, deal.rows = 0, []

    def _sell_again(self, deal: Deal, value_micros: int) -> None:
        """What a satisfied customer orders later, without any advertising."""
        rng = self._rng
        if rng.random() >= REPEAT_SHARE:
            return
        at = self._work.after(deal.closed_at, rng.uniform(30, 130) * SECONDS_A_DAY)
        if at >= self._end:
            return
        value = int(value_micros * rng.lognormal(-0.2, 0.4))
        again = self._new_deal(
            at,
            deal.steps[-1].manager_id,
            value,
            enquiry=None,
            lead=NOBODY,
            contact=deal.contact,
            company=deal.company,
            person_id=deal.person_id,
            true_company_id=deal.true_company_id,
            title=deal.title,
            source="REPEAT_SALE",
        )
        self._play(again, self._setup.deals[-1], rng.random() < REPEAT_WON_SHARE, is_slow=False)

    def _disturb(self, deal: Deal, place: int, is_won: bool) -> None:
        """Late edits, deletions, and doubles that are merged into the deal."""
        rng = self._rng
        if rng.random() < 0.2:
            deal.edited_at = deal.closed_at + int(rng.exponential(4 * 86_400))
        if not is_won and rng.random() < DELETED_SHARE:
            deal.deleted_at = deal.closed_at + int(rng.exponential(15 * 86_400))
        if rng.random() >= DOUBLE_SHARE:
            return
        made_at = self._work.after(deal.created_at, rng.uniform(0.1, 1.5) * SECONDS_A_DAY)
        double = replace(
            deal, created_at=made_at, steps=[], rows=[], payments=[], lost_reason="", edited_at=0
        )
        double.steps.append(replace(deal.steps[0], at=made_at))
        double.merged_into = place
        double.deleted_at = self._work.after(made_at, rng.uniform(0.3, 6) * SECONDS_A_DAY)
        self.deals.append(double)

    def _plan_tasks(self, deal: Deal, place: int) -> None:
        rng = self._rng
        subjects = TASK_SUBJECTS[self._line.country]
        for step, until in zip(deal.steps[:-1], deal.steps[1:], strict=True):
            if rng.random() < 0.4:
                continue
            kind = int(rng.integers(len(TASK_KINDS)))
            due = self._work.after(step.at, rng.uniform(0.5, 3) * SECONDS_A_DAY)
            done = self._work.after(step.at, rng.uniform(0.1, 5) * SECONDS_A_DAY)
            is_done = done <= until.at or rng.random() < 0.5
            self.tasks.append(
                Task(
                    "deal",
                    place,
                    TASK_KINDS[kind],
                    subjects[kind],
                    step.manager_id,
                    step.at,
                    due,
                    done if is_done else 2**62,
                )
            )

    def _step(self, deal: Deal, at: int, pipeline: Pipeline, stage: str, manager_id: int) -> None:
        deal.steps.append(Step(at, pipeline.pipeline_id, stage, manager_id))

    def _after(self, at: int) -> int:
        days = MEDIAN_STAGE_DAYS * float(self._rng.lognormal(0, 0.9))
        return self._work.after(at, max(days * SECONDS_A_DAY, 60))

    def _hand_over(self, manager_id: int, at: int) -> int:
        return self._desk.assign(at, 0) if self._rng.random() < HANDED_OVER_SHARE else manager_id
