"""Statements of ``sql/``: what they may look like, and how values and names get into them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.warehouse import run_sql
from include.warehouse.run_sql import SqlFailed, SqlRefused, Statement

GRAIN = "-- grain: one row per x\n"


@pytest.fixture
def scratch(client: Client) -> Iterator[str]:
    name = "run_sql_test"
    client.command(f"create database if not exists {name} engine = Atomic")
    client.command(
        f"create or replace table {name}.goal (a Int64, b String, c Int64 default 7)"
        " engine = MergeTree order by a"
    )
    yield name
    client.command(f"drop database {name} sync")


def _write(folder: Path, text: str) -> Path:
    path = folder / "core" / "core_x.sql"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_a_candidate_is_replaced_and_nothing_else() -> None:
    sql = (
        "-- core.core_lead in a comment\n"
        "select 'core.core_lead' as text, l.core_lead, core.core_lead.x /* core.core_lead */\n"
        "from core.core_lead as l join core.core_lead_old using (x) join `core`.`core_lead` as m"
    )
    assert run_sql.resolve_tables(sql, {"core.core_lead"}) == (
        "-- core.core_lead in a comment\n"
        "select 'core.core_lead' as text, l.core_lead,"
        " core.core_lead__next.x /* core.core_lead */\n"
        "from core.core_lead__next as l join core.core_lead_old using (x)"
        " join `core`.`core_lead__next` as m"
    )


def test_a_table_without_a_candidate_and_one_already_resolved_stay() -> None:
    sql = "select 1 from core.core_lead join core.core_deal__next using (x)"
    assert run_sql.resolve_tables(sql, {"core.core_deal"}) == sql


def test_resolving_keeps_cyrillic_text_in_place() -> None:
    sql = "select 'Заявка — да' as слово from core.core_lead"
    assert run_sql.resolve_tables(sql, {"core.core_lead"}) == f"{sql}__next"


def test_parameters_are_found_outside_of_strings_and_comments_only() -> None:
    sql = (
        "-- {not_this:String}\n"
        "select '{nor_this:String}', {zone:String},"
        " raw.x_as_of(as_of = {as_of:DateTime64(6,'UTC')})"
    )
    assert run_sql.parameters_of(sql) == {"zone", "as_of"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select 1", "start with the comment"),
        (f"{GRAIN}select 1; select 2", "one statement a file"),
        (f"{GRAIN}select {{{{ ds }}}}", "templates are not used"),
        (f"{GRAIN}insert into x select 1", "is one select"),
        (GRAIN, "is one select"),
    ],
)
def test_a_file_that_breaks_a_house_rule_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SqlRefused, match=reason) as refused:
        run_sql.read_statement(_write(tmp_path, text))
    assert "core/core_x.sql" in str(refused.value)


def test_braces_and_semicolons_inside_a_string_are_no_template(tmp_path: Path) -> None:
    text = f"{GRAIN}select '{{{{ ; }}}}' as a"
    assert run_sql.read_statement(_write(tmp_path, text)).text == text


def test_columns_are_matched_by_name_and_the_rest_take_defaults(
    client: Client, scratch: str, tmp_path: Path
) -> None:
    path = _write(tmp_path, f"{GRAIN}select 'text' as b, 'unused' as z, 1 as a")
    run_sql.run(client, path, {}, target=f"{scratch}.goal", columns=["a", "b"])
    assert client.query(f"select a, b, c from {scratch}.goal").result_rows == [(1, "text", 7)]


def test_without_columns_those_of_the_target_are_filled(client: Client, scratch: str) -> None:
    run_sql.run(
        client, Statement("select 3 as c, 'x' as b, 1 as a", "t"), {}, target=f"{scratch}.goal"
    )
    assert client.query(f"select a, b, c from {scratch}.goal").result_rows == [(1, "x", 3)]


def test_values_travel_as_parameters_with_their_quotes_tabs_and_microseconds(
    client: Client, scratch: str
) -> None:
    awkward = "o'clock\t\\n {x:String} 'Яндекс'"
    statement = Statement(
        "select toUnixTimestamp64Micro({at:DateTime64(6,'UTC')}) as a, {word:String} as b", "t"
    )
    at = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
    parameters = {"at": at, "word": awkward, "unused": object()}
    run_sql.run(client, statement, parameters, target=f"{scratch}.goal", columns=["a", "b"])
    rows = client.query(f"select a, b from {scratch}.goal").result_rows
    assert rows == [(1767268800123456, awkward)]


def test_a_parameter_nobody_gave_is_named(client: Client) -> None:
    with pytest.raises(SqlRefused, match=r"core/core_x\.sql: no value for zone"):
        run_sql.run(client, Statement("select {zone:String}", "core/core_x.sql"), {"as_of": 1})


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        run_sql.bind(datetime(2026, 1, 1))  # noqa: DTZ001 - the very mistake


def test_a_failure_names_file_and_table_and_hides_values(client: Client, scratch: str) -> None:
    statement = Statement("select toInt64({v:String}) as a, 'b' as b", "core/core_x.sql")
    with pytest.raises(SqlFailed) as failed:
        run_sql.run(
            client,
            statement,
            {"v": "ivan@firm.ru"},
            target=f"{scratch}.goal",
            columns=["a", "b"],
        )
    message = str(failed.value)
    assert message.startswith(f"core/core_x.sql filling {scratch}.goal failed with")
    assert "ivan" not in message
    assert failed.value.code in (6, 27, 32, 72)
    assert failed.value.__cause__ is None and failed.value.__suppress_context__


def test_phones_addresses_hashes_and_literals_are_redacted() -> None:
    said = run_sql.redact(
        "Cannot parse 'Иван' from +7 (916) 123-45-67 or ivan@firm.ru, key"
        " 0123456789abcdef0123 (version 26.9.2.1)"
    )
    for secret in ("Иван", "916", "123-45", "ivan", "0123456789abcdef"):
        assert secret not in said
    assert said.startswith("Cannot parse '…' from")


def test_an_alias_never_hides_the_column_it_is_named_after(client: Client, scratch: str) -> None:
    statement = Statement(
        "select 1 as a, ifNull(b, 'none') as b from (select null as b) where b is not null", "t"
    )
    run_sql.run(client, statement, {}, target=f"{scratch}.goal", columns=["a", "b"])
    assert client.query(f"select count() from {scratch}.goal").result_rows == [(0,)]


def test_an_unmatched_join_gives_null(client: Client, scratch: str) -> None:
    statement = Statement(
        "select toInt64(r.y is null) as a, 'b' as b from (select 1 as x) as l"
        " left join (select 2 as x, 5 as y) as r on r.x = l.x",
        "t",
    )
    run_sql.run(client, statement, {}, target=f"{scratch}.goal", columns=["a", "b"])
    assert client.query(f"select a from {scratch}.goal").result_rows == [(1,)]


def test_a_target_that_is_no_plain_name_is_refused(client: Client) -> None:
    with pytest.raises(SqlRefused, match="not a plain"):
        run_sql.run(client, Statement("select 1 as a", "t"), {}, target="x.y; drop table z")
