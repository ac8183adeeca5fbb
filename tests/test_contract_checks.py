"""The checks that guard publication see the very defect each is named for.

A check that cannot fail guards nothing: each runs once on rows that hold the promise and once on
rows that break it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.warehouse import seeds
from include.warehouse.client import ClickHouseTarget, connect
from tests.attribution_promises import ATTRIBUTION_PROMISES
from tests.contract_promise import Promise, Rows
from tests.sql_case_runner import CaseRunner

SQL_ROOT = Path(__file__).resolve().parent.parent / "sql"

pytestmark = pytest.mark.engine


_DEAL = {"deal_key": "d", "status": "won", "won_date": "2026-01-02", "revenue_amount": "10.00"}
_SPEND = {"stats_date": "2026-01-01", "channel": "email", "currency_code": "RUB"}
_SIGNAL = '["email",null,null,"absent"]'

PROMISES = [
    *ATTRIBUTION_PROMISES,
    Promise(
        "core.core_person_component",
        "one_component_per_identifier",
        [{"identifier_key": "h", "record_key": r, "component_key": "c"} for r in ("a", "b")],
        [{"identifier_key": "h", "record_key": r, "component_key": r} for r in ("a", "b")],
    ),
    Promise(
        "core.core_person_cluster",
        "one_cluster_per_identifier",
        [{"identifier_key": "h", "record_key": r, "component_key": "c"} for r in ("a", "b")],
        [{"identifier_key": "h", "record_key": r, "component_key": r} for r in ("a", "b")],
    ),
    Promise(
        "core.core_person_cluster",
        "nobody_is_lost",
        [
            {"record_key": "a", "identifier_kind": "phone"},
            {"record_key": "a", "identifier_kind": "lone_name"},
        ],
        [{"record_key": "a", "identifier_kind": "lone_name"}],
        {"core.core_person_component": [{"record_key": "a", "identifier_kind": "phone"}]},
    ),
    Promise(
        "core.core_person_link",
        "one_person_per_identifier",
        [{"identifier_key": "h", "record_key": r, "person_key": "p"} for r in ("a", "b")],
        [{"identifier_key": "h", "record_key": r, "person_key": r} for r in ("a", "b")],
    ),
    Promise(
        "core.core_person_link",
        "one_person_per_record",
        [{"identifier_key": i, "record_key": "r", "person_key": "p"} for i in ("a", "b")],
        [{"identifier_key": i, "record_key": "r", "person_key": i} for i in ("a", "b")],
    ),
    Promise(
        "core.core_person_link",
        "no_record_is_lost",
        [{"record_kind": "lead", "record_key": "lead:files:a:1"}],
        [{"record_kind": "lead", "record_key": "lead:files:a:2"}],
        {"stg.stg_identity_record": [{"record_key": "lead:files:a:1"}]},
    ),
    Promise(
        "core.core_company_link",
        "one_company_per_identifier",
        [{"identifier_key": "h", "record_key": r, "company_key": "c"} for r in ("a", "b")],
        [{"identifier_key": "h", "record_key": r, "company_key": r} for r in ("a", "b")],
    ),
    Promise(
        "core.core_company_component",
        "one_component_per_identifier",
        [{"identifier_key": "h", "record_key": r, "component_key": "c"} for r in ("a", "b")],
        [{"identifier_key": "h", "record_key": r, "component_key": r} for r in ("a", "b")],
    ),
    Promise(
        "core.core_company_link",
        "one_company_per_record",
        [{"identifier_key": i, "record_key": "r", "company_key": "c"} for i in ("a", "b")],
        [{"identifier_key": i, "record_key": "r", "company_key": i} for i in ("a", "b")],
    ),
    Promise(
        "core.core_company_link",
        "no_company_is_lost",
        [{"record_key": "company:1"}],
        [{"record_key": "company:2"}],
        {"stg.stg_company_record": [{"record_key": "company:1"}]},
    ),
    Promise(
        "core.core_lead",
        "no_lead_is_lost_or_doubled",
        [{"lead_key": "1"}],
        [{"lead_key": "1"}, {"lead_key": "1"}],
        {"stg.stg_files__lead": [{"account_id": "a", "lead_id": "1"}]},
    ),
    Promise(
        "core.core_call",
        "no_call_is_lost_or_doubled",
        [{"call_key": "1"}],
        [{"call_key": "1"}, {"call_key": "1"}],
        {"stg.stg_uis__call": [{"account_id": "a", "call_id": "1"}]},
    ),
    Promise(
        "core.core_deal",
        "no_deal_is_lost_or_doubled",
        [{"deal_key": "1"}],
        [],
        {"stg.stg_files__deal": [{"account_id": "a", "deal_id": "1"}]},
    ),
    Promise(
        "core.core_deal",
        "only_won_deals_earn",
        [{**_DEAL, "status": "lost", "revenue_amount": None}],
        [{**_DEAL, "status": "lost"}],
    ),
    Promise(
        "core.core_deal",
        "customer_revenue_is_counted_once",
        [
            {"deal_key": "1", "customer_id": "c", "revenue_source": "customer_revenue"},
            {**_DEAL, "customer_id": "c", "revenue_source": "customer_revenue"},
        ],
        [
            {**_DEAL, "deal_key": key, "customer_id": "c", "revenue_source": "customer_revenue"}
            for key in ("1", "2")
        ],
    ),
    Promise(
        "core.core_ad_spend_daily",
        "union_equals_direct",
        [{**_SPEND, "source": "yandex_direct", "cost_amount": "5", "clicks": 2}],
        [{**_SPEND, "source": "yandex_direct", "cost_amount": "10", "clicks": 4}],
        {"stg.stg_yandex_direct__ad_spend_daily": [{"cost_amount": "5", "clicks": 2}]},
    ),
    Promise(
        "core.core_ad_spend_daily",
        "union_equals_files",
        [{**_SPEND, "source": "files", "cost_amount": "5"}],
        [{**_SPEND, "source": "files", "cost_amount": "4.999999"}],
        {"stg.stg_files__ad_spend_daily": [{"cost_amount": "5"}]},
    ),
    Promise(
        "core.core_ad_spend_daily",
        "net_is_not_above_gross",
        [{**_SPEND, "cost_amount": "5", "cost_net_amount": "5", "cost_gross_amount": "5"}],
        [{**_SPEND, "cost_amount": "5", "cost_net_amount": "6", "cost_gross_amount": "5"}],
    ),
    Promise(
        "core.core_person",
        "every_lead_counts_once",
        [{"person_key": "p", "lead_count": 1}],
        [{"person_key": "p", "lead_count": 2}],
        {"stg.stg_identity_record": [{"record_kind": "lead", "record_key": "l"}]},
    ),
    Promise(
        "core.core_channel_assignment",
        "every_signal_has_a_channel",
        [{"signal_key": _SIGNAL}],
        [],
        {"stg.stg_files__lead": [{"lead_id": "1", "signal_key": _SIGNAL}]},
    ),
    Promise(
        "mart.mart_channel_performance_daily",
        "clicks_and_known_cost_are_conserved",
        [{**_SPEND, "cost_net_amount": "5"}],
        [{**_SPEND, "cost_net_amount": "10"}],
        {"core.core_ad_spend_daily": [{**_SPEND, "cost_net_amount": "5"}]},
    ),
    Promise(
        "mart.mart_channel_performance_daily",
        "leads_are_conserved",
        [{**_SPEND, "leads": 1}],
        [{**_SPEND, "leads": 2}],
        {"core.core_lead": [{"lead_key": "1", "created_date": "2026-01-01"}]},
    ),
    *[
        Promise(
            "mart.mart_channel_performance_daily",
            "revenue_is_conserved",
            [{f"revenue_{m}_amount": "10" for m in ("first", "last", "linear")}],
            [{f"revenue_{m}_amount": "10" for m in ("first", "last", "linear") if m != model}],
            {"core.core_deal": [_DEAL]},
        )
        for model in ("first", "last", "linear")
    ],
    Promise(
        "mart.mart_channel_performance_daily",
        "deals_are_conserved",
        [{"deals_won": 1}],
        [{"deals_won": 2}],
        {"core.core_deal": [_DEAL]},
    ),
    Promise(
        "mart.mart_funnel_cohort_daily",
        "leads_are_conserved",
        [{"leads": 1}],
        [],
        {"core.core_lead": [{"lead_key": "1", "created_date": "2026-01-01"}]},
    ),
    Promise(
        "mart.mart_funnel_cohort_daily",
        "revenue_is_conserved",
        [{"deals_won": 1, "revenue_amount": "10.00"}],
        [{"deals_won": 1, "revenue_amount": "20.00"}],
        {
            "core.core_lead": [{"lead_key": "l", "created_date": "2026-01-01"}],
            "core.core_deal": [{**_DEAL, "lead_key": "l"}],
        },
    ),
    Promise(
        "core.core_touch",
        "whoever_is_no_person_is_a_visitor",
        [
            {"touch_key": "of a person", "person_key": "p"},
            {"touch_key": "of nobody", "person_key": "visitor:metrica_client_id:6"},
        ],
        [{"touch_key": "of whom?", "person_key": "no person"}],
        {"core.core_person": [{"person_key": "p"}]},
    ),
    Promise(
        "core.core_touch",
        "whoever_is_no_person_is_a_visitor",
        [{"touch_key": "of a person", "person_key": "p"}],
        [{"touch_key": "of a person", "person_key": "visitor:metrica_client_id:6"}],
        {
            "core.core_person": [
                {"person_key": "p"},
                {"person_key": "visitor:metrica_client_id:6"},
            ]
        },
    ),
    Promise(
        "stg.stg_contact_key",
        "refused_or_hashed_never_both",
        [{"kind": "phone", "key_hash": "h"}, {"kind": "email", "reject_reason": "empty"}],
        [{"kind": "phone", "key_hash": "h", "reject_reason": "empty"}],
    ),
    Promise(
        "stg.stg_yandex_direct__ad_spend_daily",
        "one_vat_basis_per_day",
        [{"account_id": "a", "stats_date": "2026-01-01", "vat_basis": "net"}],
        [
            {"account_id": "a", "stats_date": "2026-01-01", "vat_basis": basis}
            for basis in ("net", "gross")
        ],
    ),
    Promise(
        "stg.stg_files__customer_revenue",
        "periods_do_not_overlap",
        [
            {"customer_id": "c", "period_from": "2026-01-01", "period_to": "2026-02-01"},
            {"customer_id": "c", "period_from": "2026-02-01", "period_to": "2026-03-01"},
        ],
        [
            {"customer_id": "c", "period_from": "2026-01-01", "period_to": "2026-02-01"},
            {"customer_id": "c", "period_from": "2026-01-31", "period_to": "2026-03-01"},
        ],
    ),
    Promise(
        "seeds.vat_rates",
        "spans_do_not_overlap",
        [
            {"rate_id": "a", "valid_from": "2020-01-01", "valid_to": "2026-01-01"},
            {"rate_id": "b", "valid_from": "2026-01-01"},
        ],
        [
            {"rate_id": "a", "valid_from": "2020-01-01"},
            {"rate_id": "b", "valid_from": "2026-01-01"},
        ],
    ),
]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read_catalog(SQL_ROOT)


@pytest.fixture(scope="module")
def runner(house_target: ClickHouseTarget, catalog: Catalog) -> Iterator[CaseRunner]:
    client = connect(house_target)
    seeds.load(client, catalog, SQL_ROOT / "seeds")
    yield CaseRunner(client, catalog, SQL_ROOT)
    client.close()


@pytest.mark.parametrize("promise", PROMISES, ids=[f"{p.table}-{p.check}" for p in PROMISES])
def test_the_check_is_quiet_on_sound_rows_and_sees_its_defect(
    runner: CaseRunner, house_target: ClickHouseTarget, catalog: Catalog, promise: Promise
) -> None:
    assert _unexpected(runner, house_target, catalog, promise, promise.sound) == 0
    assert _unexpected(runner, house_target, catalog, promise, promise.broken) > 0


def _unexpected(
    runner: CaseRunner, target: ClickHouseTarget, catalog: Catalog, promise: Promise, rows: Rows
) -> int:
    runner.clear()
    for name, given in {**promise.beside, promise.table: rows}.items():
        runner.give(name, given)
    (check,) = [c for c in catalog.table(promise.table).checks if c.id == promise.check]
    client = connect(target)
    query = check.arguments[0].replace("{table}", promise.table)
    count = client.query(f"select count() from ({query})").result_rows[0][0]
    client.close()
    return count


def test_every_check_that_stops_publication_has_a_planted_defect(catalog: Catalog) -> None:
    planted = {(promise.table, promise.check) for promise in PROMISES}
    guarding = {
        (table.full_name, check.id)
        for table in catalog
        for check in table.checks
        if table.database in ("core", "mart")
        and check.form == "unexpected_rows"
        and check.severity == "fail"
    }
    missing = sorted(guarding - planted)
    assert not missing, f"plant a defect in PROMISES for: {missing}"
