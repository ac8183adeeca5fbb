"""The counter itself and its goals, from the management API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.connectors._http import HttpSession
from include.connectors._records import Column, RecordReader, booleans, ids, texts
from include.connectors.protocol import Batch, IncompleteAnswer
from include.connectors.yandex_metrica.answers import AnswerReader, parse
from include.connectors.yandex_metrica.fields import GOAL, GOAL_SCHEMA

GOAL_COLUMNS = (
    Column("goal_id", ids, "id", required=True),
    Column("goal_name", texts, "name", required=True),
    Column("goal_type", texts, "type", required=True),
    Column("goal_source", texts, read=lambda goal: goal.get("goal_source") or ""),
    Column("goal_status", texts, read=lambda goal: goal.get("status") or ""),
    Column("is_favorite", booleans, read=lambda goal: bool(goal.get("is_favorite"))),
)


class Management:
    """Calls about one counter."""

    def __init__(
        self, http: HttpSession, answers: AnswerReader, account: str, counter: str
    ) -> None:
        self._http = http
        self._answers = answers
        self._account = account
        self._base = f"management/v1/counter/{counter}"

    def read_zone(self) -> ZoneInfo:
        """The time zone whose days the counter counts."""
        counter = self._get("").get("counter")
        name = counter.get("time_zone_name") if isinstance(counter, dict) else None
        try:
            return ZoneInfo(str(name or ""))
        except (ZoneInfoNotFoundError, ValueError):
            pass
        raise IncompleteAnswer(
            f"Yandex Metrica did not tell the time zone of counter {self._account} (got {name!r}); "
            "ask again, and if it repeats look at the counter's settings"
        )

    def read_goals(self) -> Iterator[Batch]:
        """Every goal, deleted ones too; an empty list is asked for twice."""
        goals = self._list_goals() or self._list_goals()
        reader = RecordReader(
            f"goals of counter {self._account}",
            GOAL_SCHEMA,
            GOAL_COLUMNS,
            constants={"account_id": self._account},
            payload="payload",
        )
        batch = reader.read(goals)
        # goals differ by kind in what they carry beside the declared fields: no news
        yield Batch(batch.rows, batch.rejected)

    def _list_goals(self) -> list[dict[str, Any]]:
        goals = self._get("/goals", {"useDeleted": "true"}).get("goals")
        if not isinstance(goals, list):
            raise IncompleteAnswer(
                f"Yandex Metrica answered no list of {GOAL}s for counter {self._account}; ask again"
            )
        return goals

    def _get(self, path: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        response = self._http.send("GET", self._base + path, self._answers.read_json, params=params)
        return parse(response) or {}
