"""Personal data whose time is over is gone from raw, quarantine and landing, and stays gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts.model import Catalog, PersonalData
from include.warehouse.expiry import Expired, expire_personal_data
from include.warehouse.landing import Landing
from include.warehouse.raw_load import load
from include.warehouse.rebuild import rebuild
from tests.ingestion.conftest import FILLED
from tests.ingestion.toy_source import DAY, spend
from tests.warehouse.toy_loads import REJECTED, costs, land

SPEND_TABLE = "raw.raw_toy__spend"


@pytest.fixture
def personal_catalog(toy_catalog: Catalog) -> Catalog:
    """The toy house, its spend personal for 100 days; quarantine keeps for 90 as everywhere."""
    spend_table = replace(
        toy_catalog.table(SPEND_TABLE), personal_data=PersonalData("restricted", 100)
    )
    return Catalog({**toy_catalog.tables, SPEND_TABLE: spend_table})


def _after(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def _count_quarantined(client: Client) -> int:
    return client.query("select count() from raw.raw_quarantine").result_rows[0][0]


def test_young_personal_data_is_left_alone(
    store: Client, landing: Landing, personal_catalog: Catalog
) -> None:
    manifest = land(landing, spend(DAY, {"a": "1"}), rejected=REJECTED)
    load(store, landing, replace(manifest, pulled_at=datetime.now(UTC)))
    now = manifest.pulled_at + timedelta(days=80)
    assert expire_personal_data(store, landing, personal_catalog, now) == Expired(0, 0)
    assert costs(store) == ["a=1"]
    assert _count_quarantined(store) == 1


def test_quarantine_goes_first_and_the_slice_can_still_be_rebuilt(
    store: Client, landing: Landing, personal_catalog: Catalog
) -> None:
    load(store, landing, land(landing, spend(DAY, {"a": "1"}), rejected=REJECTED))
    quarantine_only = Catalog(
        {
            **personal_catalog.tables,
            SPEND_TABLE: replace(personal_catalog.table(SPEND_TABLE), personal_data=None),
        }
    )
    gone = expire_personal_data(store, landing, quarantine_only, _after(91))
    assert gone == Expired(rows=1, landed_slices=1)
    assert _count_quarantined(store) == 0
    assert expire_personal_data(store, landing, quarantine_only, _after(91)) == Expired(0, 0)

    for table in FILLED:
        store.command(f"truncate table {table}")
    rebuild(store, landing)
    assert costs(store) == ["a=1"]
    assert _count_quarantined(store) == 0


def test_expired_rows_and_their_landed_files_are_gone(
    store: Client, landing: Landing, personal_catalog: Catalog
) -> None:
    load(store, landing, land(landing, spend(DAY, {"a": "1"})))
    gone = expire_personal_data(store, landing, personal_catalog, _after(101))
    assert gone == Expired(rows=1, landed_slices=1)
    assert costs(store) == []
    assert list(landing.manifests()) == []
    rebuild(store, landing)
    assert costs(store) == []
