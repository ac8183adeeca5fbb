"""What ``make real`` reads, and what a run is told when there is nothing to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.ingestion.sources import discover_connectors, read_accounts
from include.sandbox.vendors.server import discover_vendors
from include.supervisor.demo import (
    NothingToRead,
    demo_accounts,
    real_accounts,
    require_files,
    write_sources_file,
)
from include.supervisor.store import create_store


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NothingToRead, match="there is no folder"):
        require_files(tmp_path / "none")


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with pytest.raises(NothingToRead, match="holds no files"):
        require_files(tmp_path)


def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.touch()
    with pytest.raises(NothingToRead, match="is a file"):
        require_files(path)


def test_files_in_a_folder_below_are_enough(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "leads.csv").touch()
    require_files(tmp_path)


@pytest.mark.parametrize("kind", ["demo", "real"])
def test_the_accounts_written_are_accounts_that_can_be_read(tmp_path: Path, kind: str) -> None:
    store = create_store(tmp_path, kind)
    accounts = (
        demo_accounts(store, dict.fromkeys(discover_vendors(), "http://127.0.0.1:1"))
        if kind == "demo"
        else real_accounts(tmp_path)
    )
    write_sources_file(store, accounts)
    entries = read_accounts(store.sources_file)
    assert sorted({entry.account.source for entry in entries}) == sorted(accounts)


def test_every_stand_in_with_a_connector_has_an_account_in_the_demo(tmp_path: Path) -> None:
    store = create_store(tmp_path, "demo")
    addresses = dict.fromkeys(discover_vendors(), "http://127.0.0.1:1")
    read = set(demo_accounts(store, addresses))
    assert read == set(discover_connectors())
