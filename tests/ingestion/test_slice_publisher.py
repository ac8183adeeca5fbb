"""Landed slices are published beside the reading of the next, in order, and no error is lost."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from include.connectors.protocol import Slice
from include.ingestion.slice_publisher import SlicePublisher
from include.warehouse.raw_load import LoadOutcome, RawLoadFailed


def _manifest(key: str) -> Any:
    return SimpleNamespace(slice_key=key)


def _outcome(manifest: Any) -> LoadOutcome:
    return LoadOutcome("loaded", f"load of {manifest.slice_key}", True, 1, 0)


def _outcomes(manifests: Any) -> list[LoadOutcome]:
    return [_outcome(manifest) for manifest in manifests]


def test_slices_are_published_in_the_order_they_were_landed() -> None:
    with SlicePublisher(_outcomes) as publisher:
        for number in range(6):
            publisher.submit(Slice("spend", str(number)), [_manifest(f"{number}")])
        done = publisher.take_done() + publisher.take_all()
    assert [published.piece.key for published in done] == list("012345")


def test_the_caller_reads_on_while_a_slice_is_loaded() -> None:
    gate = threading.Event()

    def load(manifests: Any) -> list[LoadOutcome]:
        gate.wait(30)
        return _outcomes(manifests)

    with SlicePublisher(load) as publisher:
        publisher.submit(Slice("spend", "1"), [_manifest("1")])
        assert publisher.take_done() == []  # came back although nothing is loaded yet
        gate.set()
        assert len(publisher.take_all()) == 1


def test_a_slice_that_cannot_be_loaded_stops_no_other() -> None:
    def load(manifests: Any) -> list[LoadOutcome | RawLoadFailed]:
        bad = RawLoadFailed("rows are missing")
        return [bad if m.slice_key == "bad" else _outcome(m) for m in manifests]

    with SlicePublisher(load) as publisher:
        publisher.submit(Slice("spend", "days"), [_manifest("bad"), _manifest("good")])
        (published,) = publisher.take_all()
    kinds = [type(result) for _, result in published.results]
    assert kinds == [RawLoadFailed, LoadOutcome]


def test_an_error_of_the_warehouse_itself_reaches_the_caller_and_not_the_slice_being_read() -> None:
    def load(_: Any) -> list[LoadOutcome]:
        raise ConnectionError("the warehouse is gone")

    with SlicePublisher(load) as publisher:
        publisher.submit(Slice("spend", "1"), [_manifest("1")])
        publisher._thread.submit(lambda: None).result()
        assert publisher.take_done() == []
        with pytest.raises(ConnectionError):
            publisher.submit(Slice("spend", "2"), [_manifest("2")])


def test_too_many_landed_answers_slow_the_reading_down() -> None:
    gate, began = threading.Event(), threading.Event()

    def load(manifests: Any) -> list[LoadOutcome]:
        began.set()
        gate.wait(30)
        return _outcomes(manifests)

    with SlicePublisher(load) as publisher:
        publisher.submit(Slice("spend", "1"), [_manifest("1")])
        publisher.submit(Slice("spend", "2"), [_manifest("2")])
        reader = threading.Thread(
            target=publisher.submit, args=(Slice("spend", "3"), [_manifest("3")])
        )
        reader.start()
        assert began.wait(30)
        reader.join(0.3)
        assert reader.is_alive()
        gate.set()
        reader.join(30)
        assert len(publisher.take_all()) == 3
