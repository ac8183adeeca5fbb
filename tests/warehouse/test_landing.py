"""What is landed is whole, named safely, and exactly what the source gave."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.connectors.protocol import Batch, ConnectorError, Interval, Rejected, Resource, Slice
from include.warehouse import landing_writer, parquet_parts
from include.warehouse.landing import Landing
from include.warehouse.landing_state import SavedPlan, SavedWait
from include.warehouse.landing_writer import PullWriter
from include.warehouse.manifest import LandingError, Manifest, Receipt, RowsNotConserved
from tests.ingestion.toy_source import DAY, EVENT, SPEND, SPEND_SCHEMA, days, events, spend

T0 = datetime(2026, 2, 1, 12, 30, tzinfo=UTC)
WIDE = Resource(
    "wide",
    "replace",
    pa.schema([("day", pa.date32()), ("text", pa.string()), ("amount", pa.decimal128(18, 2))]),
    day_column="day",
    control_columns=("amount",),
)


def _open(landing: Landing, resource: Resource, piece: Slice, account: str = "acme") -> PullWriter:
    return landing.open_pull(
        "toy", account, resource, piece, pulled_at=T0, connector_version="3", run_id="run"
    )


def _land_events(landing: Landing, key: str = "w1", account: str = "acme") -> Manifest:
    with _open(landing, EVENT, Slice("event", key, watermark="T"), account) as writer:
        writer.add(Batch(events("e1", "e2"), (Rejected("f", 2, "bad", "why", "raw"),)))
        return writer.finish(3)[0]


def _files(landing: Landing) -> list[str]:
    root = Path(landing.root)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_manifest_is_read_back_as_it_was_written(landing: Landing) -> None:
    manifest = _land_events(landing)
    assert list(landing.manifests()) == [manifest]
    assert landing.pending("toy", "acme") == [manifest]
    assert (manifest.row_count, manifest.rejected_count, manifest.watermark) == (2, 1, "T")
    assert manifest.pulled_at == T0


def test_the_root_may_be_any_fsspec_url() -> None:
    landing = Landing("memory://landing-test")
    manifest = _land_events(landing)
    assert list(landing.manifests()) == [manifest]
    assert len(landing.read_part(manifest, "part-00000.parquet")) == manifest.parts[0].size_bytes
    landing.clear_pending(manifest)
    assert landing.pending("toy", "acme") == []
    landing.clear_pending(manifest)


def test_a_local_root_is_closed_to_other_users(landing: Landing) -> None:
    _land_events(landing)
    assert Path(landing.root).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "name", ["..", ".", "a/b", "../../etc", "_pending", "ключ " * 60, "a\\b:c*", "x" * 400, "%2E"]
)
def test_any_name_stays_inside_the_root_and_is_kept_in_the_manifest(
    landing: Landing, name: str
) -> None:
    other = _land_events(landing, key="other")
    manifest = _land_events(landing, key=name, account=name)
    assert (manifest.slice_key, manifest.account) == (name, name)
    assert sorted(m.slice_key for m in landing.manifests()) == sorted([name, "other"])
    assert landing.pending("toy", name) == [manifest]
    assert landing.pending("toy", "acme") == [other]
    assert all(len(part) < 255 for path in _files(landing) for part in path.split("/"))


def test_nothing_exists_before_it_is_finished_and_an_error_leaves_nothing(
    landing: Landing,
) -> None:
    def land_and_fail() -> None:
        with _open(landing, EVENT, Slice("event", "w")) as writer:
            writer.add(Batch(events(*(f"e{n}" for n in range(200_000)))))
            assert list(landing.manifests()) == []
            raise ConnectorError("cut")

    with pytest.raises(ConnectorError, match="cut"):
        land_and_fail()
    assert _files(landing) == []


def test_rows_the_source_counted_otherwise_are_never_landed(landing: Landing) -> None:
    def land(said: int) -> None:
        with _open(landing, EVENT, Slice("event", "w")) as writer:
            writer.add(Batch(events("e1")))
            writer.finish(said)

    with pytest.raises(RowsNotConserved, match="gave 2 rows"):
        land(2)
    assert _files(landing) == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (spend(DAY, {"a": "1"}).select(["account_id"]), "the resource declares"),
        (
            spend(DAY, {"a": "1"}).set_column(4, "clicks", pa.array([1], pa.int64())),
            "column clicks came as int64",
        ),
        (
            pa.RecordBatch.from_arrays(
                [pa.array([None], field.type) for field in SPEND_SCHEMA], names=SPEND_SCHEMA.names
            ),
            "declared not nullable",
        ),
        (spend(DAY + timedelta(days=9), {"a": "1"}), "not asked for"),
    ],
)
def test_rows_that_break_the_declared_schema_are_refused(
    landing: Landing, rows: pa.RecordBatch, message: str
) -> None:
    def land() -> None:
        with _open(landing, SPEND, Slice("spend", "k", days(DAY, 1))) as writer:
            writer.add(Batch(rows))

    with pytest.raises(ConnectorError, match=message):
        land()


def test_a_daily_resource_needs_an_interval(landing: Landing) -> None:
    with pytest.raises(ConnectorError, match="plan it with an interval"):
        _open(landing, SPEND, Slice("spend", "k"))


def _wide_rows(rows: list[tuple[date, str | None, Decimal | None]]) -> pa.RecordBatch:
    values = [dict(zip(WIDE.schema.names, row, strict=True)) for row in rows]
    return pa.RecordBatch.from_pylist(values, schema=WIDE.schema)


@given(
    rows=st.lists(
        st.tuples(
            st.dates(DAY, DAY + timedelta(days=3)),
            st.none() | st.text(max_size=5),
            st.none() | st.decimals(-(10**9), 10**9, places=2),
        ),
        max_size=30,
    ),
    cut=st.integers(1, 7),
    group=st.integers(1, 6),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_landed_days_together_are_the_answer_whatever_its_order_and_batches(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[Any],
    cut: int,
    group: int,
) -> None:
    monkeypatch.setattr(landing_writer, "ROW_GROUP_ROWS", group)
    monkeypatch.setattr(parquet_parts, "PART_ROWS", 2 * group)
    landing = Landing(str(tmp_path_factory.mktemp("landing")))
    with _open(landing, WIDE, Slice("wide", "k", days(DAY, 4))) as writer:
        for start in range(0, len(rows), cut):
            writer.add(Batch(_wide_rows(rows[start : start + cut])))
        manifests = writer.finish(len(rows))
    assert [m.slice_key for m in manifests] == [str(DAY + timedelta(days=n)) for n in range(4)]
    found = []
    for manifest in manifests:
        day = date.fromisoformat(manifest.slice_key)
        assert (manifest.date_from, manifest.date_to) == (day, day + timedelta(days=1))
        own = []
        for part in manifest.parts:
            table = pq.read_table(Path(landing.root) / manifest.folder / part.name)
            assert table.num_rows == part.rows
            own += [tuple(row.values()) for row in table.to_pylist()]
        assert len(own) == manifest.row_count
        assert all(row[0] == day for row in own)
        total = sum((row[2] for row in own if row[2] is not None), Decimal(0))
        assert Decimal(manifest.control_totals["amount"]) == total
        found += own
    assert sorted(map(repr, found)) == sorted(map(repr, rows))


def test_large_answers_are_rolled_into_several_files(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_parts, "PART_ROWS", 100_000)
    with _open(landing, EVENT, Slice("event", "w")) as writer:
        for start in range(0, 300_000, 50_000):
            writer.add(Batch(events(*(f"e{n}" for n in range(start, start + 50_000)))))
        (manifest,) = writer.finish(300_000)
    assert len(manifest.parts) >= 2
    assert sum(part.rows for part in manifest.parts) == 300_000


def test_text_with_and_without_a_dictionary_lands_as_the_same_rows(landing: Landing) -> None:
    words = [f"text {number % 3}" for number in range(100)]
    days_given = pa.array([DAY] * 100)
    amounts = pa.array([Decimal(1)] * 100, pa.decimal128(18, 2))

    def land(key: str, *columns: pa.Array) -> Manifest:
        with _open(landing, WIDE, Slice("wide", key, days(DAY, 1))) as writer:
            for column in columns:
                arrays = [days_given, column, amounts]
                writer.add(Batch(pa.RecordBatch.from_arrays(arrays, names=WIDE.schema.names)))
            return writer.finish(100 * len(columns))[0]

    plain = pa.array(words)
    mixed = land("a", plain, plain.dictionary_encode(), plain)
    assert mixed.content_hash == land("b", plain, plain, plain).content_hash
    path = f"{landing.root}/{mixed.folder}/{mixed.parts[0].name}"
    assert pq.read_table(path)["text"].to_pylist() == words * 3


def test_a_day_cut_from_a_large_batch_does_not_carry_the_words_of_all_days(
    landing: Landing,
) -> None:
    count = 3_000
    text = pa.array([f"a text of the row numbered {n}" for n in range(count)]).dictionary_encode()
    day = pa.array([DAY + timedelta(days=n // 30) for n in range(count)])
    amounts = pa.array([Decimal(1)] * count, pa.decimal128(18, 2))
    with _open(landing, WIDE, Slice("wide", "k", days(DAY, 100))) as writer:
        rows = pa.RecordBatch.from_arrays([day, text, amounts], names=WIDE.schema.names)
        writer.add(Batch(rows))
        manifests = writer.finish(count)
    assert max(part.size_bytes for manifest in manifests for part in manifest.parts) < 5_000


def test_more_days_than_files_may_be_open_are_landed_all_the_same(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing_writer, "_OPEN_SLICES", 3)
    monkeypatch.setattr(landing_writer, "_BUFFERED_BYTES", 200)
    with _open(landing, SPEND, Slice("spend", "k", days(DAY, 30))) as writer:
        for _ in range(2):
            for offset in range(30):
                writer.add(Batch(spend(DAY + timedelta(days=offset), {"a": "1", "b": "2"})))
        manifests = writer.finish(120)
    assert [manifest.row_count for manifest in manifests] == [4] * 30


def test_a_wait_and_a_plan_are_read_back_as_they_were_saved(landing: Landing) -> None:
    piece = Slice(
        "spend", "k", Interval(DAY, DAY + timedelta(days=2)), "append", "T", True, {"n": [1]}
    )
    wait = SavedWait(piece, {"id": "x"}, T0, T0 + timedelta(seconds=5))
    landing.save_wait("toy", "acme", wait)
    assert landing.waits("toy", "acme") == [wait]
    assert landing.waits("toy", "other") == []
    landing.drop_wait("toy", "acme", piece)
    assert landing.waits("toy", "acme") == []
    plan = SavedPlan(T0, "None", [piece], {"spend": {"slices_planned": 1}}, [])
    landing.save_plan("toy", "acme", "run", plan)
    assert landing.read_plan("toy", "acme", "run") == plan
    assert landing.read_plan("toy", "acme", "other") is None


def test_a_receipt_replaces_that_of_an_attempt_that_was_never_published(
    landing: Landing,
) -> None:
    manifest = _land_events(landing)
    first = Receipt("20260101T000000000000-aaaaaaaa", "loaded", T0, "h", "run")
    second = Receipt("20260101T000000000001-bbbbbbbb", "loaded", T0, "h", "run")
    landing.write_receipt(manifest, first)
    landing.write_receipt(manifest, second)
    assert landing.receipts(manifest) == [second]


def test_a_broken_or_missing_manifest_says_what_to_do(landing: Landing) -> None:
    manifest = _land_events(landing)
    landing.files.write(manifest.path, b"{}")
    with pytest.raises(LandingError, match="restore it from a copy"):
        landing.read_manifest(manifest.folder)
    with pytest.raises(LandingError, match=r"has no manifest\.json"):
        landing.read_manifest("toy/acme/none")
