"""The demo's company is made once and its files show the last sixty days of its life."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from include.sandbox import demo_company
from include.sandbox.demo_company import provide_world, write_files
from include.sandbox.world.world import World


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, World]:
    worlds = tmp_path_factory.mktemp("worlds")
    return worlds, *provide_world(worlds, "small")


def test_a_world_is_made_once_and_read_again(
    made: tuple[Path, Path, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds, folder, world = made
    monkeypatch.setattr(demo_company, "make_world", lambda *_: pytest.fail("made again"))
    again, same = provide_world(worlds, "small")
    assert again == folder
    assert same.table("crm_lead").equals(world.table("crm_lead"))


def test_another_generator_makes_another_world_and_leaves_no_old_one(
    made: tuple[Path, Path, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds, folder, _ = made
    monkeypatch.setattr(demo_company, "_mark_code", lambda: "other")
    newer, _ = provide_world(worlds, "small")
    assert newer != folder
    assert sorted(worlds.iterdir()) == [newer]


def test_the_files_end_with_the_world_when_today_lies_behind_it(
    made: tuple[Path, Path, World], tmp_path: Path
) -> None:
    world = made[2]
    written = write_files(world, tmp_path, date(2030, 1, 1))
    names = [path.name for path in written]
    assert "crm_leads_2026-01.csv" in names
    assert "crm_deals.xlsx" in names
    leads = (tmp_path / "crm_leads_2026-01.csv").read_bytes().decode("cp1251").splitlines()
    assert len(leads) > 10
