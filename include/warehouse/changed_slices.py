"""Which slices changed, and how long ago: sources end one after another, a build follows once."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

CHANGES = "status = 'loaded' and not (kind = 'append' and row_count = 0 and rejected_count = 0)"
"""A window in which nothing happened is loaded as a fact, but no reader sees other rows."""


def seconds_until_quiet(client: Client, debounce_seconds: float) -> float:
    """Seconds still missing to ``debounce_seconds`` without a changed slice; 0 when quiet.

    Measured by the warehouse's own clock. Confirmed slices change nothing and are not counted.
    """
    since_last = client.query(
        "select if(count() = 0, null, dateDiff('microsecond', max(published_at), now64(6, 'UTC')))"
        f" from ops.slice_log where {CHANGES}"
    ).result_rows[0][0]
    if since_last is None:
        return 0.0
    return max(0.0, debounce_seconds - since_last / 1_000_000)


def has_changed_slices(client: Client, source: str, run_id: str) -> bool:
    """Whether ``source`` has changes this ingest run owes an event for.

    They are its own, in any of its attempts, and those of runs that were killed before they could
    report (they left no row in ``ops.ingest_run``) as long as no published build has read them.
    """
    return bool(
        client.query(
            "select count() from ops.slice_log"
            f" where source = {{source:String}} and {CHANGES} and ("
            "run_id = {run_id:String} or ("
            "run_id not in (select run_id from ops.ingest_run where source = {source:String})"
            " and published_at > ("
            "select max(as_of) from ops.build_log where event = 'published')))",
            parameters={"source": source, "run_id": run_id},
        ).result_rows[0][0]
    )
