"""What the three CRMs make of enquiries: leads, deals, stages, people, and money."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from include.sandbox.world.business_lines import LINE_OF_CRM, LINES
from include.sandbox.world.crm import CrmOutcome, make_crm
from include.sandbox.world.crm_leads import spoil_chance
from include.sandbox.world.crm_state import crm_rows
from include.sandbox.world.managers import ManagerDesk
from include.sandbox.world.population import Population, make_population
from include.sandbox.world.sizes import Size
from include.sandbox.world.tables import TABLES
from include.sandbox.world.working_time import WorkingTime
from include.sandbox.world.world import World
from tests.sandbox.world.enquiry_rows import make_enquiry_rows

SIZE = Size("half-year", date(2025, 10, 1), date(2026, 4, 1), 120, 900, 0, managers=6)
END = datetime.combine(SIZE.ends_on, time(), UTC)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def population() -> Population:
    """A small population."""
    return make_population(1, SIZE)


@pytest.fixture(scope="module")
def enquiries(population: Population) -> pa.Table:
    """Half a year of enquiries, over a change of VAT."""
    return make_enquiry_rows(SIZE, population, 2200)


@pytest.fixture(scope="module")
def outcome(population: Population, enquiries: pa.Table) -> CrmOutcome:
    """What became of them."""
    return make_crm(1, SIZE, population, enquiries)


@pytest.fixture(scope="module")
def rows(outcome: CrmOutcome) -> dict[str, list[Row]]:
    """Every table as rows."""
    return {name: table.to_pylist() for name, table in outcome.tables.items()}


@pytest.fixture(scope="module")
def world(outcome: CrmOutcome) -> World:
    """A world of these tables alone."""
    empty = World.of(SIZE.starts_on, SIZE.ends_on)
    return World(1, SIZE.name, SIZE.starts_on, SIZE.ends_on, {**empty.tables, **outcome.tables})


def by_id(rows: list[Row], key: str) -> dict[tuple[str, int], Row]:
    """Rows by CRM and id."""
    return {(row["crm"], row[key]): row for row in rows}


def paths(rows: dict[str, list[Row]], entity: str) -> dict[tuple[str, int], list[Row]]:
    """Stage events by CRM and entity, in order."""
    found: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for event in rows["crm_stage_event"]:
        if event["entity"] == entity:
            found[event["crm"], event["entity_id"]].append(event)
    return found


def semantics(rows: dict[str, list[Row]]) -> dict[tuple[str, int, str], str]:
    """What each stage means."""
    return {(s["crm"], s["pipeline_id"], s["stage_id"]): s["semantics"] for s in rows["crm_stage"]}


def test_the_same_seed_plays_the_same_sales(
    population: Population, enquiries: pa.Table, outcome: CrmOutcome
) -> None:
    again = make_crm(1, SIZE, population, enquiries)
    assert all(again.tables[name].equals(table) for name, table in outcome.tables.items())
    assert again.identifiers.equals(outcome.identifiers)


def test_every_table_has_the_columns_of_a_world(outcome: CrmOutcome) -> None:
    expected = {name for name in TABLES if name.startswith("crm_")} | {"product", "payment"}
    assert set(outcome.tables) == expected
    assert all(table.schema.equals(TABLES[name]) for name, table in outcome.tables.items())
    assert all(table.num_rows for table in outcome.tables.values())


@pytest.mark.parametrize("entity", ["lead", "deal"])
def test_the_last_event_is_the_current_stage_of_everything(
    rows: dict[str, list[Row]], entity: str
) -> None:
    found = paths(rows, entity)
    for key, row in by_id(rows[f"crm_{entity}"], f"{entity}_id").items():
        last = found[key][-1]
        assert (last["stage_id"], last["manager_id"]) == (row["stage_id"], row["manager_id"])
        assert last["pipeline_id"] == row.get("pipeline_id", -1)
    assert len(found) == len(rows[f"crm_{entity}"])


@pytest.mark.parametrize("entity", ["lead", "deal"])
def test_the_first_event_is_the_creation_and_time_never_runs_back(
    rows: dict[str, list[Row]], entity: str
) -> None:
    owners = by_id(rows[f"crm_{entity}"], f"{entity}_id")
    for key, path in paths(rows, entity).items():
        instants = [event["occurred_at"] for event in path]
        assert instants[0] == owners[key]["created_at"]
        assert all(a < b for a, b in pairwise(instants))
        assert [e["event_id"] for e in path] == sorted({e["event_id"] for e in path})


@pytest.mark.parametrize("entity", ["lead", "deal", "contact", "company"])
def test_at_the_end_a_crm_holds_what_the_tables_say(world: World, entity: str) -> None:
    for line in LINES:
        table = world.table(f"crm_{entity}")
        expected = [row for row in table.to_pylist() if row["crm"] == line.crm]
        assert crm_rows(world, line.crm, entity, END).to_pylist() == expected


@pytest.mark.parametrize("entity", ["lead", "deal", "contact", "company"])
@pytest.mark.parametrize("days", [40, 95, 150])
def test_whatever_changed_between_two_instants_says_so_in_its_last_change(
    world: World, entity: str, days: int
) -> None:
    since = datetime.combine(SIZE.starts_on, time(9, 30), UTC) + timedelta(days=days)
    until = since + timedelta(days=9)
    for line in LINES:
        before = {
            r[f"{entity}_id"]: r for r in crm_rows(world, line.crm, entity, since).to_pylist()
        }
        for row in crm_rows(world, line.crm, entity, until).to_pylist():
            known = before.pop(row[f"{entity}_id"], None)
            assert (known == row) == (row["updated_at"] <= since)
            late = [k for k, v in row.items() if isinstance(v, datetime) and v > until]
            assert not late
        assert not before


def test_nothing_happens_after_the_end_of_the_world(rows: dict[str, list[Row]]) -> None:
    for name, table in rows.items():
        for row in table:
            late = [k for k, v in row.items() if isinstance(v, datetime) and v >= END]
            assert set(late) <= {"due_at"}, (name, row)


def test_whatever_is_pointed_at_exists(rows: dict[str, list[Row]]) -> None:
    tables = {
        kind: by_id(rows[f"crm_{kind}"], f"{kind}_id") for kind in ("lead", "deal", "contact")
    }
    tables["company"] = by_id(rows["crm_company"], "company_id")
    for kind, table in tables.items():
        for (crm, _), row in table.items():
            for target in ("lead", "deal", "contact", "company"):
                number = row.get(f"{target}_id", 0)
                assert number == 0 or (crm, number) in tables[target]
            if row["merged_into_id"]:
                survivor = tables[kind][crm, row["merged_into_id"]]
                assert survivor["merged_into_id"] == 0 and row["deleted_at"]
                assert survivor["created_at"] <= row["deleted_at"]


def test_a_deal_follows_its_lead_but_for_a_planted_few(rows: dict[str, list[Row]]) -> None:
    leads = by_id(rows["crm_lead"], "lead_id")
    pairs = [(d, leads[d["crm"], d["lead_id"]]) for d in rows["crm_deal"] if d["lead_id"]]
    early = [deal for deal, lead in pairs if deal["created_at"] < lead["created_at"]]
    assert 0 < len(early) < 0.02 * len(pairs)


def test_payments_never_exceed_the_deal_nor_refunds_the_payments(
    rows: dict[str, list[Row]],
) -> None:
    deals = by_id(rows["crm_deal"], "deal_id")
    paid: Counter[tuple[str, int]] = Counter()
    for payment in rows["payment"]:
        key = (payment["crm"], payment["deal_id"])
        assert (payment["kind"] == "refund") == (payment["amount_micros"] < 0)
        assert payment["paid_at"] > deals[key]["created_at"]
        paid[key] += payment["amount_micros"]
        assert 0 <= paid[key] <= deals[key]["amount_micros"]
        assert abs(payment["vat_micros"]) < abs(payment["amount_micros"])
    assert any(payment["kind"] == "refund" for payment in rows["payment"])
    assert any(total < deals[key]["amount_micros"] for key, total in paid.items())


def test_vat_is_that_of_the_day_of_payment_and_none_abroad(rows: dict[str, list[Row]]) -> None:
    seen = set()
    for payment in (p for p in rows["payment"] if p["kind"] == "payment"):
        line = LINE_OF_CRM[payment["crm"]]
        is_new = payment["paid_at"].astimezone(ZoneInfo(line.time_zone)).year >= 2026
        percent = 0 if line.currency_code == "USD" else 22 if is_new else 20
        exact = payment["amount_micros"] * percent / (100 + percent)
        assert payment["vat_micros"] == pytest.approx(exact, abs=10_000)
        assert payment["vat_micros"] % 10_000 == 0
        seen.add(percent)
    assert seen == {0, 20, 22}


def test_product_rows_add_up_to_the_amount(rows: dict[str, list[Row]]) -> None:
    sums: Counter[tuple[str, int]] = Counter()
    for row in rows["crm_product_row"]:
        sums[row["crm"], row["deal_id"]] += row["quantity"] * row["price_micros"]
        assert row["quantity"] > 0
    deals = by_id(rows["crm_deal"], "deal_id")
    assert all(deals[key]["amount_micros"] == total for key, total in sums.items())
    currency = {p["product_id"]: p["currency_code"] for p in rows["product"]}
    for row in rows["crm_product_row"]:
        assert currency[row["product_id"]] == deals[row["crm"], row["deal_id"]]["currency_code"]


def test_a_closed_record_has_a_closing_and_a_lost_one_a_reason(rows: dict[str, list[Row]]) -> None:
    kinds = semantics(rows)
    for row in (*rows["crm_lead"], *rows["crm_deal"]):
        kind = kinds[row["crm"], row.get("pipeline_id", -1), row["stage_id"]]
        assert (row["closed_at"] is None) == (kind == "open")
        assert (row["lost_reason"] != "") == (kind == "lost")


def test_only_those_who_would_buy_are_won_and_each_journey_once(
    enquiries: pa.Table, outcome: CrmOutcome
) -> None:
    won: dict[int, set[int]] = defaultdict(set)
    for row, deal_id, is_won in zip(
        enquiries.to_pylist(), outcome.deal_id, outcome.is_won, strict=True
    ):
        assert not is_won or row["will_buy"]
        if is_won:
            won[row["journey_id"]].add(int(deal_id))
    assert len(won) > 50
    assert all(len(deals) == 1 for deals in won.values())


def test_an_enquiry_tells_what_was_paid_for_its_deal_without_vat(
    enquiries: pa.Table, outcome: CrmOutcome, rows: dict[str, list[Row]]
) -> None:
    net: Counter[tuple[str, int]] = Counter()
    for payment in rows["payment"]:
        net[payment["crm"], payment["deal_id"]] += payment["amount_micros"] - payment["vat_micros"]
    leads, deals = by_id(rows["crm_lead"], "lead_id"), by_id(rows["crm_deal"], "deal_id")
    for place, crm in enumerate(enquiries["crm"].to_pylist()):
        lead, deal = (crm, int(outcome.lead_id[place])), (crm, int(outcome.deal_id[place]))
        assert lead[1] == 0 or lead in leads
        assert deal[1] == 0 or deal in deals
        assert outcome.paid_micros[place] == (net[deal] if deal[1] else 0)


def test_slow_and_clumsy_managers_lose_more_buyers() -> None:
    assert spoil_chance(0.1, 0.5) < spoil_chance(24, 0.5) < spoil_chance(72, 0.5)
    assert spoil_chance(4, 0.8) < spoil_chance(4, 0.2)


def test_first_replies_come_in_office_hours(rows: dict[str, list[Row]]) -> None:
    work = {line.crm: WorkingTime(line, SIZE.starts_on, SIZE.ends_on) for line in LINES}
    replied = [r for r in rows["crm_lead"] if r["first_reply_at"] and r["source"] == "WEBFORM"]
    assert replied
    for lead in replied:
        assert work[lead["crm"]].is_open(int(lead["first_reply_at"].timestamp()) - 1)
        assert lead["first_reply_at"] > lead["created_at"]


def test_a_busy_manager_answers_later() -> None:
    line = LINES[0]
    work = WorkingTime(line, SIZE.starts_on, SIZE.ends_on)
    desk = ManagerDesk(1, SIZE, line, work)
    now = int(datetime(2025, 10, 7, 9, tzinfo=UTC).timestamp())
    idle = desk.reply_at(1, "form", now, 0.0)
    for _ in range(30):
        desk.assign(now, 1)
    assert desk.reply_at(1, "form", now, 0.0) - now > 3 * (idle - now)
    assert desk.assign(now, 0) != 1


def test_odd_things_happen_as_in_a_real_crm(rows: dict[str, list[Row]]) -> None:
    kinds = semantics(rows)
    reopened = skipped = handed_over = 0
    stages = defaultdict(list)
    for stage in rows["crm_stage"]:
        stages[stage["crm"], stage["pipeline_id"]].append(stage["stage_id"])
    for path in paths(rows, "deal").values():
        meanings = [kinds[e["crm"], e["pipeline_id"], e["stage_id"]] for e in path]
        reopened += any(a != "open" for a in meanings[:-1])
        handed_over += len({e["manager_id"] for e in path}) > 1
        order = [stages[e["crm"], e["pipeline_id"]].index(e["stage_id"]) for e in path]
        skipped += any(b - a > 1 for a, b in pairwise(order))
    assert reopened and skipped and handed_over
    for table in ("crm_lead", "crm_deal", "crm_contact", "crm_company"):
        assert any(row["merged_into_id"] for row in rows[table]), table
    for table in ("crm_lead", "crm_deal"):
        assert any(row["deleted_at"] and not row["merged_into_id"] for row in rows[table]), table
    assert any(len(row["phones"]) > 1 for row in rows["crm_contact"])
    assert any(deal["lead_id"] == 0 for deal in rows["crm_deal"])
    assert any(stage["renamed_at"] for stage in rows["crm_stage"])


def test_who_survives_a_merge_knows_what_the_other_knew(rows: dict[str, list[Row]]) -> None:
    contacts = by_id(rows["crm_contact"], "contact_id")
    merged = [row for row in contacts.values() if row["merged_into_id"]]
    for row in merged:
        survivor = contacts[row["crm"], row["merged_into_id"]]
        assert set(row["phones"]) <= set(survivor["phones"])
        assert set(row["emails"]) <= set(survivor["emails"])
        assert survivor["updated_at"] >= row["deleted_at"]
    companies = by_id(rows["crm_company"], "company_id")
    for row in (row for row in companies.values() if row["merged_into_id"]):
        assert not row["inn"] or companies[row["crm"], row["merged_into_id"]]["inn"]


def test_deleted_leads_are_mostly_tests_and_spam(
    enquiries: pa.Table, outcome: CrmOutcome, rows: dict[str, list[Row]]
) -> None:
    deleted = {k for k, r in by_id(rows["crm_lead"], "lead_id").items() if r["deleted_at"]}
    merged = {k for k, r in by_id(rows["crm_lead"], "lead_id").items() if r["merged_into_id"]}
    rejected = {
        (row["crm"], int(lead_id))
        for row, lead_id in zip(enquiries.to_pylist(), outcome.lead_id, strict=True)
        if row["is_test"] or row["is_spam"]
    }
    assert deleted - merged <= rejected
    assert 0.3 * len(rejected) < len(deleted - merged) < 0.8 * len(rejected)


def test_truth_knows_whose_every_number_is(outcome: CrmOutcome, rows: dict[str, list[Row]]) -> None:
    known = {(i["kind"], i["scope"], i["value"]) for i in outcome.identifiers.to_pylist()}
    for kind in ("lead", "deal", "contact", "company"):
        for row in rows[f"crm_{kind}"]:
            assert (kind, row["crm"], str(row[f"{kind}_id"])) in known
    assert len(known) == outcome.identifiers.num_rows


def test_the_default_pipeline_of_bitrix24_is_number_zero(rows: dict[str, list[Row]]) -> None:
    ids = [p["pipeline_id"] for p in rows["crm_pipeline"] if p["crm"] == "bitrix24"]
    assert ids[0] == 0
    deals = Counter(d["pipeline_id"] for d in rows["crm_deal"] if d["crm"] == "bitrix24")
    assert deals.most_common(1)[0][0] == 0


def test_work_is_counted_over_nights_weekends_and_holidays() -> None:
    work = WorkingTime(LINE_OF_CRM["bitrix24"], SIZE.starts_on, SIZE.ends_on)
    moscow = ZoneInfo("Europe/Moscow")

    def after(start: datetime, hours: float) -> datetime:
        return datetime.fromtimestamp(work.after(int(start.timestamp()), hours * 3600), moscow)

    friday = datetime(2025, 11, 21, 17, 0, tzinfo=moscow)
    assert after(friday, 0.5) == friday + timedelta(minutes=30)
    assert after(friday, 2) == datetime(2025, 11, 24, 10, 0, tzinfo=moscow)
    assert after(datetime(2025, 11, 22, 3, 0, tzinfo=moscow), 1) == datetime(
        2025, 11, 24, 10, 0, tzinfo=moscow
    )
    eve = datetime(2025, 12, 31, 18, 30, tzinfo=moscow)
    assert after(eve, 1) == datetime(2026, 1, 9, 10, 0, tzinfo=moscow)
