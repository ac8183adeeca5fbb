"""The record of builds: who builds, from what, how far it got; and one build at a time.

A build is active from its ``pinned`` event to a closing one. The log is shared by Airflow and the
command line, so it is the log, not a lock file, that keeps two builds apart.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clickhouse_connect.driver.client import Client

CLOSING_EVENTS = ("published", "failed", "refused", "skipped")
LEASE = timedelta(minutes=30)
"""How long a silent build of another host keeps the next one out."""

_COLUMNS = [
    "build_id", "event", "occurred_at", "as_of", "owner", "detail", "commit_sha", "sql_hash",
    "inputs_hash", "engine_version", "identity_key_version", "data_through", "audited",
    "business_zone", "is_full",
]  # fmt: skip


class BuildRunning(Exception):
    """Another build is active; nothing was started."""


class BuildNotActive(Exception):
    """The build was closed or never pinned; its candidates may belong to another build."""


@dataclass(frozen=True)
class Pin:
    """What a build is made of; the same in every event of the build."""

    build_id: str
    as_of: datetime
    owner: str
    commit_sha: str
    sql_hash: str
    inputs_hash: str
    engine_version: str
    identity_key_version: str
    data_through: Mapping[str, str]
    business_zone: str = ""
    is_full: bool = False
    """Every table is made whole, even where the published one could be built upon."""


def own_process() -> str:
    """The owner name of a build started outside Airflow."""
    return f"cli:{socket.gethostname()}:{os.getpid()}"


def record(
    client: Client,
    pin: Pin,
    event: str,
    detail: str = "",
    audited: Mapping[str, UUID] | None = None,
) -> None:
    """Append one event of the build; ``audited`` are candidates with their UUIDs."""
    now = client.query("select now64(6, 'UTC')").result_rows[0][0]
    client.insert(
        "ops.build_log",
        [
            (pin.build_id, event, now, pin.as_of, pin.owner, detail, pin.commit_sha, pin.sql_hash,
             pin.inputs_hash, pin.engine_version, pin.identity_key_version,
             dict(pin.data_through), {t: str(u) for t, u in (audited or {}).items()},
             pin.business_zone, pin.is_full),
        ],
        column_names=_COLUMNS,
    )  # fmt: skip


def read_pin(client: Client, build_id: str) -> Pin | None:
    """The pin of a build, or None when it was never pinned."""
    rows = client.query(
        "select build_id, as_of, owner, commit_sha, sql_hash, inputs_hash, engine_version,"
        " identity_key_version, data_through, business_zone, is_full from ops.build_log"
        " where build_id = {b:String} and event = 'pinned' limit 1",
        parameters={"b": build_id},
    ).result_rows
    return Pin(*rows[0]) if rows else None


def audited_uuids(client: Client, build_id: str) -> dict[str, UUID]:
    """Candidate tables of the build that passed their audit, with the UUID that was read."""
    rows = client.query(
        "select audited from ops.build_log"
        " where build_id = {b:String} and event = 'layer_audited' order by occurred_at",
        parameters={"b": build_id},
    ).result_rows
    return {table: UUID(uuid) for (audited,) in rows for table, uuid in audited.items()}


def last_published(client: Client) -> Pin | None:
    """The pin of the newest published build."""
    rows = client.query(
        "select build_id from ops.build_log where event = 'published'"
        " order by occurred_at desc, build_id desc limit 1"
    ).result_rows
    return read_pin(client, rows[0][0]) if rows else None


def is_closed(client: Client, build_id: str) -> bool:
    """Whether a closing event was recorded."""
    return bool(
        client.query(
            "select countIf(event in {closing:Array(String)}) from ops.build_log"
            " where build_id = {b:String}",
            parameters={"b": build_id, "closing": list(CLOSING_EVENTS)},
        ).result_rows[0][0]
    )


def require_active(client: Client, build_id: str) -> Pin:
    """The pin of an active build; raises :class:`BuildNotActive` otherwise."""
    pin = read_pin(client, build_id)
    if pin is None or is_closed(client, build_id):
        raise BuildNotActive(
            f"build {build_id} is not active any more; start a new build instead of resuming it."
        )
    return pin


def refuse_second_build(client: Client, owner: str, build_id: str) -> None:
    """Raise :class:`BuildRunning` when another build is active; close the dead ones.

    A build is dead when its process is gone (same host), when it belongs to an earlier run of the
    build DAG (Airflow runs one at a time), or when it was silent for :data:`LEASE`.
    """
    rows = client.query(
        "select build_id, anyIf(owner, event = 'pinned'), min(occurred_at) as pinned_at,"
        " max(occurred_at), now64(6, 'UTC') from ops.build_log where build_id != {b:String}"
        " group by build_id having countIf(event in {closing:Array(String)}) = 0"
        " order by pinned_at, build_id",
        parameters={"b": build_id, "closing": list(CLOSING_EVENTS)},
    ).result_rows
    for other, other_owner, pinned_at, last_event_at, now in rows:
        if _is_dead(other_owner, owner, now - last_event_at):
            pin = read_pin(client, other)
            if pin is not None:
                record(client, pin, "failed", "its process ended without closing the build")
            continue
        raise BuildRunning(
            f"build {other} is running since {pinned_at:%Y-%m-%d %H:%M:%S} UTC"
            f" (owner {other_owner}). Wait for it; if it is surely dead it is taken over after"
            f" {int(LEASE.total_seconds() // 60)} minutes without a sign of life."
        )


def _is_dead(other_owner: str, owner: str, silence: timedelta) -> bool:
    if silence > LEASE:
        return True
    if other_owner.startswith("airflow:") and owner.startswith("airflow:"):
        return True
    kind, _, rest = other_owner.partition(":")
    host, _, pid = rest.rpartition(":")
    if kind != "cli" or host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
