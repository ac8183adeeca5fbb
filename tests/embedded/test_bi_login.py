"""The BI login reads marts and their publication, and nothing else, whatever is tried."""

from __future__ import annotations

import clickhouse_connect.cc_sqlalchemy  # noqa: F401, registers the dialect
import pytest
import requests
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import MetaData, Table, create_engine, inspect, select, text

from include.embedded.process import RunningEngine
from tests.embedded.bi_statements import (
    ALLOWED,
    HIDING_PLACES,
    REFUSED,
    REFUSED_BY_OTHER_CODES,
)
from tests.embedded.clients import make_client


def ask(url: str, bi: dict[str, str], statement: str, **options: str) -> requests.Response:
    return requests.post(url, params=options, data=statement.encode(), headers=bi, timeout=30)


@pytest.mark.parametrize("statement", REFUSED)
def test_the_bi_login_is_refused(url: str, bi: dict[str, str], statement: str) -> None:
    answer = ask(url, bi, statement)
    assert answer.headers.get("X-ClickHouse-Exception-Code") == "497", answer.text
    assert answer.status_code == 403
    assert "ACCESS_DENIED" in answer.text


@pytest.mark.parametrize(("statement", "code"), REFUSED_BY_OTHER_CODES)
def test_the_bi_login_cannot_lift_its_limits(
    url: str, bi: dict[str, str], statement: str, code: int
) -> None:
    answer = ask(url, bi, statement)
    assert answer.headers.get("X-ClickHouse-Exception-Code") == str(code), answer.text


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("readonly", "0", "164"),
        ("additional_table_filters", "{}", "164"),
        ("enable_analyzer", "0", "164"),
        ("allow_experimental_analyzer", "0", "164"),
        ("allow_ddl", "1", "164"),
        ("format_schema", "/etc/passwd", "164"),
        ("database", "core", "497"),
        ("database", "ops", "497"),
        ("database", "system", "497"),
    ],
)
def test_the_bi_login_is_refused_url_parameters(
    url: str, bi: dict[str, str], name: str, value: str, code: str
) -> None:
    answer = ask(url, bi, "select 1", **{name: value})
    assert answer.headers.get("X-ClickHouse-Exception-Code") == code, answer.text


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("select * from {t:Identifier}", {"param_t": "core.secret"}),
        (
            "select * from {d:Identifier}.{t:Identifier}",
            {"param_d": "core", "param_t": "secret"},
        ),
        ("describe table {d:Identifier}.secret", {"param_d": "core"}),
    ],
)
def test_a_name_hidden_in_a_parameter_is_refused(
    url: str, bi: dict[str, str], statement: str, parameters: dict[str, str]
) -> None:
    answer = ask(url, bi, statement, **parameters)
    assert answer.headers.get("X-ClickHouse-Exception-Code") == "497", answer.text


def test_a_table_named_by_uuid_is_refused(url: str, bi: dict[str, str], client: Client) -> None:
    uuid = client.command("select uuid from system.tables where database = 'core' limit 1")
    for space in (" ", "", "/**/", "\u00a0", "\u3000", "-- x\n"):
        answer = ask(url, bi, f"select * from mart.figures uuid{space}'{uuid}'")
        assert answer.headers.get("X-ClickHouse-Exception-Code") == "497", answer.text


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from(HIDING_PLACES), min_size=2, max_size=4))
def test_no_nesting_of_hiding_places_opens_another_database(
    url: str, bi: dict[str, str], places: list[str]
) -> None:
    statement = "select name from core.secret"
    for place in places:
        statement = place.format(statement + "\n")
    answer = ask(url, bi, statement)
    assert answer.headers.get("X-ClickHouse-Exception-Code") in ("497", "62"), answer.text


def test_an_external_table_is_refused(url: str, bi: dict[str, str]) -> None:
    answer = requests.post(
        url,
        params={"query": "select 1", "mine_structure": "a UInt8"},
        files={"mine": ("mine", b"1\n")},
        headers=bi,
        timeout=30,
    )
    assert answer.headers.get("X-ClickHouse-Exception-Code") == "497", answer.text


