"""How the situations of the shared suite look at a Bitrix24 portal; deals are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from include.connectors.protocol import RequestRefused
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
DEALS = "/rest/crm.deal.list"
APPLICATION = {
    "client_id": "local.demo",
    "client_secret": "demo-secret",
    "refresh_token": "demo-refresh",
}
LEFT_OUT = (
    "deal_contact",
    "activity",
    "invoice",
    "lead",
    "lead_scan",
    "company",
    "company_scan",
    "custom_field",
)
"""Read in the same way as what is left: a quicker suite."""
REASONS = {
    situations.DST: "the portal says every instant with its own offset, which never changes",
    situations.VAT: "the money of a deal has no VAT basis here; invoices are gross",
    situations.DUPLICATE_PAGE: "pages go on after the last id, so no row can come twice",
}


def make_deal(number: int, **changes: Any) -> dict[str, Any]:
    """A deal of ten days ago."""
    changed = NOON - timedelta(days=10) + timedelta(seconds=number % 1000)
    return {
        "crm": "bitrix24",
        "deal_id": number,
        "title": f"Deal {number}",
        "lead_id": 0,
        "contact_id": 0,
        "company_id": 0,
        "pipeline_id": 1,
        "stage_id": "new",
        "amount_micros": 1_000_000_000 + 10_000 * (number % 1000),
        "currency_code": "RUB",
        "metrica_client_id": 0,
        "lost_reason": "",
        "manager_id": 1,
        "created_at": changed,
        "updated_at": changed,
        "merged_into_id": 0,
    } | changes


def make_world(*deals: Mapping[str, Any]) -> World:
    """A portal of these deals and whatever they need."""
    return World.of(
        crm_manager=[{"crm": "bitrix24", "manager_id": 1, "first_name": "Anna", "is_active": True}],
        crm_pipeline=[{"crm": "bitrix24", "pipeline_id": 1, "name": "Sales", "sort": 10}],
        crm_stage=[
            {
                "crm": "bitrix24",
                "pipeline_id": 1,
                "stage_id": word,
                "name": word,
                "sort": sort,
                "semantics": semantics,
            }
            for sort, (word, semantics) in enumerate([("new", "open"), ("won", "won")])
        ],
        crm_deal=list(deals),
    )


def tell(deal: Mapping[str, Any], **changes: Any) -> Row:
    """A deal of the world in the terms of the comparison."""
    deal = {**deal, **changes}
    return (
        deal["deal_id"],
        deal["title"],
        Decimal(deal["amount_micros"]).scaleb(-6).quantize(Decimal("0.01")),
        deal["currency_code"],
        deal["created_at"],
        deal["updated_at"],
    )


def play_deals(deals: Sequence[Mapping[str, Any]], **more: Any) -> Play:
    """All these deals, and all of them expected."""
    return Play(make_world(*deals), [tell(deal) for deal in deals], **more)


def change_to(*deals: Mapping[str, Any]) -> Any:
    """An hour later the portal holds these deals."""

    def change(stage: Stage) -> None:
        stage.world = make_world(*deals)
        stage.clock.advance(3600)

    return change


def spoil(kind: str, count: int = 1, skip: int = 0, **values: Any) -> Fault:
    """A fault of the lists of deals."""
    return Fault(kind, "bitrix24", DEALS, count, skip, values)


class Bitrix24Case:
    """One portal read through a webhook."""

    source = "bitrix24"
    account = "acme.bitrix24.ru"
    credentials: Mapping[str, str] = {"login": "1", "token": "demo-webhook"}
    options: Mapping[str, Any] = {"history_from": "2026-10-25", "leave_out": list(LEFT_OUT)}
    now = NOON
    resource = "deal"
    page_path = "/batch"
    secrets = ("demo-webhook", "demo-secret", "demo-refresh")

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """The newest version of each deal."""
        newest: dict[int, dict[str, Any]] = {}
        for row in live.to_pylist():
            held = newest.get(row["deal_id"])
            order = (row["updated_at"], row["_pulled_at"])
            if held is None or order >= (held["updated_at"], held["_pulled_at"]):
                newest[row["deal_id"]] = row
        names = ("deal_id", "title", "opportunity_amount", "currency_code")
        instants = ("created_at", "updated_at")
        return [
            (*(row[name] for name in names), *(row[name].astimezone(UTC) for name in instants))
            for row in newest.values()
        ]

    def other_account(self) -> Any:
        """A portal is an address of its own; the stand-in is one."""
        return "each portal has an address of its own"

    def play(self, situation: str) -> Play | str:
        """How a situation looks here."""
        if situation in REASONS:
            return REASONS[situation]
        return _PLAYS[situation]()


def _plain(**more: Any) -> Play:
    return play_deals([make_deal(number) for number in (1, 2, 3)], **more)


def _restated() -> Play:
    old = make_deal(2)
    new = old | {"amount_micros": 7_770_000, "updated_at": NOON + timedelta(minutes=30)}
    kept = [make_deal(1), make_deal(3)]
    return play_deals(
        [*kept, old],
        later=change_to(*kept, new),
        expected_later=[tell(deal) for deal in (*kept, new)],
    )


def _late() -> Play:
    """A change told with a clock that runs five minutes behind ours."""
    first, late = make_deal(1), make_deal(2, updated_at=NOON - timedelta(minutes=5))
    return play_deals(
        [first], later=change_to(first, late), expected_later=[tell(first), tell(late)]
    )


def _deleted() -> Play:
    """Its last version stays; that it is gone is what the next scan says."""
    kept, gone = make_deal(1), make_deal(2)
    after = gone | {"deleted_at": NOON + timedelta(minutes=10)}
    return play_deals(
        [kept, gone], later=change_to(kept, after), expected_later=[tell(kept), tell(gone)]
    )


def _merged() -> Play:
    winner, loser = make_deal(1), make_deal(2)
    merged_at = NOON + timedelta(minutes=10)
    after = loser | {"deleted_at": merged_at, "merged_into_id": 1}
    return play_deals(
        [winner, loser],
        later=change_to(winner, after),
        expected_later=[tell(winner, updated_at=merged_at), tell(loser)],
    )


def _wrong_type() -> Play:
    deals = [make_deal(number) for number in (1, 2, 3)]
    fault = spoil("broken_value", 1, 1, field="OPPORTUNITY", value="much")
    return Play(make_world(*deals), [tell(d) for d in deals[1:]], faults=[fault], rejected=1)


def _midnight() -> Play:
    midnight = datetime(2026, 11, 14, 21, tzinfo=UTC)
    edges = [midnight - timedelta(seconds=1), midnight]
    return play_deals([make_deal(n, created_at=at, updated_at=at) for n, at in enumerate(edges, 1)])


def _empty_span() -> Play:
    old = NOON - timedelta(days=20)
    deals = [make_deal(1, created_at=old, updated_at=old), make_deal(2)]
    return play_deals(deals, options={"window_days": 5})


_PLAYS = {
    situations.PLAIN: _plain,
    situations.MANY_PAGES: lambda: play_deals([make_deal(n) for n in range(1, 121)]),
    situations.FULL_LAST_PAGE: lambda: play_deals([make_deal(n) for n in range(1, 101)]),
    situations.EMPTY_DAY: _empty_span,
    situations.NOTHING_AT_ALL: lambda: Play(World.of()),
    situations.UNICODE: lambda: play_deals(
        [make_deal(1, title='Сделка «А»\t\n"x" 🚀 \u0001 \u202e')]
    ),
    situations.HUGE_NUMBER: lambda: play_deals(
        [make_deal(9_007_199_254_740_993, amount_micros=9_000_000_000_000_990_000)]
    ),
    situations.ZONE_EDGE: _midnight,
    situations.CURRENCY: lambda: play_deals([make_deal(1, currency_code="USD")]),
    situations.RESTATED: _restated,
    situations.LATE_ROW: _late,
    situations.DELETED: _deleted,
    situations.MERGED: _merged,
    situations.CLOCK_SKEW: _late,
    situations.UNKNOWN_FIELD: lambda: _plain(
        faults=[spoil("renamed_field", 2, **{"from": "LOCATION_ID", "to": "NEW_FIELD"})],
        finding="unknown field NEW_FIELD",
    ),
    situations.UNKNOWN_VALUE: lambda: _plain(
        faults=[spoil("broken_value", 1, 1, field="STAGE_SEMANTIC_ID", value="X")],
        finding="unknown value X of STAGE_SEMANTIC_ID",
    ),
    situations.MISSING_FIELD: lambda: _plain(
        faults=[spoil("renamed_field", 500, **{"from": "STAGE_ID", "to": "STEP"})],
        error=RequestRefused,
        error_says="STAGE_ID",
    ),
    situations.WRONG_TYPE: _wrong_type,
    situations.ERROR_IN_200: lambda: _plain(faults=[spoil("error", code="INTERNAL_SERVER_ERROR")]),
    situations.QUOTA: lambda: _plain(knobs={"bitrix24.bucket_size": 5}),
    situations.EXPIRED_TOKEN: lambda: _plain(
        credentials=APPLICATION, faults=[spoil("expired_token")]
    ),
    situations.ROTATED_TOKEN: lambda: _plain(
        credentials=APPLICATION, faults=[spoil("expired_token"), spoil("expired_token", 1, 3)]
    ),
    situations.ZERO_ROWS: lambda: _plain(faults=[spoil("zero_rows")]),
}
CASE = Bitrix24Case()
