"""Compiled loops are made once a machine, and no trouble with them is the caller's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from include.compiled import loader


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if nothing had been loaded yet, and with the true state back afterwards."""
    loaded = loader._load_all
    monkeypatch.setattr(loader, "_load_all", loader.cache(loaded.__wrapped__))
    yield
    monkeypatch.undo()
    assert loader._load_all is loaded


def test_a_loop_runs() -> None:
    count_lines = loader.load("count_lines", is_worth_waiting=True)
    assert count_lines is not None
    body = np.frombuffer(b"a\nbc\n\n" * 1_000 + b"rest", dtype=np.uint8)
    assert count_lines(body.ctypes.data, len(body)) == 3_000


def test_nobody_waits_who_did_not_ask_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loader.load("absorb", is_worth_waiting=False) is None
    loader.load("settle", is_worth_waiting=True)
    assert loader.load("absorb", is_worth_waiting=False) is not None


def test_the_object_code_is_made_once_and_read_ever_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = loader._find_code()
    calls: list[int] = []
    monkeypatch.setattr(loader, "_folders", lambda: iter([tmp_path / "new"]))
    monkeypatch.setattr(loader, "_compile", lambda: calls.append(1) or made)
    assert loader._find_code() == made
    assert loader._find_code() == made
    assert calls == [1]
    assert [file.suffix for file in (tmp_path / "new").iterdir()] == [".o"]


def test_a_read_only_installation_keeps_the_code_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    own = tmp_path / "own"
    monkeypatch.setattr(loader, "_folders", lambda: iter([tmp_path / "a file" / "sub", own]))
    monkeypatch.setattr(loader, "_compile", lambda: b"code")
    assert loader._find_code() == b"code"
    assert len(list(own.iterdir())) == 1


def test_other_sources_have_other_object_code(monkeypatch: pytest.MonkeyPatch) -> None:
    before = loader._fingerprint()
    monkeypatch.setattr(loader, "version", lambda _: "another")
    assert loader._fingerprint() != before


@pytest.mark.parametrize("failure", [OSError("disk"), subprocess.CalledProcessError(1, "x")])
def test_without_a_compiler_there_are_no_loops_and_no_error(
    failure: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> bytes:
        raise failure

    monkeypatch.setattr(loader, "_folders", lambda: iter([]))
    monkeypatch.setattr(loader, "_compile", fail)
    assert loader.load("absorb", is_worth_waiting=True) is None
    assert "the slower way" in caplog.text


def test_damaged_object_code_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_folders", lambda: iter([tmp_path]))
    monkeypatch.setattr(loader, "_compile", lambda: b"code")
    loader._find_code()
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    monkeypatch.setattr(loader, "_compile", lambda: b"new code")
    assert loader._find_code() == b"new code"
    assert kept.read_bytes().endswith(b"new code")


def test_loading_does_not_import_the_compiler() -> None:
    script = (
        "import sys; from include.compiled import loader;"
        "assert loader.load('absorb', True); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