@pytest.mark.parametrize("statement", ALLOWED)
def test_the_bi_login_may_run(url: str, bi: dict[str, str], statement: str) -> None:
    answer = ask(url, bi, statement)
    assert answer.status_code == 200, answer.text
    assert answer.text


def test_the_bi_login_may_use_parameters_and_display_settings(url: str, bi: dict[str, str]) -> None:
    answer = ask(
        url,
        bi,
        "select name from figures where id = {id:UInt64} format JSONCompact",
        param_id="3",
        output_format_json_quote_64bit_integers="1",
        max_execution_time="30",
        join_use_nulls="1",
        readonly="2",
    )
    assert answer.json()["data"] == [["n3"]]


@pytest.mark.parametrize(
    "statement",
    [
        "select distinct database from system.tables order by 1 format TSV",
        "select distinct database from system.columns order by 1 format TSV",
        "select name from system.databases order by 1 format TSV",
        "show databases",
        "select x.database from (select * from system.tables) as x group by 1 order by 1",
        "with x as (select database from system.tables) select distinct database from x order by 1",
    ],
)
def test_lists_show_only_what_the_bi_login_may_read(
    url: str, bi: dict[str, str], statement: str
) -> None:
    assert ask(url, bi, statement).text == "mart\nops\n"


def test_lists_leave_out_candidates_and_other_tables_of_ops(url: str, bi: dict[str, str]) -> None:
    names = ask(url, bi, "select name from system.tables order by 1").text.split()
    assert names == ["asked", "figures", "mart_publication", "seen"]
    assert ask(url, bi, "show tables from core").text == ""
    assert ask(url, bi, "show columns from secret from core").text == ""
    assert ask(url, bi, "select count() from system.tables where database = 'core'").text == "0\n"


def test_a_refusal_is_the_same_inside_a_session(url: str, bi: dict[str, str]) -> None:
    assert ask(url, bi, "select 1", session_id="s").text == "1\n"
    assert ask(url, bi, "select * from core.secret", session_id="s").status_code == 403
    assert ask(url, bi, "set readonly = 0", session_id="s").status_code == 403
    assert ask(url, bi, "select 2", session_id="s", max_threads="1").text == "2\n"


def test_get_works_for_the_bi_login(url: str, bi: dict[str, str]) -> None:
    answer = requests.get(
        url, params={"query": "select count() from figures"}, headers=bi, timeout=30
    )
    assert answer.text == "10\n"


def test_clickhouse_connect_works_for_the_bi_login(served: RunningEngine) -> None:
    client = make_client(served, bi=True, database="mart")
    assert client.query("select id from figures order by id limit 2").result_rows == [(0,), (1,)]
    assert client.query_df("select * from mart.figures").shape == (10, 2)
    assert client.query("select * from figures limit 0").column_names == ("id", "name")
    with pytest.raises(Exception, match="ACCESS_DENIED"):
        client.insert("mart.figures", [[1, "x"]], column_names=["id", "name"])


def test_sqlalchemy_reflects_marts_for_the_bi_login(served: RunningEngine) -> None:
    word = served.bi_password.replace(" ", "%20")
    engine = create_engine(f"clickhousedb://bi:{word}@{served.host}:{served.port}/mart")
    inspector = inspect(engine)
    assert "mart" in inspector.get_schema_names()
    assert "core" not in inspector.get_schema_names()
    assert set(inspector.get_table_names("mart")) >= {"figures"}
    assert [c["name"] for c in inspector.get_columns("figures", schema="mart")] == ["id", "name"]
    figures = Table("figures", MetaData(), schema="mart", autoload_with=engine)
    with engine.connect() as connection:
        rows = connection.execute(select(figures.c.name).where(figures.c.id == 4)).all()
        assert rows == [("n4",)]
        assert connection.execute(text("select count() from figures")).scalar() == 10
