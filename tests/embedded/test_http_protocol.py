"""What travels over HTTP: routes, logins, statements, settings, headers, errors."""

from __future__ import annotations

import base64
import http.client
from pathlib import Path

import pytest
import requests
from clickhouse_connect.driver.client import Client

from include.embedded.process import RunningEngine

TIMEOUT = 60


def ask(
    url: str, owner: dict[str, str], statement: str | bytes, **options: str
) -> requests.Response:
    data = statement.encode() if isinstance(statement, str) else statement
    return requests.post(url, params=options, data=data, headers=owner, timeout=TIMEOUT)


def test_ping_needs_no_login(url: str) -> None:
    for path in ("", "ping", "replicas_status"):
        answer = requests.get(url + path, timeout=TIMEOUT)
        assert (answer.status_code, answer.text) == (200, "Ok.\n")


def test_an_unknown_path_is_not_found(url: str) -> None:
    assert requests.get(url + "nothing/here", timeout=TIMEOUT).status_code == 404


def test_a_login_is_accepted_in_each_of_its_three_forms(served: RunningEngine, url: str) -> None:
    user, password = served.user, served.password
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    by_header = requests.post(
        url,
        data="select 1",
        timeout=TIMEOUT,
        headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": password},
    )
    by_basic = requests.post(
        url, data="select 1", timeout=TIMEOUT, headers={"Authorization": f"Basic {basic}"}
    )
    by_url = requests.post(
        url, data="select 1", timeout=TIMEOUT, params={"user": user, "password": password}
    )
    assert [a.text for a in (by_header, by_basic, by_url)] == ["1\n"] * 3


@pytest.mark.parametrize(
    ("user", "password"),
    [("throughline", "wrong"), ("nobody", ""), ("bi", "owner's p@ss: word"), ("default", "")],
)
def test_a_wrong_login_gets_clickhouse_error_516(url: str, user: str, password: str) -> None:
    answer = requests.post(
        url, data="select 1", params={"user": user, "password": password}, timeout=TIMEOUT
    )
    assert answer.status_code == 403
    assert answer.headers["X-ClickHouse-Exception-Code"] == "516"
    assert "AUTHENTICATION_FAILED" in answer.text


def test_a_refused_login_does_not_break_the_connection_for_the_next_request(
    served: RunningEngine,
) -> None:
    connection = http.client.HTTPConnection(served.host, served.port, timeout=TIMEOUT)
    connection.request("POST", "/?user=x", body=(b"1\n" * 500_000 for _ in range(5)))
    assert connection.getresponse().read().startswith(b"Code: 516")
    connection.request("GET", "/ping")
    assert connection.getresponse().read() == b"Ok.\n"


def test_the_statement_may_stand_in_the_url_the_body_or_both(
    url: str, owner: dict[str, str]
) -> None:
    assert (
        requests.get(url, params={"query": "select 5"}, headers=owner, timeout=TIMEOUT).text
        == "5\n"
    )
    assert ask(url, owner, "select 6;").text == "6\n"
    assert ask(url, owner, "7", query="select").text == "7\n"
    assert ask(url, owner, "select 8 -- the end").text == "8\n"


def test_get_cannot_change_anything(url: str, owner: dict[str, str]) -> None:
    answer = requests.get(
        url, params={"query": "create database never"}, headers=owner, timeout=TIMEOUT
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


@pytest.mark.parametrize(
    "statement", ["select 1; select 2", "select 1; drop database scratch", ";select 1;;select 2"]
)
def test_more_than_one_statement_is_refused(
    url: str, owner: dict[str, str], client: Client, statement: str
) -> None:
    answer = ask(url, owner, statement)
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "62")
    assert client.command("select count() from system.databases where name = 'scratch'") == 1


