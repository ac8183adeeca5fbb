"""Tables and lines read as well in a log file as on a screen."""

from __future__ import annotations

import io
from decimal import Decimal

from rich.console import Console

from include.supervisor.progress import Progress


def _progress() -> tuple[Progress, io.StringIO]:
    out = io.StringIO()
    return Progress(Console(file=out, highlight=False, width=60)), out


def test_a_log_file_gets_whole_lines_and_no_escape_codes() -> None:
    progress, out = _progress()
    with progress.waiting("starting"):
        progress.now("scheduler")
        progress.say("a line " * 20)
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_a_password_is_never_folded() -> None:
    progress, out = _progress()
    progress.text("x" * 100)
    assert "x" * 100 in out.getvalue()


def test_money_has_two_decimals_and_null_is_not_zero() -> None:
    progress, out = _progress()
    progress.table(("channel", "cost"), [("a", Decimal("1234.500000")), ("b", None), ("c", 0)])
    lines = [line.split() for line in out.getvalue().splitlines()[2:]]
    assert [line[-1] for line in lines] == ["1,234.50", "–", "0"]
