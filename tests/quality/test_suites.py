"""A repeated key is found by its hash, and none is made up."""

from __future__ import annotations

from collections import Counter

from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from include.quality.suites import repeated_keys_query

# Few values, so that keys repeat; NULL, empty text and zero are each their own.
KEYS = st.tuples(
    st.sampled_from([None, "", "a", "ab"]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from([None, 0, 1]),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(rows=[(None, "", None), (None, "", None)])
@example(rows=[("a", "b", 0), ("ab", "", 0)])
@example(rows=[(None, "", 0), ("", "", None), ("", "", 0)])
@given(rows=st.lists(KEYS, max_size=12))
def test_the_keys_of_several_rows_are_named_once_each(
    client: Client, rows: list[tuple[str | None, str, int | None]]
) -> None:
    table = "default.keys_of_rows"
    client.command(
        f"create or replace table {table} (channel LowCardinality(Nullable(String)), name String,"
        " place Nullable(UInt8)) engine = MergeTree order by tuple()"
    )
    if rows:
        client.insert(table, rows, column_names=["channel", "name", "place"])
    query = repeated_keys_query(["channel", "name", "place"]).replace("{table}", table)
    found = [tuple(row) for row in client.query(query).result_rows]
    repeated = [key for key, count in Counter(rows).items() if count > 1]
    assert Counter(found) == Counter(repeated)


def test_a_key_of_one_column_is_one_too(client: Client) -> None:
    table = "(select arrayJoin(['a', 'b', 'a']) as name)"
    query = repeated_keys_query(["name"]).replace("{table}", table)
    assert client.query(query).result_rows == [("a",)]