@pytest.mark.parametrize(
    ("statement", "code", "status", "name"),
    [
        ("selec 1", 62, 400, "SYNTAX_ERROR"),
        ("", 62, 400, "SYNTAX_ERROR"),
        ("select * from nowhere", 60, 404, "UNKNOWN_TABLE"),
        ("select * from nowhere.t", 81, 404, "UNKNOWN_DATABASE"),
        ("select nothing", 47, 404, "UNKNOWN_IDENTIFIER"),
        ("select no_such_function()", 46, 404, "UNKNOWN_FUNCTION"),
        ("select throwIf(1)", 395, 500, "FUNCTION_THROW_IF"),
        ("insert into nowhere values (1)", 60, 404, "UNKNOWN_TABLE"),
        ("insert into nowhere format TSV\n1\n", 60, 404, "UNKNOWN_TABLE"),
        ("select 1 into outfile '/tmp/throughline-outfile.txt'", 152, 500, "INTO_OUTFILE"),
        ("insert into t from infile '/etc/passwd' format TSV", 152, 500, "NOT_ALLOWED"),
        ("select 1 format Nonsense", 73, 404, "UNKNOWN_FORMAT"),
    ],
)
def test_errors_have_clickhouse_codes_names_and_statuses(
    url: str, owner: dict[str, str], statement: str, code: int, status: int, name: str
) -> None:
    answer = ask(url, owner, statement)
    assert answer.headers["X-ClickHouse-Exception-Code"] == str(code), answer.text
    assert answer.status_code == status
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert name in answer.text
    assert not Path("/tmp/throughline-outfile.txt").exists()


def test_an_unknown_setting_or_database_is_an_error(url: str, owner: dict[str, str]) -> None:
    assert ask(url, owner, "select 1", no_such_setting="1").status_code == 404
    answer = ask(url, owner, "select 1", database="nowhere")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "81"


def test_a_malformed_protocol_parameter_is_an_error_in_words(
    url: str, owner: dict[str, str]
) -> None:
    answer = ask(url, owner, "select 1", session_id="s", session_timeout="soon")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "36")
    assert "session_timeout" in answer.text


def test_headers_tell_the_format_the_zone_the_query_and_what_was_written(
    url: str, owner: dict[str, str], client: Client
) -> None:
    client.command("create table scratch.t (a UInt8) engine=MergeTree order by a")
    answer = ask(url, owner, "insert into scratch.t format TSV\n1\n2\n3\n", query_id="mine")
    assert '"written_rows": "3"' in answer.headers["X-ClickHouse-Summary"]
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert "X-ClickHouse-Format" not in answer.headers
    answer = ask(url, owner, "insert into scratch.t select number from numbers(7)")
    assert '"written_rows": "7"' in answer.headers["X-ClickHouse-Summary"]
    answer = ask(url, owner, "select a from scratch.t where 0 format JSONEachRow")
    assert answer.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert answer.headers["X-ClickHouse-Timezone"] == "UTC"


def test_a_query_id_cannot_add_headers_of_its_own(url: str, owner: dict[str, str]) -> None:
    answer = ask(url, owner, "select 1", query_id="x\r\nX-Injected: 1")
    assert answer.text == "1\n"
    assert "X-Injected" not in answer.headers


def test_a_steering_statement_that_answers_with_rows_shows_them(
    url: str, owner: dict[str, str]
) -> None:
    answer = ask(url, owner, "kill query where query_id = 'none'")
    assert answer.status_code == 200
    answer = ask(url, owner, "check table core.secret settings check_query_single_value_result = 1")
    assert answer.text == "1\n"


def test_the_default_format_comes_from_url_or_header(url: str, owner: dict[str, str]) -> None:
    assert ask(url, owner, "select 1 as x", default_format="JSONEachRow").text == '{"x":1}\n'
    headers = {**owner, "X-ClickHouse-Format": "CSVWithNames", "X-ClickHouse-Database": "system"}
    answer = requests.post(
        url, data="select currentDatabase() as d", headers=headers, timeout=TIMEOUT
    )
    assert answer.text == '"d"\n"system"\n'


