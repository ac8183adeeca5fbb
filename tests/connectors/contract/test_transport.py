"""Trouble on the way costs time, or ends in a clear error; it never costs a row."""

from __future__ import annotations

import pytest

from include.connectors.protocol import ConnectorError, IncompleteAnswer, TemporaryFailure
from include.sandbox.vendors.faults import Fault
from tests.connectors.contract import situations
from tests.connectors.contract.conftest import Set
from tests.connectors.contract.reading import Reader, sort_rows


def spoil(reader: Reader, kind: str, count: int = 1, **values: object) -> None:
    """Plant a fault of transport for the requests that fetch rows."""
    case = reader.case
    reader.server.stage.faults.plant(Fault(kind, case.source, case.page_path, count, 0, values))


def assert_all_arrived(reader: Reader) -> None:
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_refusal_is_waited_out(enact: Set, status: int) -> None:
    reader = enact(situations.PLAIN)
    spoil(reader, "status", 2, status=status)
    assert_all_arrived(reader)
    assert sum(reader.sleeps) > 0


def test_retry_after_in_seconds_is_respected(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    spoil(reader, "status", 1, status=429, headers={"Retry-After": "37"})
    assert_all_arrived(reader)
    assert max(reader.sleeps) >= 37


@pytest.mark.parametrize("status", [500, 503])
def test_a_lasting_refusal_ends_in_a_temporary_failure(enact: Set, status: int) -> None:
    reader = enact(situations.PLAIN)
    spoil(reader, "status", 500, status=status)
    with pytest.raises(TemporaryFailure) as raised:
        reader.read()
    assert "later" in str(raised.value)


def test_a_proxy_page_is_never_taken_for_rows(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    spoil(reader, "status", 500, status=200)
    with pytest.raises(ConnectorError):
        reader.read()


@pytest.mark.parametrize("kind", ["cut", "truncate"])
@pytest.mark.parametrize("at_bytes", [0, 1, 60])
def test_a_body_that_ends_early_is_asked_for_again_or_refused(
    enact: Set, kind: str, at_bytes: int
) -> None:
    reader = enact(situations.PLAIN)
    spoil(reader, kind, 1, at_bytes=at_bytes)
    try:
        reader.read()
    except IncompleteAnswer:
        reader.manifests.clear()
        reader.read()
    except TemporaryFailure:
        reader.manifests.clear()
        reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_a_body_that_always_ends_early_is_no_success(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    spoil(reader, "truncate", 500, at_bytes=60)
    with pytest.raises(ConnectorError):
        reader.read()


def test_a_slow_body_arrives_whole(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    reader.server.stage.clock.set(factor=1000.0)
    spoil(reader, "slow", 1, seconds=20)
    assert_all_arrived(reader)


def test_every_request_passes_the_shared_limit(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    reader.read()
    assert reader.limiter.acquired >= 1
