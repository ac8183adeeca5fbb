"""Everything the company of a small world did arrives in raw, through every connector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from benchmarks import whole_world
from benchmarks.whole_world import ACCOUNTS, FACTS, Comparison, compare_all, show_difference
from include.ingestion.sources import source_names
from include.sandbox.demo_accounts import DEMO_ACCOUNTS
from include.warehouse.client import ClickHouseTarget, connect
from tests.sandbox.world.small_world import small_world

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def store(house_target: ClickHouseTarget, project_root: Path) -> Iterator[Client]:
    client = connect(house_target)
    yield client
    client.close()


@pytest.fixture(scope="module")
def compared(
    store: Client, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Comparison]:
    """One account of every source over the whole span, read one after the other."""
    folder = tmp_path_factory.mktemp("whole-world")
    found = compare_all(small_world()[0], store, folder, DEMO_ACCOUNTS)
    return {(one.source, one.kind): one for one in found}


@pytest.mark.parametrize(
    ("source", "kind"),
    [(source, facts.name) for source in sorted(FACTS) for facts in FACTS[source]],
)
def test_raw_holds_exactly_what_the_company_did(
    compared: dict[tuple[str, str], Comparison], source: str, kind: str
) -> None:
    found = compared[source, kind]
    assert found.told, "the world has something to tell"
    assert found.is_equal, show_difference(found)


def test_no_source_that_is_read_from_a_vendor_is_left_out() -> None:
    assert set(FACTS) == set(source_names()) - {"files"}
    assert {account.source for account in ACCOUNTS} == set(FACTS)


def test_nothing_beside_nothing_proves_nothing() -> None:
    assert not Comparison("toy", "one", "calls", [], []).is_equal


def test_a_source_nobody_compares_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert whole_world.main(["small", "uis", "googel_ads"]) == 2
    assert "googel_ads" in capsys.readouterr().err


def test_a_fact_held_twice_is_a_difference_that_is_shown() -> None:
    found = Comparison("toy", "one", "calls", [("a", 1)], [("a", 1), ("a", 1)])
    assert not found.is_equal
    assert "('a', 1)" in show_difference(found)
