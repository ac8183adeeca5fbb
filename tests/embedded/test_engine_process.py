"""The engine's process: starting, refusing to start, stopping in order, being killed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import clickhouse_connect
import pytest
import requests

from include.embedded import process
from include.embedded.process import EngineDidNotStart, RunningEngine
from tests.embedded.clients import make_client


@pytest.fixture
def own(tmp_path: Path):
    """An engine that the test may stop or kill."""
    running = process.start(tmp_path / "data", password="p", log_path=tmp_path / "engine.log")
    yield running
    running.kill()


def test_a_second_process_on_the_folder_is_told_who_holds_it(
    own: RunningEngine, tmp_path: Path
) -> None:
    with pytest.raises(EngineDidNotStart) as refused:
        process.start(tmp_path / "data")
    assert f"is open in process {own.pid}" in str(refused.value)
    assert "exit code 3" in str(refused.value)
    assert requests.get(f"http://{own.host}:{own.port}/ping", timeout=10).text == "Ok.\n"


def test_a_taken_port_is_named_and_the_folder_is_left_free(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(EngineDidNotStart, match=f"port {port} of 127.0.0.1 cannot be used"):
            process.start(tmp_path / "data", port=port)
    process.start(tmp_path / "data", port=port).stop()


def test_it_listens_on_loopback_only_and_tells_the_truth_about_itself(own: RunningEngine) -> None:
    assert own.host == "127.0.0.1"
    assert own.pid == own.process.pid
    listening = Path(f"/proc/{own.pid}/net/tcp").read_text(encoding="ascii").splitlines()
    port = f"{own.port:04X}"
    locals_ = {line.split()[1] for line in listening if line.split()[3] == "0A"}
    assert f"0100007F:{port}" in locals_
    assert f"00000000:{port}" not in locals_


def test_passwords_are_not_on_the_command_line(tmp_path: Path) -> None:
    running = process.start(tmp_path / "data", password="s3cr3t-word", bi_password="0ther-word")
    line = Path(f"/proc/{running.pid}/cmdline").read_bytes()
    running.kill()
    assert b"--data" in line
    assert b"-word" not in line


def test_the_ready_file_appears_complete(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    running = subprocess.Popen(
        [sys.executable, "-m", "include.embedded", "--data", tmp_path / "d", "--ready-file", ready],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=process.PROJECT_ROOT,
    )
    try:
        deadline = time.monotonic() + 30
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        content = json.loads(ready.read_text(encoding="utf-8"))
        assert content["pid"] == running.pid
        assert requests.get(f"http://{content['host']}:{content['port']}/ping", timeout=10).ok
    finally:
        running.terminate()
        assert running.wait(30) == 0


def test_stopping_lets_a_running_statement_finish(own: RunningEngine) -> None:
    client = make_client(own)
    answers: list[object] = []

    def ask() -> None:
        answers.append(client.query("select sum(sleepEachRow(0.1)) from numbers(10)").first_row[0])

    asking = threading.Thread(target=ask)
    asking.start()
    watcher = make_client(own)
    running = "select count() from system.processes where query like '%sleepEachRow(0.1)%' "
    running += "and query not like '%processes%'"
    while not watcher.command(running):
        time.sleep(0.01)
    assert own.stop() == 0
    asking.join()
    assert answers == [0]


def test_what_was_written_is_there_after_a_restart(own: RunningEngine, tmp_path: Path) -> None:
    client = make_client(own)
    client.command("create database d")
    client.command("create table d.t (a UInt64) engine=MergeTree order by a")
    client.insert("d.t", [[1], [2]])
    assert own.stop() == 0
    again = process.start(tmp_path / "data", password="p")
    assert make_client(again).command("select sum(a) from d.t") == 3
    again.stop()


def test_the_log_names_no_literal_of_any_statement(own: RunningEngine, tmp_path: Path) -> None:
    client = make_client(own)
    for statement in (
        "select '+79161234567'",
        "select throwIf(number > 900000, '+79161234567') from numbers(1000000)",
        "selec '+79161234567'",
        "select '+79161234567' from nowhere",
    ):
        requests.post(
            f"http://{own.host}:{own.port}/",
            data=statement,
            auth=(own.user, own.password),
            timeout=20,
            stream=True,
        ).close()
    client.close()
    own.stop()
    log = (tmp_path / "engine.log").read_text(encoding="utf-8")
    assert "serving" in log
    assert "79161234567" not in log


def test_no_acknowledged_row_is_lost_and_no_batch_is_torn_by_kill_9(
    own: RunningEngine, tmp_path: Path
) -> None:
    """Four writers insert numbered batches until the engine is killed under them."""
    batch = 2000
    setup = make_client(own)
    setup.command("create database d")
    setup.command("create table d.t (w UInt8, b UInt32, n UInt64) engine=MergeTree order by n")
    acknowledged: dict[int, int] = {}
    stop = threading.Event()

    def write(worker: int) -> None:
        client = make_client(own)
        number = 0
        while not stop.is_set():
            rows = "".join(f"{worker}\t{number}\t{i}\n" for i in range(batch))
            try:
                client.raw_insert("d.t", ["w", "b", "n"], rows, fmt="TSV")
            except clickhouse_connect.driver.exceptions.Error:
                return
            number += 1
            acknowledged[worker] = number

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + 30
    while sum(acknowledged.values()) < 60 and time.monotonic() < deadline:
        time.sleep(0.01)
    own.kill()
    stop.set()
    for writer in writers:
        writer.join()
    assert sum(acknowledged.values()) >= 60
    again = process.start(tmp_path / "data", password="p")
    client = make_client(again)
    batches = client.query("select w, b, count() from d.t group by w, b").result_rows
    again.stop()
    assert {rows for _, _, rows in batches} == {batch}
    present = {(worker, number) for worker, number, _ in batches}
    lost = [
        (w, n) for w, count in acknowledged.items() for n in range(count) if (w, n) not in present
    ]
    assert lost == []


def test_a_program_that_dies_at_once_is_reported_with_its_words(tmp_path: Path) -> None:
    file = tmp_path / "a_file"
    file.write_text("not a folder", encoding="utf-8")
    with pytest.raises(EngineDidNotStart, match="a_file"):
        process.start(file)
    assert not os.path.isdir(file)  # noqa: PTH112, the point is that nothing was made of it
