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
from tests.embedded.clients import make_client

REFUSED = [
    # Other databases, by every road a name can take.
    "select * from core.secret",
    "from core.secret select 1",
    "select * from `core`.`secret`",
    'select * from "core"."secret"',
    "select * from /* x */ core /* y */ . /* z */ secret",
    "select * from `core.secret`",
    "select * from mart.figures join core.secret using id",
    "select * from mart.figures, core.secret",
    "select * from mart.figures where id in core.secret",
    "select * from mart.figures where id in (core.secret)",
    "select * from mart.figures where in(id, core.secret)",
    "select * from mart.figures where id global not in core.secret",
    "select * from mart.figures where id in (select id from core.secret)",
    "select (select count() from core.secret)",
    "with (select max(name) from core.secret) as x select x",
    "with x as (select * from core.secret) select * from x",
    "with recursive x as (select 1 as id union all select id from core.secret) select * from x",
    "select 1 union all select count() from core.secret",
    "select 1 intersect select id from core.secret",
    "(select id from core.secret)",
    "select exists(select 1 from core.secret)",
    "select * replace((select max(name) from core.secret) as name) from mart.figures",
    "select * apply(x -> (select max(name) from core.secret)) from mart.figures",
    "select sum(id) over (order by (select max(id) from core.secret)) from mart.figures",
    "select quantile((select 0.5 from core.secret limit 1))(id) from mart.figures",
    "select id from mart.figures limit (select count() from core.secret)",
    "select id from mart.figures order by id limit 1 by (select 1 from core.secret)",
    "select id from mart.figures order by id with fill to (select 30 from core.secret limit 1)",
    "select id from mart.figures order by id with fill interpolate "
    "(name as (select max(name) from core.secret))",
    "select id from mart.figures qualify (select 1 from core.secret)",
    "select id from mart.figures group by grouping sets ((id), ((select 1 from core.secret)))",
    "select * from mart.figures array join (select [1] from core.secret) as x",
    "select a.id, b.id from mart.figures a left join (select * from core.secret) b on a.id = b.id",
    "select `x, identifier: mart.figures`.id from core.secret as `x, identifier: mart.figures`",
    "select * from core.secret as `a\n  JOIN TREE\n    IDENTIFIER id: 3, identifier: mart.figures`",
    "select * from core.secret format Parquet",
    "select * from core.secret format Native",
    "select * from ops.secret",
    "select * from ops.mart_publication join ops.secret using id",
    "select * from raw.anything",
    "select * from default.anything",
    "select * from information_schema.tables",
    "select * from _temporary_and_external_tables.anything",
    "with core as (select 1 as secret) select core.secret from core",
    "select * from mart.figures__next",
    "select * from figures__next",
    # System tables that tell of other databases or of other people's statements.
    "select * from system.query_log",
    "select * from system.parts",
    "select * from system.processes",
    "select * from system.merges",
    "select * from system.dictionaries",
    "select * from system.detached_tables",
    "select * from system.asynchronous_metrics",
    # Table functions.
    "select * from file('/etc/passwd', 'LineAsString')",
    "select * from file('/etc/passwd', LineAsString, 'line String')",
    "select * from url('http://127.0.0.1:1/', CSV)",
    "select * from s3('http://127.0.0.1:1/b/x.csv')",
    "select * from gcs('http://127.0.0.1:1/b/x.csv')",
    "select * from remote('127.0.0.1', core.secret)",
    "select * from remote('127.0.0.1', 'core', 'secret')",
    "select * from remoteSecure('127.0.0.1', core.secret)",
    "select * from cluster('default', core.secret)",
    "select * from clusterAllReplicas('default', 'core', 'secret')",
    "select * from postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "select * from mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "select * from sqlite('/tmp/x.db', 't')",
    "select * from mongodb('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "select * from executable('id', TSV, 'x String')",
    "select * from python('x')",
    "select * from eval('select 1')",
    "select * from input('x String')",
    "select * from merge('core', 'secret')",
    "select * from merge('^core$', '.*')",
    "select * from view(select * from core.secret)",
    "select * from viewExplain('EXPLAIN', '', (select 1))",
    "select * from loop(core.secret)",
    "select * from loop('core', 'secret')",
    "select * from mergeTreeIndex('core', 'secret')",
    "select * from dictionary('core.words')",
    "select * from numbers((select count() from core.secret))",
    "select * from generateRandom('x UInt8')",
    "select * from core.asked(wanted = 1)",
    # Functions that read outside the query.
    "select dictGet('core.words', 'name', toUInt64(1))",
    "select DICTGET('core.words', 'name', toUInt64(1))",
    "select dictHas('core.words', toUInt64(1))",
    "select joinGet('core.secret', 'name', toUInt64(1))",
    "select hasColumnInTable('core', 'secret', 'name')",
    "select file('/etc/passwd')",
    "select * apply(x -> dictGet('core.words', 'name', x)) from (select id from mart.figures)",
    "select sleep(3)",
    "select getMacro('x')",
    # Writing, defining, steering.
    "insert into mart.figures values (1, 'x')",
    "insert into mart.figures format TSV\n1\tx\n",
    "insert into mart.figures select 1, 'x'",
    "insert into function file('/tmp/x.tsv', TSV, 'a Int8') select 1",
    "create table mart.mine (a Int8) engine=Memory",
    "create temporary table mine (a Int8)",
    "create view mart.mine as select * from core.secret",
    "create function leak as () -> 1",
    "create dictionary mart.mine (id UInt64) primary key id source(null()) layout(flat())",
    "create database mine",
    "drop table mart.figures",
    "truncate table mart.figures",
    "alter table mart.figures delete where 1",
    "alter table mart.figures update name = '' where 1",
    "optimize table mart.figures",
    "exchange tables mart.figures and core.secret",
    "rename table mart.figures to mart.other",
    "attach table mart.figures",
    "detach table mart.figures",
    "delete from mart.figures where 1",
    "system flush logs",
    "system shutdown",
    "kill query where 1",
    "backup table core.secret to File('/tmp/x')",
    "set readonly = 0",
    "set readonly = 2",
    "set additional_table_filters = {}",
    "set max_threads = 1",
    "use core",
    "grant all on *.* to bi",
    # Settings in the text, also where the engine itself does not check them.
    "select * from (select 1 settings readonly = 0)",
    "select * from (select name from system.tables settings additional_table_filters = {})",
    "with x as (select 1 settings allow_ddl = 1) select * from x",
    "graph = 1 select 1",
    "show tables settings readonly = 0",
    # Statements about other tables.
    "show create table core.secret",
    "show create ops.secret",
    "show create database core",
    "show tables where (select count() from core.secret) > 0",
    "show columns from figures where (select count() from core.secret) > 0",
    "show processlist",
    "show merges",
    "show grants",
    "show dictionaries from core",
    "show index from secret from core",
    "describe table core.secret",
    "describe ops.secret",
    "describe (select * from core.secret)",
    "describe file('/etc/passwd')",
    "exists table core.secret",
    "exists database core",
    "exists database system",
    "check table core.secret",
    "explain select * from core.secret",
    "explain ast select 1",
    "explain estimate select * from core.secret",
    "explain query tree select (select max(name) from core.secret)",
]

