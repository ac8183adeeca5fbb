"""Stores: fresh ones are empty, secrets stay with their owner, the last one is remembered."""

from __future__ import annotations

import base64
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.supervisor.store import (
    NoStore,
    create_fresh_store,
    create_store,
    dated_name,
    last_store,
    read_secrets,
    remember_last,
)


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    store = create_store(tmp_path, "demo")
    assert stat.S_IMODE((store.root / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700


def test_secrets_stay_the_same_and_never_show_in_repr(tmp_path: Path) -> None:
    store = create_store(tmp_path, "demo")
    first = read_secrets(store)
    assert read_secrets(store) == first
    assert first.clickhouse_password not in repr(first)
    assert first.identity_key not in repr(first)


def test_the_fernet_key_is_one_airflow_accepts(tmp_path: Path) -> None:
    key = read_secrets(create_store(tmp_path, "demo")).fernet_key
    assert len(base64.urlsafe_b64decode(key)) == 32


def test_a_fresh_store_keeps_nothing_of_the_former(tmp_path: Path) -> None:
    former = create_store(tmp_path, "demo")
    (former.landing / "part.parquet").write_bytes(b"old")
    secrets = read_secrets(former)
    fresh = create_fresh_store(tmp_path, "demo")
    assert list(fresh.landing.iterdir()) == []
    assert read_secrets(fresh) != secrets


def test_the_last_store_is_remembered(tmp_path: Path) -> None:
    create_store(tmp_path, "demo")
    remember_last(tmp_path, create_store(tmp_path, "real-1"))
    assert last_store(tmp_path).name == "real-1"


def test_without_a_run_the_message_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NoStore, match="make demo"):
        last_store(tmp_path)


def test_a_deleted_last_store_is_told(tmp_path: Path) -> None:
    store = create_store(tmp_path, "demo")
    remember_last(tmp_path, store)
    store.root.rename(tmp_path / "moved-away")
    with pytest.raises(NoStore, match="was deleted"):
        last_store(tmp_path)


@pytest.mark.parametrize("name", ["", "..", "a/b", "Ä", "A"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoStore):
        create_store(tmp_path, name)


def test_dated_names_sort_by_time() -> None:
    earlier = dated_name("real", datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC))
    later = dated_name("real", datetime(2026, 1, 2, 3, 4, 5, 7000, tzinfo=UTC))
    assert earlier == "real-20260102-030405-006" < later
