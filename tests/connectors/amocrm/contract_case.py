"""How the situations of the shared suite look at amoCRM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from include.connectors.protocol import RequestRefused
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row

NOON = datetime(2026, 3, 20, 9, tzinfo=UTC)
STATUS = {"talk": 40_010_001, "offer": 40_010_002, "won": 142, "lost": 143}
ROUBLE = 1_000_000
OAUTH = {
    "client_id": "demo-app",
    "client_secret": "demo-secret",
    "redirect_uri": "https://example.com/amo",
    "refresh_token": "demo-refresh",
}
Move = tuple[str, datetime]


def at(day: float, hour: float = 9) -> datetime:
    """An instant of March 2026."""
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def make_deal(number: int, created_at: datetime, *moves: Move, **more: Any) -> dict[str, Any]:
    """A deal that begins in ``talk`` and moves on; amounts are roubles."""
    steps = [("talk", created_at), *moves]
    stage, moved_at = steps[-1]
    amount = more.pop("amount", 1000 + number % 1000)
    return {
        "crm": "amocrm",
        "deal_id": number,
        "title": f"Сделка {number}",
        "pipeline_id": 10,
        "stage_id": stage,
        "amount_micros": amount * ROUBLE,
        "created_at": created_at,
        "updated_at": moved_at,
        "closed_at": moved_at if stage in ("won", "lost") else None,
        "manager_id": 2,
        "moves": steps,
        **more,
    }


def make_account(*deals: Mapping[str, Any], **more: list[dict[str, Any]]) -> World:
    """One pipeline, two managers and these deals."""
    events = [
        {"entity": "deal", "entity_id": deal["deal_id"], "stage_id": stage, "occurred_at": moved_at}
        for deal in deals
        for stage, moved_at in deal["moves"]
    ]
    tables: dict[str, list[dict[str, Any]]] = {
        "crm_manager": [
            {"manager_id": 1, "first_name": "Анна", "email": "a@x.example"},
            {"manager_id": 2, "first_name": "Олег", "email": "o@x.example"},
        ],
        "crm_pipeline": [{"pipeline_id": 10, "name": "Продажи", "sort": 1}],
        "crm_stage": [
            {"stage_id": stage, "pipeline_id": 10, "name": stage, "sort": place, "semantics": kind}
            for place, (stage, kind) in enumerate(
                [("talk", "open"), ("offer", "open"), ("won", "won"), ("lost", "lost")]
            )
        ],
        "crm_deal": [{k: v for k, v in deal.items() if k != "moves"} for deal in deals],
        "crm_stage_event": [
            {"event_id": number, "pipeline_id": 10, "manager_id": 2, **event}
            for number, event in enumerate(events, start=1)
        ],
    }
    rows = {
        name: [{"crm": "amocrm", **row} for row in table] for name, table in (tables | more).items()
    }
    return World.of(**rows)


def told(deals: Sequence[Mapping[str, Any]], now: datetime = NOON, money: str = "RUB") -> list[Row]:
    """What amoCRM must have told of the world's deals by an instant."""
    rows: list[Row] = []
    for deal in deals:
        if deal["created_at"] > now:
            continue
        number = deal["deal_id"]
        if deal.get("deleted_at") is not None and deal["deleted_at"] <= now:
            rows.append((number, None, None, None, deal["deleted_at"], None, True, money))
            continue
        stage, moved_at = [step for step in deal["moves"] if step[1] <= now][-1]
        rows.append(
            (
                number,
                deal["title"],
                STATUS[stage],
                deal["amount_micros"] // ROUBLE,
                moved_at,
                moved_at if stage in ("won", "lost") else None,
                False,
                money,
            )
        )
    return rows


DEALS = (
    make_deal(801, at(3), ("offer", at(5)), ("won", at(9, 15))),
    make_deal(802, at(4)),
    make_deal(803, at(7), ("lost", at(8))),
    make_deal(804, at(15), ("offer", at(16)), amount=0),
    make_deal(805, at(19, 23)),
)
FIVE_AT_ONCE = tuple(make_deal(900 + n, at(6)) for n in range(5))
REASONS = {
    situations.VAT: "a deal's price is a number somebody typed; nobody says its VAT",
    situations.UNKNOWN_VALUE: "a deal has no field with a fixed list of values",
    situations.LATE_ROW: "a row cannot appear with an older updated_at than the vendor's clock had",
    situations.ERROR_IN_200: "the vendor tells errors by HTTP status alone",
}


def _plain(deals: Sequence[Mapping[str, Any]] = DEALS, **changes: Any) -> Play:
    return replace(Play(make_account(*deals), told(deals)), **changes)


def _fault(kind: str, count: int = 1, skip: int = 0, **values: Any) -> tuple[Fault, ...]:
    return (Fault(kind, "amocrm", "/api/v4/leads", count, skip, values),)


def _go_to(now: datetime, *deals: Mapping[str, Any]) -> Callable[[Stage], None]:
    """Time passes, and the account holds these deals from then on, if any are given."""

    def change(stage: Stage) -> None:
        if deals:
            stage.world = make_account(*deals)
        stage.clock.set(now=now)

    return change


