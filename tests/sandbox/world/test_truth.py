"""Truth agrees with the tables it is the truth of."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.sandbox.world.business_lines import CHANNELS, LINES
from include.sandbox.world.channels import PAID, RUB_PER_USD
from include.sandbox.world.truth_tables import TRUTH_TABLES
from tests.sandbox.world.small_world import small_world

SITE_OF_TRACKER = {line.tracker: line.site for line in LINES}


def truth(name: str) -> pa.Table:
    """A table of the small world's truth."""
    return small_world()[1].table(name)


def table(name: str) -> pa.Table:
    """A table of the small world."""
    return small_world()[0].table(name)


def owners(kind: str) -> dict[tuple[str, str], int]:
    """(scope, value) → person_id of the identifiers of a kind."""
    rows = truth("identifier").filter(pc.equal(truth("identifier")["kind"], kind)).to_pylist()
    found = {(row["scope"], row["value"]): row["person_id"] for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("name", sorted(TRUTH_TABLES))
def test_every_table_of_truth_has_its_columns_and_rows(name: str) -> None:
    assert truth(name).schema.equals(TRUTH_TABLES[name])
    assert len(truth(name))


@pytest.mark.parametrize(
    ("kind", "name", "scope", "key"),
    [
        ("visit", "visit", "site", "visit_id"),
        ("ga_client_id", "visit", "site", "ga_client_id"),
        ("metrica_client_id", "visit", "site", "metrica_client_id"),
        ("click_id", "visit", "click_id_kind", "click_id"),
        ("call", "call", "tracker", "call_id"),
        ("form_request", "form_request", "tracker", "request_id"),
        ("chat", "chat", "tracker", "chat_id"),
        ("lead", "crm_lead", "crm", "lead_id"),
        ("deal", "crm_deal", "crm", "deal_id"),
        ("contact", "crm_contact", "crm", "contact_id"),
    ],
)
def test_truth_knows_whose_every_identifier_is(kind: str, name: str, scope: str, key: str) -> None:
    known = owners(kind)
    for row in table(name).select([scope, key]).to_pylist():
        if row[key]:
            assert (row[scope], str(row[key])) in known


def test_truth_knows_every_phone_that_called() -> None:
    known = owners("phone")
    assert all(("", phone) in known for phone in table("call")["caller_phone"].to_pylist())


def test_a_switchboard_is_of_several_people_and_a_mobile_of_one() -> None:
    counts = Counter(min(person, 1) for person in owners("phone").values())
    assert counts[-1] == len(truth("company"))
    assert counts[1] == len(truth("person"))
    assert counts[0] > 0


def test_some_browsers_are_shared_by_families_and_most_are_not() -> None:
    people = owners("call_visitor_id").values()
    shared = sum(person == -1 for person in people)
    assert 0 <= shared < 0.1 * len(people)


def test_a_touch_and_its_visit_are_of_the_same_person() -> None:
    site_of = dict(zip(*[table("visit")[c].to_pylist() for c in ("visit_id", "site")], strict=True))
    known = owners("visit")
    seen = [row for row in truth("touch").to_pylist() if row["visit_id"]]
    assert len(seen) > 2_000
    for row in seen:
        visit = row["visit_id"]
        assert known[site_of[visit], str(visit)] == row["person_id"]


def test_only_touches_of_won_journeys_were_needed() -> None:
    won = {row["journey_id"] for row in truth("journey").to_pylist() if row["is_won"]}
    needed = [row["journey_id"] for row in truth("touch").to_pylist() if row["was_needed"]]
    assert needed
    assert set(needed) <= won


def test_a_deal_belongs_to_one_journey_and_its_money_is_counted_once() -> None:
    rows = [row for row in truth("journey").to_pylist() if row["deal_id"]]
    assert max(Counter((row["crm"], row["deal_id"]) for row in rows).values()) == 1
    payments = table("payment")
    paid = pc.sum(pc.subtract(payments["amount_micros"], payments["vat_micros"])).as_py()
    assert sum(row["paid_micros"] for row in rows) <= paid


def test_incremental_deals_are_won_deals_and_only_bought_channels_cost() -> None:
    won = pc.sum(truth("journey")["is_won"]).as_py()
    effects = {row["channel"]: row for row in truth("channel_effect").to_pylist()}
    assert set(effects) == set(CHANNELS)
    for channel, row in effects.items():
        assert 0 <= row["incremental_deals"] <= won
        assert (row["cost_micros"] > 0) == (channel in PAID)
        assert (row["saturation_spend_micros"] > 0) == (channel in PAID)
    assert effects["paid_search"]["incremental_deals"] > 0


def test_the_final_figures_are_the_sums_of_the_ad_stats() -> None:
    for name in ("cost_micros", "clicks", "conversions"):
        assert pc.sum(truth("final_figure")[name]) == pc.sum(table("ad_stats")[name])


def test_every_incident_is_within_the_span_and_named_once() -> None:
    world, _ = small_world()
    rows = truth("incident").to_pylist()
    assert len({row["incident_id"] for row in rows}) == len(rows)
    for row in rows:
        assert world.starts_on <= row["date_from"] < row["date_to"] <= world.ends_on


def test_a_bought_channel_costs_what_its_ads_cost_in_rubles() -> None:
    channel_of = dict(
        zip(*[table("campaign")[c].to_pylist() for c in ("campaign_id", "channel")], strict=True)
    )
    dollars = {
        (row["vendor"], row["account_id"])
        for row in table("ad_account").to_pylist()
        if row["currency_code"] == "USD"
    }
    cost: Counter[str] = Counter()
    for row in table("ad_stats").to_pylist():
        rate = RUB_PER_USD if (row["vendor"], row["account_id"]) in dollars else 1
        cost[channel_of[row["campaign_id"]]] += row["cost_micros"] * rate
    told = {row["channel"]: row["cost_micros"] for row in truth("channel_effect").to_pylist()}
    assert len(cost) == 4
    for channel, micros in cost.items():
        assert told[channel] == pytest.approx(micros, rel=1e-3)
