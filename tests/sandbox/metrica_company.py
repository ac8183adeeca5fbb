"""A hand-written company with a few visits, and a caller of its Metrica counters."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import requests

from include.sandbox.vendors.server import VendorServer
from include.sandbox.world.world import World

TOKEN = "demo-token"
COUNTER = 44147844
SECOND_COUNTER = 44147901
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)


def make_visit(visit_id: int, started_at: datetime, **changes: Any) -> dict[str, Any]:
    """A plain visit of the main site; keyword arguments replace its columns."""
    row = {
        "visit_id": visit_id,
        "site": "ru_main",
        "metrica_client_id": 1_700_000_000_000_000_001,
        "started_at": started_at,
        "known_at": started_at,
        "duration_seconds": 120,
        "page_views": 3,
        "is_bounce": False,
        "entry_url": "https://severmet.example/catalog?utm_source=yandex",
        "referrer": "",
        "traffic_source": "direct",
        "device": "desktop",
        "country": "Россия",
        "city": "Москва",
        "ip": "10.0.0.1",
        "is_robot": False,
        "goal_ids": [],
    }
    return row | changes


def make_company(*visits: Mapping[str, Any], **tables: Any) -> World:
    """A world of these visits in 2026."""
    return World.of(date(2026, 1, 1), date(2027, 1, 1), visit=visits, **tables)


def morning(day: int, hour: int = 6) -> datetime:
    """An instant of November 2026, UTC."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


class MetricaCaller:
    """Plain requests with a token, on a clock that stands still."""

    def __init__(self, server: VendorServer) -> None:
        self.server = server
        self.stage = server.stage
        self.url = server.vendor_urls["yandex_metrica"]
        self.headers = {"Authorization": "OAuth demo-token"}
        self.stage.clock.set(now=NOON, factor=1.0, frozen=True)
        self.control("reset", {})

    def control(self, what: str, body: Mapping[str, Any]) -> None:
        """Use the control endpoint as an operator would."""
        answer = requests.post(f"{self.server.url}/_control/{what}", json=body, timeout=10)
        answer.raise_for_status()

    def get(self, path: str, token: str = TOKEN, **params: Any) -> requests.Response:
        """GET a path."""
        headers = {"Authorization": f"OAuth {token}"} if token else {}
        return requests.get(f"{self.url}{path}", params=params, headers=headers, timeout=10)

    def post(self, path: str, token: str = TOKEN, **params: Any) -> requests.Response:
        """POST without a body."""
        headers = {"Authorization": f"OAuth {token}"}
        return requests.post(f"{self.url}{path}", params=params, headers=headers, timeout=10)

    def logs(self, path: str, counter: int = COUNTER) -> str:
        """A path under a counter."""
        return f"/management/v1/counter/{counter}/{path}"

    def create(
        self, fields: Sequence[str], source: str = "visits", counter: int = COUNTER, **changes: Any
    ) -> requests.Response:
        """Ask for a log of 17 to 19 November 2026."""
        params = {"date1": "2026-11-17", "date2": "2026-11-19", "source": source}
        params |= {"fields": ",".join(fields)} | changes
        return self.post(self.logs("logrequests", counter), **params)

    def info(self, number: int, counter: int = COUNTER) -> dict[str, Any]:
        """A log request as it stands."""
        return self.get(self.logs(f"logrequest/{number}", counter)).json()["log_request"]

    def wait(self, seconds: float = 30) -> None:
        """Let vendor time pass."""
        self.stage.clock.advance(seconds)

    def read_part(self, number: int, part: int = 0, counter: int = COUNTER) -> requests.Response:
        """Download a part."""
        return self.get(self.logs(f"logrequest/{number}/part/{part}/download", counter))

    def read(
        self, fields: Sequence[str], source: str = "visits", counter: int = COUNTER, **changes: Any
    ) -> list[dict[str, str]]:
        """Rows of a log, from create to download."""
        made = self.create(fields, source, counter, **changes)
        assert made.status_code == 200, made.text
        number = made.json()["log_request"]["request_id"]
        self.wait()
        parts = self.info(number, counter)["parts"]
        rows: list[dict[str, str]] = []
        for part in parts:
            answer = self.read_part(number, part["part_number"], counter)
            assert len(answer.content) == part["size"]
            rows.extend(csv.DictReader(answer.text.splitlines(), delimiter="\t"))
        self.stage.clock.advance(1 - 30 % 1)
        return rows

    def kind_of_error(self, answer: requests.Response) -> tuple[int, str]:
        """HTTP status and error type of a refusal, whose body must be whole."""
        body = answer.json()
        assert body["code"] == answer.status_code
        assert body["message"] == body["errors"][0]["message"]
        return answer.status_code, body["errors"][0]["error_type"]


def days_ago(days: int) -> datetime:
    """An instant before the noon of the frozen clock."""
    return NOON - timedelta(days=days)
