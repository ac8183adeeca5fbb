"""Sessions keep what they should, and nothing a request brought in its URL."""

from __future__ import annotations

import threading
import time

import pytest
import requests
from clickhouse_connect.driver.client import Client

from include.embedded.process import RunningEngine
from tests.embedded.clients import make_client

TIMEOUT = 60
VALUE = "select value, changed from system.settings where name = 'max_block_size'"
DEFAULT = "65409\t0\n"


def ask(url: str, owner: dict[str, str], statement: str, **options: str) -> requests.Response:
    return requests.post(url, params=options, data=statement, headers=owner, timeout=TIMEOUT)


@pytest.fixture
def session_id(request: pytest.FixtureRequest) -> str:
    return request.node.name


def test_settings_of_a_request_do_not_reach_the_next_one(url: str, owner: dict[str, str]) -> None:
    assert ask(url, owner, VALUE, max_block_size="1000").text == "1000\t1\n"
    assert ask(url, owner, VALUE).text == DEFAULT


def test_settings_in_the_url_do_not_stay_in_a_session(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    assert ask(url, owner, VALUE, session_id=session_id, max_block_size="1000").text == "1000\t1\n"
    assert ask(url, owner, VALUE, session_id=session_id).text == DEFAULT


def test_a_set_statement_stays_in_its_session_and_only_there(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    ask(url, owner, "set max_block_size = 2000", session_id=session_id, max_block_size="3000")
    assert ask(url, owner, VALUE, session_id=session_id).text == "2000\t1\n"
    again = ask(url, owner, VALUE, session_id=session_id, max_block_size="1000")
    assert again.text == "1000\t1\n"
    assert ask(url, owner, VALUE, session_id=session_id).text == "2000\t1\n"
    assert ask(url, owner, VALUE, session_id="another").text == DEFAULT
    assert ask(url, owner, VALUE).text == DEFAULT


def test_settings_are_put_back_after_a_failed_and_after_a_broken_off_statement(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    options = {"session_id": session_id, "max_block_size": "1000"}
    assert ask(url, owner, "select * from nowhere", **options).status_code == 404
    assert ask(url, owner, VALUE, session_id=session_id).text == DEFAULT
    with requests.post(
        url,
        params=options,
        data="select * from numbers(50000000)",
        headers=owner,
        stream=True,
        timeout=TIMEOUT,
    ) as answer:
        next(answer.iter_content(10))
    assert wait_for_session(url, owner, session_id).text == DEFAULT


def wait_for_session(url: str, owner: dict[str, str], session_id: str) -> requests.Response:
    deadline = time.monotonic() + 20
    while True:
        answer = ask(url, owner, VALUE, session_id=session_id)
        if answer.status_code == 200 or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def test_the_database_in_the_url_does_not_stay_in_a_session(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    which = "select currentDatabase()"
    assert ask(url, owner, which, session_id=session_id, database="system").text == "system\n"
    assert ask(url, owner, which, session_id=session_id).text == "default\n"
    ask(url, owner, "use core", session_id=session_id)
    assert ask(url, owner, which, session_id=session_id, database="system").text == "system\n"
    assert ask(url, owner, which, session_id=session_id).text == "core\n"


def test_a_session_whose_database_was_dropped_starts_afresh(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    ask(url, owner, "create database passing")
    ask(url, owner, "use passing", session_id=session_id)
    ask(url, owner, "drop database passing", session_id=session_id, database="core")
    which = "select currentDatabase()"
    assert ask(url, owner, which, session_id=session_id).text == "default\n"


def test_query_parameters_do_not_stay_in_a_session(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    sql = "select {x:String}"
    assert ask(url, owner, sql, session_id=session_id, param_x="a").text == "a\n"
    missing = ask(url, owner, sql, session_id=session_id)
    assert missing.headers["X-ClickHouse-Exception-Code"] == "456"


def test_temporary_tables_live_in_their_session(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    ask(url, owner, "create temporary table mine (a UInt8)", session_id=session_id)
    ask(url, owner, "insert into mine format TSV\n1\n2\n", session_id=session_id)
    assert ask(url, owner, "select sum(a) from mine", session_id=session_id).text == "3\n"
    assert ask(url, owner, "select sum(a) from mine").status_code == 404
    assert ask(url, owner, "select sum(a) from mine", session_id="another").status_code == 404


def test_a_busy_session_is_locked_for_everyone_else(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    with requests.post(
        url,
        params={"session_id": session_id},
        data="select * from numbers(100000000)",
        headers=owner,
        stream=True,
        timeout=TIMEOUT,
    ) as answer:
        pieces = answer.iter_content(10)
        next(pieces)
        second = ask(url, owner, "select 1", session_id=session_id)
        assert second.headers["X-ClickHouse-Exception-Code"] == "373"
        assert "SESSION_IS_LOCKED" in second.text
    assert wait_for_session(url, owner, session_id).status_code == 200


def test_a_session_that_must_exist_and_does_not_is_an_error(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    answer = ask(url, owner, "select 1", session_id=session_id, session_check="1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "372"


def test_a_session_ends_when_its_timeout_has_passed(
    url: str, owner: dict[str, str], session_id: str
) -> None:
    ask(url, owner, "set max_block_size = 2000", session_id=session_id, session_timeout="0.2")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        time.sleep(0.3)
        if ask(url, owner, VALUE, session_id=session_id, session_timeout="0.2").text == DEFAULT:
            return
    pytest.fail("the session outlived its timeout")


def test_clickhouse_connect_keeps_temporary_tables_and_set_statements(
    served: RunningEngine,
) -> None:
    client = make_client(served)
    client.command("create temporary table mine (a UInt8)")
    client.insert("mine", [[1], [2]])
    assert client.query("select sum(a) from mine", settings={"max_threads": 1}).first_row == (3,)
    client.command("set max_block_size = 2000")
    assert client.query(VALUE).first_row == ("2000", 1)
    client.close()


def test_sessions_and_passing_requests_work_side_by_side(
    served: RunningEngine, client: Client
) -> None:
    """Sixteen threads insert and read at once, each with a client of its own."""
    client.command("create table scratch.t (w UInt8, n UInt64) engine=MergeTree order by n")
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            own = make_client(served, autogenerate_session_id=worker % 2 == 0)
            for batch in range(8):
                rows = [[worker, batch * 500 + i] for i in range(500)]
                own.insert("scratch.t", rows, column_names=["w", "n"])
                seen = own.query(
                    "select count() from scratch.t where w = {w:UInt8}", parameters={"w": worker}
                ).first_row[0]
                assert seen == (batch + 1) * 500
            own.close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert client.query("select count(), uniqExact(w, n) from scratch.t").first_row == (
        64_000,
        64_000,
    )


def test_a_passing_request_finds_nothing_of_those_before_it(
    url: str, owner: dict[str, str]
) -> None:
    ask(url, owner, "create temporary table passing (v UInt8)")
    assert ask(url, owner, "select * from passing").status_code == 404
    ask(url, owner, "set max_block_size = 2000")
    ask(url, owner, "use system")
    assert ask(url, owner, VALUE).text == DEFAULT
    assert ask(url, owner, "select currentDatabase()").text == "default\n"
    ask(url, owner, "create or replace table default.told (v String) engine = Memory")
    ask(url, owner, "insert into default.told values ({v:String})", param_v="a")
    assert "UNKNOWN_QUERY_PARAMETER" in ask(url, owner, "select {v:String}").text
    ask(url, owner, "drop table default.told")


def test_many_different_settings_each_hold_for_their_own_request(
    url: str, owner: dict[str, str]
) -> None:
    for _ in range(2):
        for size in range(1000, 1040):
            assert ask(url, owner, VALUE, max_block_size=str(size)).text == f"{size}\t1\n"
    assert ask(url, owner, VALUE).text == DEFAULT


def test_a_dropped_database_is_missed_by_the_next_passing_request(
    url: str, owner: dict[str, str]
) -> None:
    ask(url, owner, "create database passing_away")
    assert ask(url, owner, "select 1", database="passing_away").text == "1\n"
    ask(url, owner, "drop database passing_away")
    assert ask(url, owner, "select 1", database="passing_away").status_code == 404
