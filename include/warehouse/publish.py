"""Publication: audited candidates are swapped in by a journal that survives a crash at any instant.

``EXCHANGE TABLES`` is atomic for one pair, and a blind repeat would swap the old table back. So the
UUIDs of every pair are written down first; after a crash the UUID behind the published name tells
whether that pair was already swapped, and the rest is always rolled forward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clickhouse_connect.driver.client import Client

CANDIDATE_SUFFIX = "__next"


class PublicationConflict(Exception):
    """A published name holds neither the old nor the new table; a person must look."""


@dataclass(frozen=True)
class Notice:
    """What readers are told about one published table."""

    as_of: datetime
    data_through: Mapping[str, str]


def candidate_name(table: str) -> str:
    """``core.core_lead`` → ``core.core_lead__next``."""
    return f"{table}{CANDIDATE_SUFFIX}"


def publish(
    client: Client,
    build_id: str,
    notices: Mapping[str, Notice],
    before_closing: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Swap the candidates of ``notices`` (by table name) in and return the tables, in order.

    ``before_closing(build_id)`` runs between the last swap and the closing row, again after a
    crash: it must be repeatable. Raises :class:`PublicationConflict` when a candidate is missing.
    Safe to repeat.
    """
    if not is_planned(client, build_id):
        _write_plan(client, build_id, list(notices))
    return _roll_forward(client, build_id, lambda table: notices[table], before_closing)


def recover(
    client: Client,
    notice_of: Callable[[str, str], Notice],
    before_closing: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Finish every publication that was planned and not closed; return the builds finished.

    ``notice_of(build_id, table)`` says what readers are told, as at the first try;
    ``before_closing`` is that of :func:`publish`.
    """
    rows = client.query(
        "select build_id from ops.publication_journal group by build_id"
        " having countIf(step = 'closed') = 0 order by build_id"
    ).result_rows
    for (build_id,) in rows:
        _roll_forward(
            client, build_id, lambda table, b=build_id: notice_of(b, table), before_closing
        )
    return [build_id for (build_id,) in rows]


def is_planned(client: Client, build_id: str) -> bool:
    """Whether the publication of this build has begun; from then on it only rolls forward."""
    return bool(_planned(client, build_id))


def _write_plan(client: Client, build_id: str, tables: Sequence[str]) -> None:
    uuids = table_uuids(client)
    missing = [t for t in tables if t not in uuids or candidate_name(t) not in uuids]
    if missing:
        raise PublicationConflict(
            f"build {build_id} cannot be published: no table and candidate for"
            f" {', '.join(missing)}. Build it again."
        )
    now = _server_now(client)
    client.insert(
        "ops.publication_journal",
        [
            (build_id, t, "planned", uuids[t], uuids[candidate_name(t)], now)
            for t in tables
        ],
        column_names=[
            "build_id", "table_name", "step", "live_uuid", "candidate_uuid", "recorded_at",
        ],
    )  # fmt: skip


def _roll_forward(
    client: Client,
    build_id: str,
    notice_of: Callable[[str], Notice],
    before_closing: Callable[[str], None],
) -> list[str]:
    """Every step looks first whether it was done; swaps stand close together, so that readers see
    old beside new for as short as can be."""
    plan = _planned(client, build_id)
    uuids = table_uuids(client)
    for table, (live, candidate) in plan.items():
        _swap_once(client, build_id, table, live, candidate, uuids)
    _tell_readers_once(client, build_id, list(plan), notice_of)
    if not _is_closed(client, build_id):
        before_closing(build_id)
        nil = UUID(int=0)
        client.insert(
            "ops.publication_journal",
            [(build_id, "", "closed", nil, nil, _server_now(client))],
            column_names=[
                "build_id", "table_name", "step", "live_uuid", "candidate_uuid", "recorded_at",
            ],
        )  # fmt: skip
    # Only the very tables that were live before are dropped, in one statement right after looking:
    # a later build may already be writing candidates of the same names.
    uuids = table_uuids(client)
    former = [
        name
        for name, live in ((candidate_name(t), live) for t, (live, _) in plan.items())
        if uuids.get(name) == live
    ]
    if former:
        client.command(f"drop table if exists {', '.join(former)}")
    return list(plan)


def _swap_once(
    client: Client,
    build_id: str,
    table: str,
    live: UUID,
    candidate: UUID,
    uuids: Mapping[str, UUID],
) -> None:
    """Swap one pair, unless ``uuids`` (read before the first swap) shows it was swapped before."""
    now_live = uuids.get(table)
    if now_live == candidate:
        return
    if now_live != live:
        raise PublicationConflict(
            f"{table} holds table {now_live}, but build {build_id} expected {live} (before) or"
            f" {candidate} (after). Something else replaced it: compare the two in system.tables,"
            f" then delete the rows of this build from ops.publication_journal and build again."
        )
    if uuids.get(candidate_name(table)) != candidate:
        raise PublicationConflict(
            f"the audited candidate {candidate} of {table} is gone; build {build_id} cannot be"
            f" published. Delete its rows from ops.publication_journal and build again."
        )
    client.command(f"exchange tables {table} and {candidate_name(table)}")


def _tell_readers_once(
    client: Client, build_id: str, tables: Sequence[str], notice_of: Callable[[str], Notice]
) -> None:
    told = {
        row[0]
        for row in client.query(
            "select table_name from ops.mart_publication where build_id = {b:String}",
            parameters={"b": build_id},
        ).result_rows
    }
    untold = [table for table in tables if table not in told]
    if not untold:
        return
    counts = client.query(
        " union all ".join(f"select '{table}', count() from {table}" for table in untold)
    ).result_rows
    row_counts, now = dict(counts), _server_now(client)
    notices = {table: notice_of(table) for table in untold}
    client.insert(
        "ops.mart_publication",
        [
            (table, build_id, now, notice.as_of, row_counts[table], dict(notice.data_through))
            for table, notice in notices.items()
        ],
        column_names=[
            "table_name", "build_id", "published_at", "as_of", "row_count", "data_through",
        ],
    )  # fmt: skip


def _planned(client: Client, build_id: str) -> dict[str, tuple[UUID, UUID]]:
    rows = client.query(
        "select table_name, any(live_uuid), any(candidate_uuid), min(recorded_at) as at"
        " from ops.publication_journal where build_id = {b:String} and step = 'planned'"
        " group by table_name order by at, table_name",
        parameters={"b": build_id},
    ).result_rows
    return {table: (live, candidate) for table, live, candidate, _ in rows}


def _is_closed(client: Client, build_id: str) -> bool:
    return bool(
        client.query(
            "select count() from ops.publication_journal"
            " where build_id = {b:String} and step = 'closed'",
            parameters={"b": build_id},
        ).result_rows[0][0]
    )


def published_uuids(client: Client, build_id: str) -> dict[str, UUID]:
    """Tables a build swapped in, with the UUID of the copy."""
    return {table: candidate for table, (_, candidate) in _planned(client, build_id).items()}


def table_uuids(client: Client) -> dict[str, UUID]:
    """Every built table and candidate, with the UUID behind its name."""
    rows = client.query(
        "select database || '.' || name, uuid from system.tables"
        " where database in ('stg', 'core', 'mart', 'ops')"
    ).result_rows
    return dict(rows)


def _server_now(client: Client) -> datetime:
    return client.query("select now64(6, 'UTC')").result_rows[0][0]
