"""The command line: figures as TSV; what a person can mend is a message, not a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from include import cli
from include.settings import inherited_environment
from include.terminal import errors
from include.warehouse.client import ClickHouseTarget


@pytest.fixture
def on_engine(monkeypatch: pytest.MonkeyPatch, target: ClickHouseTarget, tmp_path: Path) -> None:
    """The environment of an installation whose server is the tests' shared engine."""
    monkeypatch.setenv("THROUGHLINE_HOME", str(tmp_path))
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE_HOST", target.host)
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE_PORT", str(target.port))
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE_USER", target.user)
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE_PASSWORD", target.password)


def _query(sql: str, capfd: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = cli.main(["query", sql])
    printed = capfd.readouterr()
    return code, printed.out, printed.err


@pytest.mark.usefixtures("on_engine")
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1 as a, null as b", "a\tb\n1\t\\N\n"),
        ("select 1 as a;\n", "a\n1\n"),
        ("select 'it''s $HOME `x` \"y\"' as a", 'a\nit\\\'s $HOME `x` "y"\n'),
        ("select 'два\nстроки' as a", "a\nдва\\nстроки\n"),
        ("select 1 as a where 0", "a\n"),
        ("select 1 as a format CSVWithNames", '"a"\n1\n'),
    ],
)
def test_an_answer_is_tsv_with_a_header(
    capfd: pytest.CaptureFixture[str], sql: str, expected: str
) -> None:
    assert _query(sql, capfd) == (0, expected, "")


@pytest.mark.usefixtures("on_engine")
def test_clickhouses_own_words_are_the_message(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = _query("select nonsense from nowhere.at_all", capfd)
    assert (code, out) == (1, "")
    assert "nowhere" in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("on_engine")
def test_an_empty_statement_says_how_to_ask(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = _query(" \n", capfd)
    assert (code, out) == (1, "")
    assert "make query SQL=" in err


def test_without_any_run_the_message_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("THROUGHLINE_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("THROUGHLINE_CLICKHOUSE_PASSWORD", raising=False)
    code, out, err = _query("select 1", capfd)
    assert (code, out) == (1, "")
    assert "make demo" in err


def test_an_unreachable_server_is_told_with_what_to_check(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("THROUGHLINE_HOME", str(tmp_path))
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE_PORT", "1")
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE_PASSWORD", "very-secret")
    code, _, err = _query("select 1", capfd)
    assert code == 1
    assert "THROUGHLINE_CLICKHOUSE_HOST" in err
    assert "very-secret" not in err


def test_every_error_called_mendable_exists() -> None:
    import importlib

    for module, names in errors._MENDABLE.items():
        loaded = importlib.import_module(module)
        for name in names:
            assert issubclass(getattr(loaded, name), Exception), f"{module}.{name}"


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "read_settings", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main(["check-contracts"])


def test_contracts_are_checked_without_a_warehouse(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check-contracts"]) == 0
    assert "contracts are well-formed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "typed",
    [
        "select 1 as a",
        "select 'a b' as \"x y\", $tag$it's$tag$ as b",
        "select `n` from (select 2 as n)\nwhere n > 1 -- $(HOME) $$ #\n",
    ],
)
def test_make_hands_a_statement_over_as_it_was_typed(
    project_root: Path, tmp_path: Path, typed: str
) -> None:
    # The interpreter is replaced by `cat`, so what arrives on its standard input is seen.
    stand_in = tmp_path / "python"
    stand_in.write_text("#!/bin/sh\ncat\n", "utf-8")
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["make", "--silent", "query", f"RUN={stand_in}", f"PYTHON={_doing_nothing(tmp_path)}",
         f"SQL={typed}"],
        cwd=project_root,
        env=inherited_environment(),
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout == typed


@pytest.mark.parametrize(
    ("command", "known"),
    [
        (["components", "--given=EDGES OUT MAX_DEGRE"], "EDGES, OUT, MAX_DEGREE, SINCE"),
        (["match", "--given=RECORDS SPEK"], "RECORDS, SPEC, OUT"),
        (["explain-person", "--given=ID FOO"], "ID, TO, PLAIN"),
    ],
)
def test_a_mistyped_option_is_refused_with_those_there_are(
    capfd: pytest.CaptureFixture[str], command: list[str], known: str
) -> None:
    assert cli.main(command) == 1
    said = capfd.readouterr().err
    assert f"{command[1].split()[-1]}: there is no such option; there are {known}" in said


def test_a_setting_that_cannot_be_read_is_named_without_its_value(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THROUGHLINE_CLICKHOUSE_PORT", "hunter2")
    assert cli.main(["check-contracts"]) == 1
    said = capfd.readouterr().err
    assert said.startswith("THROUGHLINE_CLICKHOUSE_PORT: ")
    assert "hunter2" not in said


def test_what_a_file_is_called_is_no_markup(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    edges, out = tmp_path / "edges [red].csv", tmp_path / f"{'long ' * 20}[x].csv"
    edges.write_text("a,b\n1,2\n")
    assert cli.main(["components", f"--edges={edges}", f"--out={out}"]) == 0
    assert capfd.readouterr().out == f"2 nodes written to {out}\n"


def _doing_nothing(folder: Path) -> Path:
    script = folder / "nothing"
    script.write_text(f"#!{sys.executable}\n", "utf-8")
    script.chmod(0o755)
    return script


def test_make_help_has_one_line_for_each_target(project_root: Path) -> None:
    done = subprocess.run(
        ["make", "--silent", "help"], cwd=project_root, capture_output=True, text=True, check=True
    )
    named = [line.split()[1] for line in done.stdout.splitlines()]
    wanted = {
        "demo", "real", "up", "down", "query", "test", "collect", "lint", "bench", "lock",
        "setup", "help", "world", "conformance", "clients", "check-source", "attribute",
        "components", "match", "score", "explain-person", "explain-company",
    }  # fmt: skip
    assert set(named) == wanted
    assert len(named) == len(wanted)
