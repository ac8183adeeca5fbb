"""Shows what was published: which tables, how fresh, what the audit said, and the figures."""

from __future__ import annotations

from clickhouse_connect.driver.client import Client

from include.supervisor.progress import Progress

_ROWS_SHOWN = 12


def show_published(client: Client, progress: Progress) -> None:
    """Print publications, the audit's counts and the head of every mart."""
    publications = client.query(
        "select table_name, argMax(build_id, published_at) as build,"
        " argMax(row_count, published_at) as row_count, argMax(as_of, published_at) as as_of,"
        " argMax(data_through, published_at) as through"
        " from ops.mart_publication group by table_name order by table_name"
    ).result_rows
    progress.heading("Published")
    progress.table(
        ("table", "rows", "as of (UTC)", "data through"),
        [
            (table, rows, f"{as_of:%Y-%m-%d %H:%M:%S}", _through(through))
            for table, _, rows, as_of, through in publications
        ],
    )
    for table, *_ in publications:
        if table.startswith("mart."):
            _show_head(client, progress, table)


def waits_for_build(client: Client) -> bool:
    """Whether a changed slice was published after what readers now see was pinned."""
    return bool(
        client.query(
            "select (select max(published_at) from ops.slice_log where status = 'loaded')"
            " > (select max(as_of) from ops.mart_publication)"
        ).result_rows[0][0]
    )


def count_loaded_slices(client: Client) -> int:
    """How many slices were ever loaded."""
    answer = client.query("select count() from ops.slice_log where status = 'loaded'")
    return int(answer.result_rows[0][0])


def _show_head(client: Client, progress: Progress, table: str) -> None:
    answer = client.query(f"select * from {table} order by 1 desc limit {_ROWS_SHOWN}")
    total = client.query(f"select count() from {table}").result_rows[0][0]
    progress.heading(f"{table} ({len(answer.result_rows)} of {total:,} rows)")
    progress.table(answer.column_names, answer.result_rows)


def _through(through: dict[str, str]) -> str:
    return ", ".join(f"{source} {day}" for source, day in sorted(through.items()))
