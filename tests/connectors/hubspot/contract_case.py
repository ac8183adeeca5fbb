"""How the situations of the shared suite look at a HubSpot portal; deals are compared."""

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

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DEALS = "/objects/deals/search"
APPLICATION = {
    "client_id": "demo-app",
    "client_secret": "demo-secret",
    "refresh_token": "demo-refresh",
}
LEFT_OUT = (
    "call",
    "email",
    "product",
    "task",
    "meeting",
    "line_item",
    "invoice",
    "lead",
    "lead_scan",
    "company",
    "company_scan",
)
"""Read in the same way as what is left: a quicker suite."""
REASONS = {
    situations.VAT: "the money of a deal has no VAT basis at the vendor",
    situations.DUPLICATE_PAGE: "pages go on after the last id, so no row can come twice",
    situations.ERROR_IN_200: "errors have a status of their own; 207 only tells what is not there",
    situations.ROTATED_TOKEN: "the vendor keeps the refresh token when it gives an access token",
}


def make_deal(number: int, **changes: Any) -> dict[str, Any]:
    """A deal of ten days ago."""
    changed = NOON - timedelta(days=10) + timedelta(seconds=number % 1000)
    return {
        "crm": "hubspot",
        "deal_id": number,
        "title": f"Deal {number}",
        "lead_id": 0,
        "contact_id": 0,
        "company_id": 0,
        "pipeline_id": 0,
        "stage_id": "new",
        "amount_micros": 1_000_000_000 + 10_000 * (number % 1000),
        "currency_code": "USD",
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
        crm_manager=[{"crm": "hubspot", "manager_id": 1, "first_name": "Anna", "is_active": True}],
        crm_pipeline=[{"crm": "hubspot", "pipeline_id": 0, "name": "Sales", "sort": 10}],
        crm_stage=[
            {
                "crm": "hubspot",
                "pipeline_id": 0,
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
        Decimal(deal["amount_micros"]).scaleb(-6).quantize(Decimal("0.0001")),
        deal["currency_code"],
        deal["created_at"],
        deal["updated_at"],
        bool(deal.get("deleted_at")),
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
    return Fault(kind, "hubspot", DEALS, count, skip, values)


class HubSpotCase:
    """One portal read by a private app."""

    source = "hubspot"
    account = "62515"
    credentials: Mapping[str, str] = {"token": "demo-token"}
    options: Mapping[str, Any] = {"history_from": "2026-10-25", "leave_out": list(LEFT_OUT)}
    now = NOON
    resource = "deal"
    page_path = DEALS
    secrets = ("demo-token", "demo-secret", "demo-refresh")

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """The newest version of each deal that was not merged away."""
        newest: dict[int, dict[str, Any]] = {}
        for row in live.to_pylist():
            held = newest.get(row["deal_id"])
            order = (row["updated_at"], row["_pulled_at"])
            if held is None or order >= (held["updated_at"], held["_pulled_at"]):
                newest[row["deal_id"]] = row
        names = ("deal_id", "title", "deal_amount", "currency_code")
        instants = ("created_at", "updated_at")
        merged = {number for row in newest.values() for number in row["merged_ids"]}
        return [
            (
                *(row[name] for name in names),
                *(row[name].astimezone(UTC) for name in instants),
                row["is_deleted"],
            )
            for number, row in newest.items()
            if number not in merged
        ]

    def other_account(self) -> Any:
        """A token belongs to one portal."""
        return "a token belongs to one portal, and the stand-in is one"

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
    """Archived: it comes once more, with the instant of its archiving."""
    kept, gone = make_deal(1), make_deal(2)
    deleted_at = NOON + timedelta(minutes=10)
    after = gone | {"deleted_at": deleted_at}
    return play_deals(
        [kept, gone],
        later=change_to(kept, after),
        expected_later=[tell(kept), tell(after, updated_at=deleted_at)],
    )


def _merged() -> Play:
    """The loser vanishes; the survivor names it."""
    winner, loser = make_deal(1), make_deal(2)
    merged_at = NOON + timedelta(minutes=10)
    after = loser | {"deleted_at": merged_at, "merged_into_id": 1}
    return play_deals(
        [winner, loser],
        later=change_to(winner, after),
        expected_later=[tell(winner, updated_at=merged_at)],
    )


def _wrong_type() -> Play:
    deals = [make_deal(number) for number in (1, 2, 3)]
    fault = spoil("broken_value", field="amount", value="much")
    return Play(make_world(*deals), [tell(d) for d in deals[1:]], faults=[fault], rejected=1)


def _edges(edge: datetime) -> Play:
    """One deal a second before and one at the edge."""
    instants = [edge - timedelta(seconds=1), edge]
    return play_deals(
        [make_deal(n, created_at=at, updated_at=at) for n, at in enumerate(instants, 1)]
    )


def _unknown_source() -> Play:
    contact = {
        "crm": "hubspot",
        "contact_id": 21,
        "company_id": 0,
        "first_name": "Jane",
        "phones": [],
        "emails": [],
        "metrica_client_id": 0,
        "created_at": NOON - timedelta(days=5),
        "updated_at": NOON - timedelta(days=5),
        "merged_into_id": 0,
    }
    deal = make_deal(1)
    tables = dict(make_world(deal).tables)
    world = World.of(
        crm_deal=[deal],
        crm_contact=[contact],
        crm_pipeline=tables["crm_pipeline"].to_pylist(),
        crm_stage=tables["crm_stage"].to_pylist(),
    )
    values = {"field": "hs_analytics_source", "value": "TELEPATHY"}
    fault = Fault("broken_value", "hubspot", "/objects/contacts/search", 1, 0, values)
    return Play(
        world, [tell(deal)], faults=[fault], finding="unknown value TELEPATHY of hs_analytics"
    )


def _empty_span() -> Play:
    old = NOON - timedelta(days=20)
    deals = [make_deal(1, created_at=old, updated_at=old), make_deal(2)]
    return play_deals(deals, options={"window_days": 5})


_PLAYS = {
    situations.PLAIN: _plain,
    situations.MANY_PAGES: lambda: play_deals([make_deal(n) for n in range(1, 451)]),
    situations.FULL_LAST_PAGE: lambda: play_deals([make_deal(n) for n in range(1, 401)]),
    situations.EMPTY_DAY: _empty_span,
    situations.NOTHING_AT_ALL: lambda: Play(World.of()),
    situations.UNICODE: lambda: play_deals(
        [make_deal(1, title='Сделка «А»\t\n"x" 🚀 \u0001 \u202e')]
    ),
    situations.HUGE_NUMBER: lambda: play_deals(
        [make_deal(9_007_199_254_740_993, amount_micros=9_000_000_000_000_990_000)]
    ),
    situations.ZONE_EDGE: lambda: _edges(datetime(2026, 11, 14, tzinfo=UTC)),
    situations.DST: lambda: _edges(datetime(2026, 11, 1, 6, tzinfo=UTC)),
    situations.CURRENCY: lambda: play_deals([make_deal(1, currency_code="EUR")]),
    situations.RESTATED: _restated,
    situations.LATE_ROW: _late,
    situations.DELETED: _deleted,
    situations.MERGED: _merged,
    situations.CLOCK_SKEW: _late,
    situations.UNKNOWN_FIELD: lambda: _plain(
        faults=[spoil("renamed_field", 1, **{"from": "closed_won_reason", "to": "new_field"})],
        finding="unknown field new_field",
    ),
    situations.UNKNOWN_VALUE: _unknown_source,
    situations.MISSING_FIELD: lambda: _plain(
        faults=[spoil("renamed_field", 500, **{"from": "dealstage", "to": "step"})],
        error=RequestRefused,
        error_says="dealstage",
    ),
    situations.WRONG_TYPE: _wrong_type,
    situations.QUOTA: lambda: _plain(
        knobs={"hubspot.ten_seconds_max": 5, "hubspot.searches_per_second": 1}
    ),
    situations.EXPIRED_TOKEN: lambda: _plain(
        credentials=APPLICATION, faults=[spoil("expired_token")]
    ),
    situations.ZERO_ROWS: lambda: _plain(faults=[spoil("zero_rows")]),
}
CASE = HubSpotCase()