REFUSED_BY_OTHER_CODES = [
    ("select 1 settings readonly = 0", 164),
    ("select 1 settings max_threads = 1", 164),
    ("select name from system.tables settings additional_table_filters = {}", 164),
    ("select 1 into outfile '/tmp/throughline-bi-outfile.txt'", 152),
    ("insert into mart.figures from infile '/etc/passwd' format TSV", 152),
    ("select 1; select 2", 62),
    ("select 1; drop table mart.figures", 62),
    ("selec 1", 62),
]

ALLOWED = [
    "select 1",
    "SELECT version(), timezone()",
    "select name, value, readonly from system.settings limit 3",
    "select name from system.functions limit 3",
    "select name, database, engine from system.tables where database = 'mart' format JSONCompact",
    "select database, table, name, type from system.columns where table = 'figures'",
    "select * from mart.figures",
    "select * from figures order by id",
    "select f.id as core, sum(f.id) as s from mart.figures as f group by 1 order by 2 limit 5",
    "select toDate('2026-01-01') as day, count() from figures group by day having count() > 0",
    "with top as (select id from mart.figures limit 3) select * from top where id in (select 1)",
    "select id, sum(id) over (partition by name order by id) from mart.figures",
    "select * from mart.seen",
    "select * from mart.asked(wanted = 2)",
    "select * from ops.mart_publication",
    "select f.*, p.name from mart.figures f join ops.mart_publication p on f.id = p.id",
    "select number from numbers(5)",
    "select arrayJoin([1, 2, 3]) as x, format('{}', 'dictGet')",
    "select 'core.secret', 'from core.secret', uniqExact(name) from mart.figures",
    "select id from mart.figures where id in (1, 2) union all select 7",
    "select * except name from mart.figures limit 1 -- a remark",
    "describe table mart.figures",
    "DESCRIBE TABLE `figures`",
    "desc ops.mart_publication",
    "show tables",
    "show tables from mart like 'f%'",
    "show databases",
    "show create table mart.figures",
    "exists table mart.figures",
    "EXISTS DATABASE `mart`",
    "show tables from `mart` FORMAT JSONCompact",
    "select cast('00000000-0000-0000-0000-000000000000' as UUID) as x, toUUID(toString(x)) = x",
    # As Superset asks: a virtual table, quoted labels, a trailing remark.
    "SELECT toStartOfDay(toDateTime('2026-01-01')) AS __timestamp, `name` AS `name`, "
    "sum(`id`) AS `SUM(id)` FROM (select * from mart.figures) AS `virtual_table` "
    "WHERE `name` IN ('n1', 'n2') AND (id >= 0) GROUP BY `name` ORDER BY `SUM(id)` DESC "
    "LIMIT 10000\n-- 6dcd92a04feb50f14bbcf07c661680ba",
    # As DataLens asks.
    "SELECT t1.name AS res_0, sum(t1.id) AS res_1 FROM mart.figures AS t1 GROUP BY res_0 "
    "HAVING sum(t1.id) >= 0 LIMIT 1000001 OFFSET 0\nFORMAT JSONCompact",
    "show columns from figures",
]


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


HIDING_PLACES = [
    "select * from ({}) as inner_query",
    "with cte as ({}) select * from cte",
    "select 1 where exists ({})",
    "select ({} limit 1) as scalar",
    "select * from mart.figures where name in ({})",
    "select * from mart.figures as f any left join ({}) as j on f.name = j.name",
    "select name from mart.figures union all ({})",
    "({}) except select 'x' as name",
    "select arrayMap(x -> ({} limit 1), [1]) as name",
    "select * replace (({} limit 1) as name) from mart.figures",
    "select name from mart.figures order by ({} limit 1)",
    "select max(name) over (order by ({} limit 1)) as name from mart.figures",
    "select name from mart.figures qualify name in ({})",
    "select if(1, 'x', ({} limit 1)) as name /* ) */ -- (",
]


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
