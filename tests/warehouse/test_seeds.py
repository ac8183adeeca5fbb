"""Rules as data: the file is the truth, readers see one whole version, nothing is written twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.warehouse import seeds
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.seeds import SeedRefused

SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"
CONTRACT = """
description: One row per colour.
kind: table
grain: [colour_id]
order_by: [colour_id]
columns:
  - {name: colour_id, type: String, description: "Name."}
  - {name: rank, type: UInt16, description: "Order."}
  - {name: note, type: Nullable(String), description: "Remark."}
"""


@dataclass
class Seed:
    client: Client
    folder: Path
    catalog: Catalog

    def write(self, *lines: str) -> None:
        text = "\n".join(["colour_id,rank,note", *lines, ""])
        (self.folder / "colours.csv").write_text(text, encoding="utf-8")

    def load(self) -> dict[str, str]:
        return seeds.load(self.client, self.catalog, self.folder)

    def rows(self) -> list[tuple]:
        return list(self.client.query("select * from seeds.colours order by colour_id").result_rows)

    def uuid(self) -> str:
        return str(
            self.client.query(
                "select uuid from system.tables where database = 'seeds' and name = 'colours'"
            ).result_rows[0][0]
        )


@pytest.fixture
def seed(own_target: ClickHouseTarget, tmp_path: Path) -> Iterator[Seed]:
    folder = tmp_path / "seeds"
    folder.mkdir()
    (folder / "colours.yaml").write_text(CONTRACT, encoding="utf-8")
    client = connect(own_target)
    client.command("create database if not exists seeds engine = Atomic")
    client.command("drop table if exists seeds.colours sync")
    yield Seed(client, folder, read_catalog(tmp_path))
    client.close()


def test_the_table_is_exactly_the_file(seed: Seed) -> None:
    seed.write("red,1,", 'blue,2,"a, b\tc \\n"')
    hashes = seed.load()
    assert seed.rows() == [("blue", 2, "a, b\tc \\n"), ("red", 1, None)]
    assert re.fullmatch("[0-9a-f]{32}", hashes["colours"])


def test_a_row_taken_out_of_the_file_is_gone(seed: Seed) -> None:
    seed.write("red,1,", "blue,2,")
    first = seed.load()
    seed.write("red,1,warm")
    assert seed.load() != first
    assert seed.rows() == [("red", 1, "warm")]


def test_an_unchanged_file_writes_nothing(seed: Seed) -> None:
    seed.write("red,1,")
    first = seed.load()
    before = seed.uuid()
    assert seed.load() == first
    assert seed.uuid() == before


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["red,one,"], "does not fit its contract"),
        (["red,1"], "2 cells under 3 columns"),
        (["red,1,", "red,2,"], "more than one row for red"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_the_old_rules_stay(
    seed: Seed, lines: list[str], reason: str
) -> None:
    seed.write("blue,2,")
    seed.load()
    seed.write(*lines)
    with pytest.raises(SeedRefused, match=reason):
        seed.load()
    assert seed.rows() == [("blue", 2, None)]
    left = "select count() from system.tables where database = 'seeds' and name like '%loading%'"
    assert seed.client.query(left).result_rows == [(0,)]


def test_a_header_unlike_the_contract_is_refused(seed: Seed) -> None:
    (seed.folder / "colours.csv").write_text("colour_id,note\nred,x\n", encoding="utf-8")
    with pytest.raises(SeedRefused, match="its contract says colour_id,rank,note"):
        seed.load()


def test_a_file_without_a_contract_is_refused(seed: Seed) -> None:
    seed.write("red,1,")
    (seed.folder / "shapes.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(SeedRefused, match=r"shapes\.yaml"):
        seed.load()


def test_a_load_cut_off_before_the_exchange_is_done_again(seed: Seed) -> None:
    seed.write("red,1,")
    seed.load()
    seed.client.command("create table seeds.colours__loading as seeds.colours")
    seed.write("blue,2,")
    seed.load()
    assert seed.rows() == [("blue", 2, None)]


def test_a_load_cut_off_after_the_exchange_is_cleaned_up(seed: Seed) -> None:
    seed.write("red,1,")
    seed.load()
    seed.client.command("create table seeds.colours__loading as seeds.colours")
    seed.load()
    assert seed.client.query("exists table seeds.colours__loading").result_rows == [(0,)]
    assert seed.rows() == [("red", 1, None)]


SHIPPED_EMPTY = {"identity_decisions", "spend_experiments"}
"""What an installation writes itself."""


@pytest.mark.parametrize("table", sorted(path.stem for path in (SQL_ROOT / "seeds").glob("*.csv")))
def test_the_checks_of_the_projects_own_rules_hold(
    own_target: ClickHouseTarget, table: str
) -> None:
    client = connect(own_target)
    catalog = read_catalog(SQL_ROOT)
    seeds.load(client, catalog, SQL_ROOT / "seeds")
    contract = catalog.table(f"seeds.{table}")
    is_filled = client.query(f"select count() from {contract.full_name}").result_rows[0][0] > 0
    assert is_filled or table in SHIPPED_EMPTY
    broken = [
        check.id
        for check in contract.checks
        if check.form == "unexpected_rows"
        and client.query(check.arguments[0].replace("{table}", contract.full_name)).result_rows
    ]
    assert not broken
    client.close()


def test_every_metric_a_column_names_is_defined() -> None:
    known = {
        line.split(",")[0]
        for line in (SQL_ROOT / "seeds" / "metric_definitions.csv").read_text("utf-8").splitlines()
    }
    named = {
        f"{table.full_name}.{column.name}: {column.definition_id}"
        for table in read_catalog(SQL_ROOT)
        for column in table.columns
        if column.definition_id and column.definition_id not in known
    }
    assert not named, "add them to sql/seeds/metric_definitions.csv"


def test_every_rule_named_in_the_findings_sql_is_described() -> None:
    known = {
        line.split(",")[0]
        for line in (SQL_ROOT / "seeds" / "finding_rules.csv").read_text("utf-8").splitlines()[1:]
    }
    used = re.findall(r"'(\w+)' as rule_id", (SQL_ROOT / "ops" / "data_findings.sql").read_text())
    assert set(used) == known