@pytest.mark.parametrize(
    "statement",
    [
        "insert into scratch.t values (1, 'a;b'), (2, 'it''s')",
        "insert into scratch.t (a, b) values (1, 'a;b'), (1 + 1, 'it\\'s');",
        "INSERT INTO `scratch`.`t` (`a`, `b`) -- format TSV\n VALUES (1,'a;b'),(2,'it\\'s')",
        "insert into scratch.t format Values (1, 'a;b'), (2, 'it\\'s')",
        "insert into scratch.t (a, b) format TSV\n1\ta;b\n2\tit's\n",
        "insert into scratch.t settings max_insert_threads = 1 format CSV\n1,a;b\n2,it's\n",
        'insert into scratch.t FORMAT JSONEachRow {"a":1,"b":"a;b"} {"a":2,"b":"it\'s"}',
        "/* a */ insert into table scratch.t (a, b) select 1, 'a;b' union all select 2, 'it\\'s'",
    ],
)
def test_every_way_to_write_an_insert(
    url: str, owner: dict[str, str], client: Client, statement: str
) -> None:
    client.command("create table scratch.t (a UInt64, b String) engine=MergeTree order by a")
    answer = ask(url, owner, statement)
    assert answer.status_code == 200, answer.text
    assert client.query("select * from scratch.t order by a").result_rows == [
        (1, "a;b"),
        (2, "it's"),
    ]


def test_a_malformed_row_is_an_error_and_nothing_is_written(
    url: str, owner: dict[str, str], client: Client
) -> None:
    client.command("create table scratch.t (a UInt64) engine=MergeTree order by a")
    answer = ask(url, owner, "insert into scratch.t format TSV\n1\n2\nthree\n")
    assert answer.status_code == 400
    assert answer.headers["X-ClickHouse-Exception-Code"] == "27"
    assert client.command("select count() from scratch.t") == 0


def test_log_comment_in_the_url_reaches_the_column_default(
    url: str, owner: dict[str, str], client: Client
) -> None:
    client.command(
        "create table scratch.t (a UInt64, l LowCardinality(String) default "
        "getSetting('log_comment')) engine=MergeTree order by a"
    )
    ask(url, owner, "insert into scratch.t (a) format TSV\n1\n", log_comment="load 'one'\\n")
    ask(url, owner, "insert into scratch.t (a) values (2)", log_comment="load two")
    assert client.query("select l from scratch.t order by a").result_rows == [
        ("load 'one'\\n",),
        ("load two",),
    ]


def test_the_query_log_tells_which_load_an_insert_belonged_to(
    url: str, owner: dict[str, str], client: Client
) -> None:
    client.command("create table scratch.t (a UInt64) engine=MergeTree order by a")
    ask(url, owner, "insert into scratch.t format TSV\n1\n2\n", log_comment="load-77")
    client.command("system flush logs")
    logged = client.query(
        "select written_rows from system.query_log where log_comment = 'load-77' "
        "and type = 'QueryFinish' and query_kind = 'Insert'"
    )
    assert logged.result_rows == [(2,)]


def test_parameters_may_be_sent_for_inserts_too(
    url: str, owner: dict[str, str], client: Client
) -> None:
    client.command("create table scratch.t (a UInt64, b String) engine=MergeTree order by a")
    insert = "insert into {d:Identifier}.{t:Identifier} format TSV\n1\tx\n"
    ask(url, owner, insert, param_d="scratch", param_t="t")
    ask(
        url,
        owner,
        "insert into scratch.t values ({a:UInt64}, {b:String})",
        param_a="2",
        param_b="it\\'s\\n\\\\N",
    )
    assert client.query("select * from scratch.t order by a").result_rows == [
        (1, "x"),
        (2, "it's\n\\N"),
    ]


def test_a_map_travels_as_a_parameter_in_clickhouse_text(url: str, owner: dict[str, str]) -> None:
    """clickhouse-connect writes a dict as JSON, which no ClickHouse reads as a Map."""
    answer = ask(
        url, owner, "select {m:Map(String,String)}['a\\'']", param_m="{'a\\'': 'b', '': 'c'}"
    )
    assert answer.text == "b\n"
