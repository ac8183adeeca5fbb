"""The streamed size: blocks in order of time, the same again, memory that does not grow."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from include.connectors.yandex_metrica.fields import RESOURCES, VISIT
from include.sandbox.world import large
from include.sandbox.world.large import LARGE_TABLES, Streamed, make_blocks, stream_large
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.raw_load import load_all

ROOT = Path(__file__).resolve().parents[3]
WANTED = 60_000


@pytest.fixture(scope="module")
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, "BLOCK_NEEDS", 2_000)
        yield


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory, small_blocks: None) -> tuple[Path, Streamed]:
    folder = tmp_path_factory.mktemp("large")
    return folder, stream_large(folder, 1, WANTED)


def read(folder: Path, name: str) -> pa.Table:
    """All parts of a table, in their order."""
    parts = sorted((folder / "truth" / name).iterdir())
    return pa.concat_tables([pq.read_table(path) for path in parts])


def test_about_as_many_touches_are_written_as_were_wanted(
    streamed: tuple[Path, Streamed],
) -> None:
    folder, told = streamed
    touches = read(folder, "touch")
    assert len(touches) == told.touches
    assert 0.9 < told.touches / WANTED < 1.1
    assert touches.schema.equals(LARGE_TABLES["touch"])
    assert json.loads((folder / "large.json").read_text(encoding="utf-8"))["touches"] == len(
        touches
    )


def test_ids_go_on_from_part_to_part(streamed: tuple[Path, Streamed]) -> None:
    folder, told = streamed
    assert len(list((folder / "truth" / "touch").iterdir())) > 2
    for name, count in (("touch", told.touches), ("journey", told.journeys)):
        ids = read(folder, name)[f"{name}_id"].to_numpy()
        assert (ids == np.arange(1, count + 1)).all()


def test_a_touch_is_of_the_person_of_its_journey(streamed: tuple[Path, Streamed]) -> None:
    folder, _ = streamed
    touches, journeys = read(folder, "touch"), read(folder, "journey")
    people = journeys["person_id"].to_numpy()
    assert (people[touches["journey_id"].to_numpy() - 1] == touches["person_id"].to_numpy()).all()


def test_parts_are_in_order_of_time_but_for_the_length_of_journeys(
    streamed: tuple[Path, Streamed],
) -> None:
    folder, _ = streamed
    parts = [
        pq.read_table(path)["occurred_at"]
        for path in sorted((folder / "truth" / "touch").iterdir())
    ]
    middles = [pc.quantile(part.cast(pa.int64()), 0.5)[0].as_py() for part in parts]
    assert middles == sorted(middles)


def test_only_bought_channels_have_a_campaign_and_all_of_them_do(
    streamed: tuple[Path, Streamed],
) -> None:
    touches = read(streamed[0], "touch")
    has = pc.greater(touches["campaign_id"], 0)
    channels = touches["channel"].cast(pa.string())
    bought = {"paid_search", "display", "paid_social", "classified"}
    assert set(channels.filter(has).to_pylist()) == bought
    assert not bought & set(channels.filter(pc.invert(has)).to_pylist())


def test_the_same_seed_streams_the_same_blocks_and_another_does_not(small_blocks: None) -> None:
    first, again, other = (next(make_blocks(seed, WANTED))[1]["touch"] for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_only_buyers_needed_touches(streamed: tuple[Path, Streamed]) -> None:
    touches, journeys = read(streamed[0], "touch"), read(streamed[0], "journey")
    needed = touches.filter(touches["was_needed"])["journey_id"].to_numpy()
    assert len(needed)
    assert journeys["will_buy"].to_numpy(zero_copy_only=False)[needed - 1].all()


def test_every_touch_that_was_seen_is_a_visit_in_landing(
    streamed: tuple[Path, Streamed],
) -> None:
    folder, told = streamed
    landing = Landing(str(folder / "landing"))
    manifests = list(landing.manifests())
    assert len({manifest.slice_key for manifest in manifests}) == len(manifests) > 2
    assert sum(manifest.row_count for manifest in manifests) == told.visits
    schema = RESOURCES[VISIT].schema
    visits = pa.concat_tables(
        pq.read_table(io.BytesIO(landing.read_part(manifest, part.name))).cast(schema)
        for manifest in manifests
        for part in manifest.parts
    )
    touches = read(folder, "touch")
    seen = touches.filter(touches["is_seen"])
    both = visits.select(["visit_id", "client_id", "started_at"]).sort_by("visit_id")
    assert both["visit_id"].cast(pa.int64()).equals(seen["touch_id"])
    assert both["client_id"].equals(seen["client_id"])
    assert both["started_at"].equals(seen["occurred_at"])


@pytest.mark.engine
def test_what_was_landed_is_published_like_anything_pulled(
    streamed: tuple[Path, Streamed], house_target: ClickHouseTarget
) -> None:
    folder, told = streamed
    client = connect(house_target)
    landing = Landing(str(folder / "landing"))
    load_all(client, landing, landing.pending("yandex_metrica", "large"))
    found = client.query(
        "select count(), uniqExact(visit_id) from raw.raw_yandex_metrica__visit_live"
    ).result_rows
    client.close()
    assert found == [(told.visits, told.visits)]


def test_the_command_streams_as_many_as_it_is_told(tmp_path: Path) -> None:
    command = ["-m", "include.sandbox.world", "large", "--touches", "5000", "--out", tmp_path]
    answer = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "touches/s" in " ".join(answer.stdout.split())
    assert 3_000 < len(read(tmp_path, "touch")) < 7_000
