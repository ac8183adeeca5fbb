"""Every query and command the documents tell people to type is one that runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include import cli
from include.warehouse.client import ClickHouseTarget, connect

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
QUERY = re.compile(r'make query SQL="([^"…]+)"')
COMMAND = re.compile(r"^\S*python -m include\.cli ([^\n#]+)", re.M)
NOT_THERE_YET = ("mart_won_deals_monthly", "frankfurter")
"""Tables of the how-tos, which their own tests make."""


def find_all(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Document name and match, for every match."""
    return [
        (path.name, found.strip())
        for path in DOCUMENTS
        for found in pattern.findall(path.read_text(encoding="utf-8"))
    ]


@pytest.fixture(scope="module")
def warehouse(house_target: ClickHouseTarget) -> Iterator[Client]:
    """A client of an engine on which every table of the contracts is there."""
    client = connect(house_target)
    yield client
    client.close()


@pytest.mark.engine
def test_every_documented_query_runs(warehouse: Client) -> None:
    queries = [q for _, q in find_all(QUERY) if not any(name in q for name in NOT_THERE_YET)]
    assert len(queries) >= 5
    for query in queries:
        assert warehouse.raw_query(query, fmt="TSVWithNames"), query


def test_every_documented_command_line_is_understood() -> None:
    commands = find_all(COMMAND)
    assert len(commands) >= 8
    for document, command in commands:
        try:
            cli._parser().parse_args(shlex.split(command))
        except SystemExit as refused:
            assert refused.code == 0, f"{document}: include.cli {command}"