TOMORROW = NOON + timedelta(days=1)
MOVED = (*DEALS[1:], make_deal(801, at(3), ("offer", at(5)), ("lost", at(20, 20)), amount=7))
DELETED = (*DEALS[:4], make_deal(805, at(19, 23), deleted_at=at(20, 18)))
SKEWED = (*DEALS, make_deal(806, NOON - timedelta(minutes=7)))
MERGED = (
    *DEALS[:4],
    make_deal(805, at(19, 23), merged_into_id=801) | {"updated_at": at(20, 18)},
)


def make_plays() -> dict[str, Play]:
    """Situation → how it looks."""
    lines = 'Ёлка "😀" \\ \t\r\n\x07 <b>'
    return {
        situations.PLAIN: _plain(),
        situations.MANY_PAGES: _plain(options={"page_size": 2}),
        situations.FULL_LAST_PAGE: _plain(DEALS[:4], options={"page_size": 4}),
        situations.EMPTY_DAY: _plain(DEALS[:1] + DEALS[-1:], options={"days_per_window": 3}),
        situations.NOTHING_AT_ALL: Play(World.of()),
        situations.UNICODE: _plain((make_deal(811, at(5), title=lines),)),
        situations.HUGE_NUMBER: _plain((make_deal(9_000_000_001, at(5), amount=9 * 10**12),)),
        situations.ZONE_EDGE: _plain(
            (
                make_deal(821, at(6) - timedelta(hours=9, seconds=1)),
                make_deal(822, at(6, 0)),
                make_deal(823, at(5, 21)),
            )
        ),
        situations.DST: _plain(
            (make_deal(831, at(8, 6.5)), make_deal(832, at(8, 7.5)), make_deal(833, at(29, 1))),
            now=datetime(2026, 4, 2, tzinfo=UTC),
            expected=told(
                (make_deal(831, at(8, 6.5)), make_deal(832, at(8, 7.5)), make_deal(833, at(29, 1))),
                datetime(2026, 4, 2, tzinfo=UTC),
            ),
        ),
        situations.CURRENCY: _plain(
            knobs={"amocrm.currency": "KZT"}, expected=told(DEALS, NOON, "KZT")
        ),
        situations.RESTATED: _plain(
            later=_go_to(TOMORROW, *MOVED), expected_later=told(MOVED, TOMORROW)
        ),
        situations.DELETED: _plain(
            DELETED, later=_go_to(TOMORROW), expected_later=told(DELETED, TOMORROW)
        ),
        situations.MERGED: _plain(MERGED, later=_go_to(TOMORROW), expected_later=told(MERGED)),
        situations.CLOCK_SKEW: _plain(
            later=_go_to(TOMORROW, *SKEWED), expected_later=told(SKEWED, TOMORROW)
        ),
        situations.UNKNOWN_FIELD: _plain(
            faults=_fault("renamed_field", **{"from": "score", "to": "mood"}),
            finding="unknown field mood",
        ),
        situations.MISSING_FIELD: _plain(
            faults=_fault("renamed_field", **{"from": "status_id", "to": "stage"}),
            error=RequestRefused,
            error_says="status_id",
        ),
        situations.WRONG_TYPE: _plain(
            DEALS[1:],
            faults=_fault("changed_meaning", field="closed_at", factor=1e20),
            expected=told((DEALS[1], *DEALS[3:])),
            rejected=1,
        ),
        situations.DUPLICATE_PAGE: _plain((*FIVE_AT_ONCE, *DEALS), options={"page_size": 3}),
        situations.QUOTA: _plain(faults=_fault("error", 2, status=429, detail="too many")),
        situations.EXPIRED_TOKEN: _plain(
            credentials=OAUTH, faults=_fault("expired_token", misleading=True)
        ),
        situations.ROTATED_TOKEN: _plain(
            credentials=OAUTH, later=_go_to(TOMORROW), expected_later=told(DEALS)
        ),
        situations.ZERO_ROWS: _plain(faults=_fault("zero_rows")),
    }


class AmoCrmCase:
    """amoCRM in the shared suite."""

    source = "amocrm"
    account = "demo"
    credentials: Mapping[str, str] = {"token": "demo-token"}
    options: Mapping[str, Any] = {"history_from": "2026-03-01"}
    now = NOON
    resource = "lead"
    page_path = "/api/v4/leads"
    secrets: Sequence[str] = ("demo-token", "demo-secret", "demo-refresh")

    def play(self, situation: str) -> Play | str:
        """How a situation looks, or why it cannot be."""
        return REASONS.get(situation) or make_plays()[situation]

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """The newest version of every deal."""
        newest: dict[int, dict[str, Any]] = {}
        for row in live.to_pylist():
            held = newest.get(row["lead_id"])
            if held is None or (row["updated_at"], row["_pulled_at"]) >= (
                held["updated_at"],
                held["_pulled_at"],
            ):
                newest[row["lead_id"]] = row
        return [
            (
                row["lead_id"],
                row["lead_name"],
                row["status_id"],
                None if row["price_amount"] is None else int(row["price_amount"]),
                row["updated_at"].astimezone(UTC),
                row["closed_at"] and row["closed_at"].astimezone(UTC),
                row["is_deleted"],
                row["currency_code"],
            )
            for row in newest.values()
        ]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """There is none."""
        return "a token is good for one account, and the stand-in plays one"


CASE = AmoCrmCase()
