"""A world as files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from include.sandbox.world import store
from include.sandbox.world.store import NoWorld, read_world, write_world
from include.sandbox.world.truth_store import read_truth
from tests.sandbox.world.small_world import small_world


def test_a_world_read_is_the_world_written(tmp_path: Path) -> None:
    world, truth = small_world()
    write_world(tmp_path, world, truth.tables)
    found = read_world(tmp_path)
    assert (found.seed, found.size) == (world.seed, world.size)
    assert (found.starts_on, found.ends_on) == (world.starts_on, world.ends_on)
    assert all(found.table(name).equals(rows) for name, rows in world.tables.items())
    known = read_truth(tmp_path)
    assert all(known.table(name).equals(rows) for name, rows in truth.tables.items())


def test_a_world_is_read_without_its_truth(tmp_path: Path) -> None:
    world, truth = small_world()
    write_world(tmp_path, world, truth.tables)
    shutil.rmtree(tmp_path / "truth")
    assert read_world(tmp_path).table("visit").equals(world.table("visit"))
    with pytest.raises(NoWorld, match="no truth"):
        read_truth(tmp_path)


def test_an_empty_folder_holds_no_world(tmp_path: Path) -> None:
    with pytest.raises(NoWorld, match="make world"):
        read_world(tmp_path)


def test_a_world_half_written_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, truth = small_world()
    write_world(tmp_path, world, truth.tables)
    calls = []

    def fail_on_the_third(rows: object, path: Path) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise OSError("disk full")

    monkeypatch.setattr(store, "write_table", fail_on_the_third)
    with pytest.raises(OSError, match="disk full"):
        write_world(tmp_path, world, truth.tables)
    with pytest.raises(NoWorld):
        read_world(tmp_path)


def test_other_files_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    world, truth = small_world()
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "tables" / "gone.parquet").write_text("", encoding="utf-8")
    write_world(tmp_path, world, truth.tables)
    assert (tmp_path / "tables" / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "tables" / "gone.parquet").exists()
