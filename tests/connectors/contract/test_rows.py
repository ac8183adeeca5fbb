"""What arrives is what the company did, whatever the shape of the answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.connectors.contract import situations
from tests.connectors.contract.conftest import Set
from tests.connectors.contract.reading import Reader, sort_rows

ANSWERS = (
    situations.PLAIN,
    situations.MANY_PAGES,
    situations.FULL_LAST_PAGE,
    situations.EMPTY_DAY,
    situations.NOTHING_AT_ALL,
    situations.UNICODE,
    situations.HUGE_NUMBER,
    situations.ZONE_EDGE,
    situations.DST,
    situations.CURRENCY,
    situations.VAT,
    situations.UNKNOWN_FIELD,
    situations.UNKNOWN_VALUE,
    situations.MISSING_FIELD,
    situations.WRONG_TYPE,
    situations.DUPLICATE_PAGE,
    situations.ERROR_IN_200,
    situations.QUOTA,
    situations.EXPIRED_TOKEN,
    situations.ROTATED_TOKEN,
    situations.ZERO_ROWS,
    situations.CLOCK_SKEW,
)
CHANGES = (
    situations.RESTATED,
    situations.LATE_ROW,
    situations.DELETED,
    situations.MERGED,
    situations.CLOCK_SKEW,
)


def assert_rows(reader: Reader) -> None:
    """Nothing missing, nothing doubled, every reject with its reason."""
    play = reader.play
    assert reader.landed() == sort_rows(play.expected)
    rejected = [row for batch in reader.batches for row in batch.rejected]
    assert len(rejected) == play.rejected
    assert all(row.reason_code and row.reason and row.raw for row in rejected)
    if play.finding:
        found = [text for batch in reader.batches for text in batch.findings]
        assert any(play.finding in text for text in found), found


@pytest.mark.parametrize("situation", ANSWERS)
def test_what_arrives_is_what_the_world_holds_or_a_clear_error(enact: Set, situation: str) -> None:
    reader = enact(situation)
    if reader.play.error is None:
        reader.read()
        assert_rows(reader)
        return
    with pytest.raises(reader.play.error) as raised:
        reader.read()
    assert reader.play.error_says in str(raised.value)


@pytest.mark.parametrize("situation", CHANGES)
def test_what_changed_after_it_was_read_is_put_right_by_the_next_run(
    enact: Set, situation: str
) -> None:
    reader = enact(situation)
    if reader.play.later is None:
        pytest.skip("nothing happens later in this situation")
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    reader.play.later(reader.server.stage)
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected_later or ())


def test_reading_again_finds_the_same_content(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    reader.read()
    first = {(m.resource, m.slice_key): m.content_hash for m in reader.manifests}
    again = enact(situations.PLAIN)
    again.read()
    second = {(m.resource, m.slice_key): m.content_hash for m in again.manifests}
    assert first == second
    assert first


def test_the_next_day_reads_far_less_than_the_first_run(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    reader.read()
    first = len(reader.slices)
    reader.slices.clear()
    reader.server.stage.clock.advance(timedelta(days=1).total_seconds())
    known_before = {(m.resource, m.slice_key) for m in reader.manifests}
    reader.read()
    assert reader.slices, "a new day has something to ask for"
    assert len(reader.slices) <= max(first, 6)
    assert known_before <= {(m.resource, m.slice_key) for m in reader.manifests}


def test_batches_have_exactly_the_columns_of_their_resource(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    reader.read()
    schema = reader.connect().resources[reader.case.resource].schema
    named = [batch.rows.schema.names for batch in reader.batches if batch.rows is not None]
    assert schema.names in named
