"""A table made of the published one and what changed since is the table made whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts import ddl
from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.warehouse import increment, seeds, solved_tables
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.publish import candidate_name
from include.warehouse.run_sql import parameters_of
from include.warehouse.table_hash import table_hash
from tests.sql_case_runner import DEFAULT_PARAMETERS

pytestmark = pytest.mark.engine

PEOPLE, COMPANIES = 160, 25
# The second half of them works somewhere: what changes for the first half changes for nobody else.
GIVEN = {
    "core.core_touch": f"""
        select concat('t', toString(number)) as touch_key,
          concat('p', toString(cityHash64(number) % {PEOPLE})) as person_key,
          toDateTime64('2026-01-01 00:00:00', 6, 'UTC') + toIntervalMinute(cityHash64(number, 1)
            % 200000) as touched_at,
          toDate(touched_at) as touch_date, ['visit', 'call', 'form'][1 + number % 3] as kind,
          if(kind = 'call' and number % 2 = 0, 'out', 'in') as direction,
          ['email', 'paid_search', 'direct', 'outbound'][1 + cityHash64(number, 2) % 4] as channel,
          'r1' as channel_rule_id, 'word' as source_label, toString(number % 5) as campaign_id,
          'g' as ad_group_id, 'a' as ad_id, 'k' as keyword, 'files' as source, 'x' as account_id,
          number % 31 = 0 as is_robot, cityHash64(touch_key) as touch_digest
        from numbers(3000)""",
    "core.core_conversion": f"""
        select concat(kind, ':', toString(number)) as conversion_key,
          ['won', 'paid', 'lead'][1 + number % 3] as kind,
          concat('p', toString(number % {PEOPLE})) as person_key,
          concat('d', toString(number)) as deal_key,
          toDateTime64('2026-03-01 00:00:00', 6, 'UTC') + toIntervalHour(number % 2000)
            as converted_at,
          toDate(converted_at) as converted_date, converted_at as looks_back_from_at,
          converted_at - toIntervalDay(9) as lead_at, converted_at - toIntervalDay(3)
            as opportunity_at,
          toDecimal64(number * 7.01, 2) as amount, 'RUB' as currency_code, 'net' as vat_basis
        from numbers(480)""",
    "core.core_person": f"""
        select concat('p', toString(number)) as person_key from numbers({PEOPLE})""",
    "core.core_deal": f"""
        select concat('d', toString(number)) as deal_key,
          concat('p', toString(number + {PEOPLE // 2})) as person_key,
          concat('c', toString(number % {COMPANIES})) as company_key,
          toDateTime64('2026-01-01 00:00:00', 6, 'UTC') as created_at
        from numbers({PEOPLE // 2})""",
    "core.core_lead": "select 'l' as lead_key, 'p1' as person_key from numbers(1)",
    "core.core_company_link": f"""
        select concat('c', toString(number)) as record_key, 'name' as identifier_kind,
          'n' as identifier_key, concat('company', toString(number)) as company_key
        from numbers({COMPANIES})""",
}
MADE = ("core.core_account_member", "core.core_journey", "core.core_channel_weight")
CREDIT = "core.core_attribution_credit"
INCREMENTAL = ("core.core_journey", CREDIT)
HAPPENINGS = {
    "core.core_touch": """
        select * from {table} where person_key not in ('p100', 'p101')
        union all
        select * replace ('new1' as touch_key, 'p102' as person_key)
        from (select * from {table} where touch_key = 't1')
        union all
        select * replace ('new2' as touch_key, 'newcomer' as person_key)
        from (select * from {table} where touch_key = 't2')""",
    "core.core_conversion": """
        select * from {table} where conversion_key not in ('won:0', 'paid:1')
        union all
        select * replace ('won:new' as conversion_key, 'p103' as person_key)
        from (select * from {table} where conversion_key = 'won:3')""",
    "core.core_person": """
        select * replace (if(person_key = 'p104', 'newcomer', person_key) as person_key)
        from {table}""",
    "core.core_deal": """
        select * replace (
          multiIf(person_key = 'p110', 'c11', person_key = 'p112', 'c999', company_key)
            as company_key) from {table}""",
    "core.core_lead": """
        select * replace ('p114' as person_key, 'c3' as company_key, toDateTime64(
          '2026-05-01 00:00:00', 6, 'UTC') as created_at) from {table}""",
    "core.core_company_link": """
        select * replace (if(record_key = 'c7', 'company8', company_key) as company_key)
        from {table}""",
}
"""Input → its rows after touches, wins and people came and went, people changed employers, an
enquiry told a newer one, and two companies were found to be one."""


class House:
    """Live tables and candidates of the real statements."""

    def __init__(self, client: Client, catalog: Catalog, sql_root: Path) -> None:
        self.client, self.catalog = client, catalog
        seeds.load(client, catalog, sql_root / "seeds")
        given = {**GIVEN, "core.core_touch": _digest_again(sql_root, GIVEN["core.core_touch"])}
        for name, select in given.items():
            self._empty(name)
            self._copy(name, select)
        for name in (*MADE, CREDIT):
            self._empty(name)
            self.make(name, candidates=())
        self.tables = frozenset((*GIVEN, *MADE, CREDIT))
        self.increments = increment.Increment(client, catalog, self.tables, worth_rows=0)

    def come(self, happened: dict[str, str]) -> None:
        """Make candidates of all inputs, as ``happened`` says of some, and weights as they were."""
        self.increments.close()
        for name in GIVEN:
            select = happened.get(name, "select * from {table}").format(table=name)
            self.prepare(name)
            self._copy(candidate_name(name), select)
        self.prepare("core.core_account_member")
        self.make("core.core_account_member", candidates=GIVEN)
        self.prepare("core.core_channel_weight")
        self._copy(
            candidate_name("core.core_channel_weight"), "select * from core.core_channel_weight"
        )

    def extend(self, name: str) -> int | None:
        """Make a candidate of the published table."""
        self.prepare(name)
        return self.increments.fill(
            self.catalog.table(name), DEFAULT_PARAMETERS, self.tables - {name}
        )

    def make(self, name: str, candidates: object) -> None:
        """Make a table whole: the candidate where there are candidates of what it reads."""
        chosen = frozenset(candidates)  # type: ignore[call-overload]
        solved_tables.fill(
            self.client,
            self.catalog.table(name),
            DEFAULT_PARAMETERS,
            target=candidate_name(name) if chosen else name,
            candidates=chosen,
        )

    def require_equal(self) -> None:
        """Candidates made of the published tables equal those made whole; then publish all."""
        for name in INCREMENTAL:
            made = table_hash(self.client, candidate_name(name))
            self.prepare(name, f"{name}__aside")
            self.client.command(f"exchange tables {candidate_name(name)} and {name}__aside")
            self.make(name, candidates=self.tables)
            assert made == table_hash(self.client, candidate_name(name)), name
            self.client.command(f"exchange tables {candidate_name(name)} and {name}__aside")
            self.client.command(f"drop table {name}__aside sync")
        for name in sorted(self.tables):
            self.client.command(f"exchange tables {candidate_name(name)} and {name}")

    def prepare(self, name: str, new: str = "") -> None:
        """An empty table of the shape of ``name``, by default its candidate."""
        new = new or candidate_name(name)
        self.client.command(f"drop table if exists {new} sync")
        self.client.command(ddl.create_table(self.catalog.table(name), name=new))

    def _empty(self, name: str) -> None:
        self.client.command(f"drop table if exists {name} sync")
        self.client.command(ddl.create_table(self.catalog.table(name)))

    def _copy(self, name: str, select: str) -> None:
        described = self.client.query(f"describe ({select})").result_rows
        columns = ", ".join(f"`{row[0]}`" for row in described)
        self.client.command(f"insert into {name} ({columns}) {select}")

    def close(self) -> None:
        """Leave the store as the other tests expect it."""
        self.increments.close()
        for name in sorted(self.tables):
            self.client.command(f"drop table if exists {candidate_name(name)} sync")
            self.client.command(f"truncate table {name}")
        self.client.close()


@pytest.fixture
def house(house_target: ClickHouseTarget, project_root: Path) -> Iterator[House]:
    client = connect(house_target)
    house = House(client, read_catalog(project_root / "sql"), project_root / "sql")
    yield house
    house.close()


def _change_each_column(catalog: Catalog, name: str, first_person: int) -> tuple[str, int]:
    """The rows of a table in which every column is another one for one person of its own."""
    table = catalog.table(name)
    changed = []
    person = first_person
    for column in table.columns:
        if column.name in ("person_key", "touch_digest"):
            continue
        kind, quoted = column.parsed_type, f"`{column.name}`"
        other = {
            "String": f"concat(assumeNotNull({quoted}), 'x')",
            "LowCardinality": f"concat(assumeNotNull({quoted}), 'x')",
            "Bool": f"not assumeNotNull({quoted})",
            "Date": f"assumeNotNull({quoted}) + 1",
            "DateTime64": f"assumeNotNull({quoted}) + toIntervalDay(1)",
        }.get(kind.bare.name, f"assumeNotNull({quoted}) + 1")
        gone = f"if({quoted} is null, {other}, null)" if kind.is_nullable else other
        changed.append(
            f"cast(multiIf(person_key = 'p{person}', {other}, person_key = 'p{person + 1}',"
            f" {gone}, {quoted}) as {kind.canonical}) as {quoted}"
        )
        person += 2
    return f"select * replace ({', '.join(changed)}) from {name}", person


def _digest_again(sql_root: Path, select: str) -> str:
    """The rows with the digest that ``core_touch.sql`` gives them."""
    sql = (sql_root / "core" / "core_touch.sql").read_text(encoding="utf-8")
    digest = sql[sql.rindex("cityHash64(") : sql.rindex(" as touch_digest")]
    return f"select * replace ({digest} as touch_digest) from ({select})"


def test_whatever_changes_in_a_touch_or_conversion_is_made_anew(
    house: House, project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(increment, "MOST_CHANGED", 1.0)
    touches, person = _change_each_column(house.catalog, "core.core_touch", 0)
    touches = _digest_again(project_root / "sql", touches)
    conversions, person = _change_each_column(house.catalog, "core.core_conversion", person)
    assert person <= PEOPLE // 2
    house.come({"core.core_touch": touches, "core.core_conversion": conversions})
    whole = house.client.query("select count() from core.core_journey").result_rows[0][0]
    renewed = [house.extend(name) for name in INCREMENTAL]
    assert all(renewed)
    assert renewed[0] < whole
    house.require_equal()


def test_people_and_companies_that_come_go_and_move_are_made_anew_day_after_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(increment, "MOST_CHANGED", 1.0)
    for happened in (HAPPENINGS, {}, HAPPENINGS):
        house.come(happened)
        renewed = [house.extend(name) for name in INCREMENTAL]
        assert (renewed == [0, 0]) == (happened == {})
        house.require_equal()


def test_other_weights_make_all_credit_anew_and_most_people_changed_make_all_journeys(
    house: House, project_root: Path
) -> None:
    others = "select * replace ('social' as channel) from core.core_touch"
    house.come({"core.core_touch": _digest_again(project_root / "sql", others)})
    assert house.extend("core.core_journey") is None
    house.come({})
    house.client.command(
        "alter table core.core_channel_weight__next update weight = 0.5 where true",
        settings={"mutations_sync": 2},
    )
    assert house.extend("core.core_journey") == 0
    assert house.extend(CREDIT) is None
    assert house.client.query(f"select count() from {CREDIT}__next").result_rows == [(0,)]


def test_what_a_contract_calls_incremental_says_how_to_tell_its_changes(house: House) -> None:
    found = [table for table in house.catalog if table.incremental_by]
    assert {table.full_name for table in found} == set(INCREMENTAL)
    for table in found:
        folder = table.path.parent.parent / "changed"
        assert (folder / f"{table.incremental_by}.sql").is_file(), table.full_name
        used = parameters_of(table.path.with_suffix(".sql").read_text(encoding="utf-8"))
        assert not used & {"as_of", "build_id"}, table.full_name


def test_nothing_is_left_behind_and_a_leftover_is_in_nobody_s_way(house: House) -> None:
    house.come(HAPPENINGS)
    for leftover in ("core.core_touch__part", "core.person_key__changed"):
        house.client.command(f"create table {leftover} (x UInt8) engine = MergeTree order by x")
    house.increments = increment.Increment(house.client, house.catalog, house.tables, 0)
    assert _leftovers(house) == []
    assert house.extend("core.core_journey")
    house.increments.close()
    assert _leftovers(house) == []


def _leftovers(house: House) -> list[tuple]:
    return house.client.query(
        "select name from system.tables where name like '%\\_\\_part' or name like '%\\_\\_changed'"
    ).result_rows
