"""The statement of the media mix: what it hands to the model of rows of core."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from include.contracts.reader import read_catalog
from include.warehouse import run_sql, seeds
from include.warehouse.client import ClickHouseTarget, connect
from tests.sql_case_runner import DEFAULT_PARAMETERS, CaseRunner

pytestmark = pytest.mark.engine

NEW_YEAR, NEXT = date(2026, 1, 1), date(2026, 1, 2)
COST = {"source": "files", "account_id": "a", "currency_code": "RUB", "vat_basis": "net"}
DEAL = {"status": "won", "won_date": "2026-01-11", "currency_code": "RUB", "vat_basis": "gross"}
GIVEN = {
    "core.core_ad_spend_daily": [
        {**COST, "stats_date": "2026-01-01", "channel": "display", "campaign_id": "1",
         "cost_net_amount": "10", "cost_gross_amount": "12"},
        {**COST, "stats_date": "2026-01-01", "channel": "display", "campaign_id": "2",
         "cost_net_amount": "5", "cost_gross_amount": "6"},
        {**COST, "stats_date": "2026-01-02", "channel": "display", "campaign_id": "1",
         "cost_net_amount": "5", "cost_gross_amount": "6"},
        {**COST, "stats_date": "2026-01-02", "channel": "display", "campaign_id": "2"},
        {**COST, "stats_date": "2026-01-01", "channel": "email", "cost_gross_amount": "6"},
    ],
    "core.core_lead": [
        {"lead_key": "l", "created_date": "2026-01-01", "currency_code": "RUB"},
        {"lead_key": "m", "created_date": "2026-01-01", "currency_code": "RUB"},
        {"lead_key": "n", "created_date": None, "currency_code": "RUB"},
    ],
    "core.core_deal": [
        {**DEAL, "deal_key": "d", "lead_key": "l", "created_at": "2026-01-05 10:00:00",
         "revenue_amount": "100.00"},
        {**DEAL, "deal_key": "e", "lead_key": None, "created_at": "2026-01-01 22:00:00",
         "revenue_amount": "300.00"},
        {**DEAL, "deal_key": "f", "lead_key": "m", "created_at": "2026-01-05 10:00:00",
         "status": "lost"},
    ],
    "seeds.spend_experiments": [
        {"experiment_id": "x", "channel": "display", "currency_code": "", "date_from": "2026-01-01",
         "date_to": "2026-01-02", "spend_factor": 2.0, "lift_enquiries": 3.5,
         "lift_standard_error": None, "reason": "r"},
    ],
}  # fmt: skip
NOTHING = (None, None, None)


def test_cost_is_on_the_basis_of_revenue_and_deals_are_dated_by_their_enquiry(
    house_target: ClickHouseTarget, project_root: Path
) -> None:
    sql_root = project_root / "sql"
    with connect(house_target) as client:
        catalog = read_catalog(sql_root)
        seeds.load(client, catalog, sql_root / "seeds")
        runner = CaseRunner(client, catalog, sql_root)
        runner.clear()
        for name, rows in GIVEN.items():
            runner.give(name, rows)
        statement = run_sql.read_statement(sql_root / "core" / "core_media_mix.sql").text
        parameters = {"business_zone": DEFAULT_PARAMETERS["business_zone"]}
        rows = client.query(statement, parameters=parameters).result_rows
        runner.clear()
    assert sorted(rows, key=repr) == sorted(
        [
            ("cost", "RUB", "display", NEW_YEAR, None, 18.0, None, None),
            # a part of the second day's cost is unknown, and so is the day's
            ("cost", "RUB", "display", NEXT, *NOTHING, None),
            ("enquiries", "RUB", "", NEW_YEAR, None, 2.0, None, None),
            ("wins", "RUB", "", NEW_YEAR, None, 1.0, None, None),
            # made in the evening of the first day in UTC: in Moscow it was the second already
            ("wins", "RUB", "", NEXT, None, 1.0, None, None),
            ("money", "RUB", "gross", NEW_YEAR, None, 200.0, 100.0, 10.0),
            ("experiment", "", "display", NEW_YEAR, NEXT, 2.0, 3.5, None),
        ],
        key=repr,
    )
