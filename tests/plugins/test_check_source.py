"""A check says line by line what an account may read, and what to do where it may not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from include.connectors.protocol import Capability, TemporaryFailure
from throughline import check_source

pytestmark = pytest.mark.airflow


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, airflow_home: Path) -> Path:
    """Two folders, one of which is not there."""
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "strange.csv").write_text("a,b\n1,2\n")
    accounts = [
        {"account": "there", "options": {"folder": str(drop)}},
        {"account": "gone", "options": {"folder": str(tmp_path / "nowhere")}},
    ]
    file = tmp_path / "sources.yaml"
    file.write_text(yaml.safe_dump({"sources": {"files": accounts}}))
    monkeypatch.setenv("THROUGHLINE_SOURCES_FILE", str(file))
    monkeypatch.setenv("THROUGHLINE_HOME", str(tmp_path / "home"))
    return file


def test_what_may_not_be_read_is_told_with_what_to_do(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_source.main(["files/there"]) == 1
    shown = capsys.readouterr().out
    assert "strange.csv" in shown
    assert "no mapping claims it" in shown


def test_a_folder_that_is_gone_is_no_traceback(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_source.main(["files/gone"]) == 1
    assert "nowhere" in capsys.readouterr().out.replace("\n", "").replace(" ", "")


def test_a_source_by_itself_means_all_of_its_accounts(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_source.main(["files"])
    shown = capsys.readouterr().out
    assert "files/there" in shown
    assert "files/gone" in shown


@pytest.mark.parametrize("name", ["", "files/other", "nobody"])
def test_a_name_nobody_configured_lists_those_there_are(
    sources: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert check_source.main([name]) == 2
    assert "files/gone, files/there" in capsys.readouterr().err


def _answering(monkeypatch: pytest.MonkeyPatch, *found: Capability | Exception) -> None:
    class Toy:
        def __init__(self, *_: object) -> None: ...

        def check(self) -> Iterator[Capability]:
            for one in found:
                if isinstance(one, Exception):
                    raise one
                yield one

    monkeypatch.setattr(check_source, "find_connector", lambda _: Toy)


def test_a_vendors_words_are_shown_as_they_are(
    sources: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _answering(monkeypatch, Capability("a[b]", False, "no [/v1/x] for [red] :smile:"))
    assert check_source.main(["files/there"]) == 1
    shown = capsys.readouterr().out
    assert "a[b]" in shown
    assert "no [/v1/x] for [red] :smile:" in shown


def test_what_was_found_before_the_trouble_is_shown_beside_it(
    sources: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _answering(monkeypatch, Capability("deals", True), TemporaryFailure("no answer"))
    assert check_source.main(["files/there"]) == 1
    shown = capsys.readouterr().out
    assert "deals" in shown
    assert "no answer" in shown


def test_a_bug_of_a_connector_is_not_blamed_on_the_connection(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answering(monkeypatch, KeyError("result"))
    with pytest.raises(KeyError, match="result"):
        check_source.main(["files/there"])


def test_a_home_that_cannot_be_written_is_told(
    sources: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (sources.parent / "home").write_text("a file where the folder should be")
    assert check_source.main(["files/there"]) == 1
    assert "THROUGHLINE_HOME" in capsys.readouterr().out


def test_a_connection_that_does_not_exist_is_told_by_its_name(
    sources: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accounts = [{"account": "shop", "connection": "nowhere_to_be_found"}]
    sources.write_text(yaml.safe_dump({"sources": {"yandex_direct": accounts}}))
    assert check_source.main(["yandex_direct/shop"]) == 1
    assert "nowhere_to_be_found" in capsys.readouterr().out
    assert "AIRFLOW_CONN_NOWHERE_TO_BE_FOUND" not in os.environ
