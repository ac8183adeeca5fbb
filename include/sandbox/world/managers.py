"""Who sells: managers of known skill, who answer slower the more they have to do.

Ids ``1..Size.managers_of(crm)`` work all the time, so calls may ring at any of them; one more of
each line, the next id, left early and only has old records.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

import numpy as np
import pyarrow as pa

from include.sandbox.world.business_lines import BusinessLine
from include.sandbox.world.names import make_person_name, transliterate
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import TABLES
from include.sandbox.world.truth_tables import TRUTH_TABLES
from include.sandbox.world.working_time import WorkingTime

LEFT_AFTER = 0.3
"""Fraction of the span after which the last manager of a line gets nothing more."""
LOAD_WINDOW_SECONDS = 2 * 86_400
USUAL_MINUTES = {
    "call": 40.0,
    "form": 25.0,
    "chat": 3.0,
    "exhibition": 300.0,
    "outbound_call": 20.0,
}
"""Median of working minutes to the first reply; of a call, if it was missed."""


@dataclass
class Manager:
    """``skill`` is 0..1 around a half; ``recent`` are the instants of what came in lately."""

    manager_id: int
    first_name: str
    last_name: str
    email: str
    skill: float
    is_active: bool
    recent: deque[int] = field(default_factory=deque)

    def load(self, now: int) -> int:
        """How many requests came to this manager during the last two days."""
        while self.recent and self.recent[0] < now - LOAD_WINDOW_SECONDS:
            self.recent.popleft()
        return len(self.recent)


class ManagerDesk:
    """Gives requests to the managers of one line and tells when they first reply."""

    def __init__(self, seed: int, size: Size, line: BusinessLine, work: WorkingTime) -> None:
        rng = make_rng(seed, f"managers/{line.crm}")
        self._work = work
        starts = datetime.combine(size.starts_on, time(), UTC).timestamp()
        self._leaves_at = int(starts + size.days * LEFT_AFTER * 86_400)
        self._crm = line.crm
        self._turn = 0
        self.managers: list[Manager] = []
        count = size.managers_of(line.crm)
        for number in range(1, count + 2):
            first, last = make_person_name(rng, line.country)
            stem = f"{transliterate(first)[0]}.{transliterate(last)}"
            email = f"{stem}{number}@{line.host}"
            skill = float(np.clip(rng.normal(0.5, 0.2), 0.05, 0.95))
            self.managers.append(Manager(number, first, last, email, skill, number <= count))

    def skill_of(self, manager_id: int) -> float:
        """Skill 0..1 of one manager."""
        return self.managers[manager_id - 1].skill

    def assign(self, now: int, answered_by: int) -> int:
        """The manager who gets a request: whoever answered, else the next in turn with the least.

        Of two neighbours in turn the one with the smaller load gets it.
        """
        manager_id = answered_by
        if not 0 < manager_id <= len(self.managers):
            working = len(self.managers) - (1 if now > self._leaves_at else 0)
            one, other = self._turn % working, (self._turn + 1) % working
            self._turn += 1
            loads = [self.managers[place].load(now) for place in (one, other)]
            manager_id = (one if loads[0] <= loads[1] else other) + 1
        self.managers[manager_id - 1].recent.append(now)
        return manager_id

    def reply_at(self, manager_id: int, kind: str, now: int, luck: float) -> int:
        """When the first reply comes; ``luck`` is a standard normal draw."""
        manager = self.managers[manager_id - 1]
        minutes = USUAL_MINUTES[kind] * float(np.exp(luck)) * (1.6 - manager.skill)
        return self._work.after(now, 60 * minutes * (1 + manager.load(now) / 6))

    def to_tables(self) -> tuple[pa.Table, pa.Table]:
        """``crm_manager`` and truth's ``manager``."""
        shown = [
            {
                "crm": self._crm,
                "manager_id": m.manager_id,
                "first_name": m.first_name,
                "last_name": m.last_name,
                "email": m.email,
                "is_active": m.is_active,
            }
            for m in self.managers
        ]
        true = [
            {"crm": self._crm, "manager_id": m.manager_id, "skill": m.skill} for m in self.managers
        ]
        return (
            pa.Table.from_pylist(shown, schema=TABLES["crm_manager"]),
            pa.Table.from_pylist(true, schema=TRUTH_TABLES["manager"]),
        )
