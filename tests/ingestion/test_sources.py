"""Sources are found by themselves; the accounts file is refused with line and cure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from include.connectors.protocol import BadInput
from include.ingestion.sources import discover_connectors, read_accounts
from include.settings import PROJECT_ROOT


@pytest.fixture
def accounts_file(tmp_path: Path) -> Path:
    return tmp_path / "sources.yaml"


def test_every_connector_of_the_package_is_found() -> None:
    found = discover_connectors()
    assert {"files", "yandex_direct"} <= set(found)
    assert all(connector.source == name for name, connector in found.items())


def test_names_of_sources_are_known_without_importing_a_connector() -> None:
    code = (
        "import sys; from include.ingestion.sources import source_names; print(*source_names());"
        "sys.exit(any(f'include.connectors.{name}' in sys.modules for name in source_names()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(discover_connectors())


def test_accounts_are_read_in_order_without_credentials(accounts_file: Path) -> None:
    accounts_file.write_text(
        "sources:\n"
        "  files:\n"
        "    - account: drop\n"
        "      options: {folder: /data, days: 3}\n"
        "  yandex_direct:\n"
        "    - {account: demo, connection: direct_demo}\n"
    )
    first, second = read_accounts(accounts_file)
    assert (first.account.source, first.account.name, first.connection) == ("files", "drop", "")
    assert first.account.options == {"folder": "/data", "days": 3}
    assert (second.account.name, second.connection) == ("demo", "direct_demo")
    assert not second.account.credentials


def test_no_accounts_at_all_is_fine(accounts_file: Path) -> None:
    for text in ("sources: {}\n", "sources:\n", ""):
        accounts_file.write_text(text)
        assert read_accounts(accounts_file) == []


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("sources:\n  facebok: []\n", 2, "no connector facebok; there are: "),
        ("sources:\n  files:\n    account: x\n", 3, "list of accounts"),
        ("sources:\n  files:\n    - {folder: x, account: a}\n", 3, "no key folder"),
        ("sources:\n  files:\n    - {options: {}}\n", 3, "needs `account: <name>`"),
        ("sources:\n  files:\n    - {account: 12}\n", 3, "quoted text"),
        ("sources:\n  files:\n    - {account: a}\n    - {account: a}\n", 4, "listed twice"),
        ("sources:\n  files:\n    - {account: a, options: [1]}\n", 3, "must be a mapping"),
        ("source: {}\n", 1, "no key source"),
        ("sources:\n  files: [\n", 3, "not readable as YAML"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(
    accounts_file: Path, text: str, line: int, message: str
) -> None:
    accounts_file.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_accounts(accounts_file)
    assert f"{accounts_file}:{line}: " in str(caught.value)
    assert message in str(caught.value)


def test_every_problem_is_told_at_once(accounts_file: Path) -> None:
    accounts_file.write_text("sources:\n  a: []\n  b: []\n")
    with pytest.raises(BadInput) as caught:
        read_accounts(accounts_file)
    assert str(caught.value).count("no connector") == 2


def test_a_missing_file_says_where_it_should_be(accounts_file: Path) -> None:
    with pytest.raises(BadInput, match="THROUGHLINE_SOURCES_FILE"):
        read_accounts(accounts_file)
