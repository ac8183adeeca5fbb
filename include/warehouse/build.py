"""A build: pin one instant, make every table as a candidate, audit those candidates, publish them.

Each step can be repeated after a crash and is called alike by the DAG, the command line and the
tests. A table whose contract says so is made of the published one and what changed since
(``include.warehouse.increment``), every other anew from what the pinned instant saw.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from clickhouse_connect.driver.client import Client

from include.contracts import ddl
from include.contracts.graph import build_order, read_graph, tables_read
from include.contracts.model import Catalog
from include.quality.validation import require, store, validate
from include.settings import PROJECT_ROOT
from include.warehouse import build_log, increment, publish, run_sql, seeds, solved_tables
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.publish import candidate_name
from include.warehouse.side_by_side import run_side_by_side

LAYERS = ("stg", "core", "ops", "mart")
Progress = Callable[[str], None]


class InputsMoved(Exception):
    """A slice slipped under the pinned instant, or the SQL changed, while it ran; build again."""


class IdentityKeyMissing(Exception):
    """Without a key, hashes of phones and e-mails could be undone by trying them all."""


class Unaudited(Exception):
    """A candidate was not audited, or was made again after its audit."""


@dataclass(frozen=True)
class Workshop:
    """What every step of a build works with. ``identity_key`` never appears in ``repr``."""

    client: Client
    target: ClickHouseTarget
    catalog: Catalog
    sql_root: Path
    business_zone: str
    identity_key: str
    identity_key_version: str
    progress: Progress = lambda _: None
    commit_sha: str = ""
    """Commit of an installation without a checkout; otherwise git is asked."""
    increment_from_rows: int = increment.WORTH_ROWS
    """Rows of a published table from which on its candidate is made of it."""

    def __repr__(self) -> str:
        return f"Workshop(sql_root={self.sql_root})"


def new_build_id(now: datetime) -> str:
    """A build id that sorts by time: ``b20261122T040506123456``."""
    return f"b{now:%Y%m%dT%H%M%S%f}"


def is_due(shop: Workshop) -> bool:
    """Whether inputs, SQL, zone or key differ from the last published build."""
    last = build_log.last_published(shop.client)
    if last is None:
        return True
    now = _server_now(shop.client)
    return (last.inputs_hash, last.sql_hash, last.identity_key_version, last.business_zone) != (
        inputs_hash(shop.client, now),
        sql_hash(shop.sql_root),
        shop.identity_key_version,
        shop.business_zone,
    )


def pin(
    shop: Workshop,
    build_id: str,
    owner: str,
    as_of: datetime | None = None,
    *,
    is_full: bool = False,
) -> build_log.Pin:
    """Finish earlier publications, then pin the instant this build reads at.

    ``as_of`` in the past rebuilds what was known then; ``is_full`` makes every table whole. Raises
    ``BuildRunning`` beside another build and :class:`IdentityKeyMissing` without a key. Repeating
    it with the same ``build_id`` returns the first pin.
    """
    client = shop.client
    if not shop.identity_key:
        raise IdentityKeyMissing(
            "no identity key: set THROUGHLINE_IDENTITY_KEY to a long random text and keep it;"
            " another key gives every person another hash"
        )
    recover_publications(shop)
    known = build_log.read_pin(client, build_id)
    if known is not None:
        return build_log.require_active(client, build_id)
    build_log.refuse_second_build(client, owner, build_id)
    seeds.load(client, shop.catalog, shop.sql_root / "seeds")
    pinned_as_of = as_of or _server_now(client)
    pin_ = build_log.Pin(
        build_id=build_id,
        as_of=pinned_as_of,
        owner=owner,
        commit_sha=shop.commit_sha or _commit_sha(shop.sql_root),
        sql_hash=sql_hash(shop.sql_root),
        inputs_hash=inputs_hash(client, pinned_as_of),
        engine_version=client.query("select version()").result_rows[0][0],
        identity_key_version=shop.identity_key_version,
        data_through=data_through(client, pinned_as_of),
        business_zone=shop.business_zone,
        is_full=is_full,
    )
    build_log.record(client, pin_, "pinned")
    try:
        build_log.refuse_second_build(client, owner, build_id)
    except build_log.BuildRunning:
        build_log.record(client, pin_, "refused", "another build was pinned at the same time")
        raise
    return pin_


def build_layer(shop: Workshop, build_id: str, layer: str) -> list[str]:
    """Make every candidate of one layer, two at a time; return the tables, in build order."""
    pin_ = build_log.require_active(shop.client, build_id)
    order = build_order(shop.sql_root, shop.catalog)
    graph = read_graph(shop.sql_root, shop.catalog)
    tables = [t for t in order if t.startswith(f"{layer}.")]
    below = {t for t in order if LAYERS.index(t.split(".")[0]) < LAYERS.index(layer)}
    with (
        contextlib.closing(_begin_increment(shop, pin_)) as increments,
        contextlib.closing(connect(shop.target)) as second,
    ):
        run_side_by_side(
            {table: graph[table] & set(tables) for table in tables},
            [shop, replace(shop, client=second)],
            lambda hand, table, done: _build_table(hand, pin_, table, done | below, increments),
        )
    build_log.record(shop.client, pin_, "layer_built", layer)
    return tables


def audit_layers(shop: Workshop, build_id: str, layers: Sequence[str]) -> int:
    """Run the expectation suites on the candidates themselves; return the number of checks.

    Raises ``QualityFailed`` naming every failed expectation; results are kept in
    ``ops.validation_result`` either way, as counts.
    """
    pin_ = build_log.require_active(shop.client, build_id)
    order = build_order(shop.sql_root, shop.catalog)
    candidates = frozenset(order)
    audited = [t for t in order if t.split(".")[0] in layers]
    uuids = publish.table_uuids(shop.client)
    results = validate(
        shop.target,
        [(shop.catalog.table(t), candidate_name(t)) for t in audited],
        lambda sql: run_sql.resolve_tables(sql, candidates),
    )
    store(shop.client, build_id, results)
    try:
        require(results)
    except Exception as error:
        build_log.record(shop.client, pin_, "failed", str(error).splitlines()[0])
        raise
    read = {t: uuids[candidate_name(t)] for t in audited}
    build_log.record(shop.client, pin_, "layer_audited", ",".join(layers), audited=read)
    return len(results)


def publish_build(shop: Workshop, build_id: str) -> list[str]:
    """Swap every audited candidate in; return the published tables.

    Raises :class:`InputsMoved` when the slices visible at the pinned instant or the SQL are not
    those the build started from, and :class:`Unaudited` when a candidate is not the copy that was
    audited.
    """
    client = shop.client
    pin_ = build_log.require_active(client, build_id)
    order = build_order(shop.sql_root, shop.catalog)
    _require_audited(client, build_id, order)
    if inputs_hash(client, pin_.as_of) != pin_.inputs_hash:
        build_log.record(client, pin_, "failed", "inputs moved under the pinned instant")
        raise InputsMoved(
            f"a slice was published with an instant before {pin_.as_of} while build {build_id}"
            " ran; nothing was published. Start a new build."
        )
    if sql_hash(shop.sql_root) != pin_.sql_hash:
        build_log.record(client, pin_, "failed", "SQL moved under the build")
        raise InputsMoved(
            f"SQL, contracts, seeds or solvers changed while build {build_id} ran, so its tables"
            " may be of both; nothing was published. Start a new build."
        )
    notices = {t: _notice(shop, pin_, t) for t in order}
    published = publish.publish(client, build_id, notices, lambda _: remember_published(shop, pin_))
    build_log.record(client, pin_, "published")
    return published


def recover_publications(shop: Workshop) -> list[str]:
    """Roll forward every publication a crash interrupted; return their build ids."""

    def pin_of(build_id: str) -> Pin:
        pin_ = build_log.read_pin(shop.client, build_id)
        if pin_ is None:
            raise publish.PublicationConflict(
                f"ops.publication_journal names build {build_id}, which ops.build_log does not know"
            )
        return pin_

    finished = publish.recover(
        shop.client,
        lambda build_id, table: _notice(shop, pin_of(build_id), table),
        lambda build_id: remember_published(shop, pin_of(build_id)),
    )
    for build_id in finished:
        pin_ = build_log.read_pin(shop.client, build_id)
        if pin_ is not None and not build_log.is_closed(shop.client, build_id):
            build_log.record(shop.client, pin_, "published", "finished after a crash")
    return finished


def run_build(
    shop: Workshop,
    build_id: str,
    owner: str,
    as_of: datetime | None = None,
    *,
    is_full: bool = False,
) -> Pin:
    """Every step in one process, as the command line and the tests want it."""
    pin_ = pin(shop, build_id, owner, as_of, is_full=is_full)
    try:
        for layer in LAYERS:
            build_layer(shop, build_id, layer)
        audit_layers(shop, build_id, LAYERS)
        publish_build(shop, build_id)
    except Exception as error:
        if not build_log.is_closed(shop.client, build_id):
            build_log.record(shop.client, pin_, "failed", type(error).__name__)
        raise
    return pin_


Pin = build_log.Pin


def inputs_hash(client: Client, as_of: datetime) -> str:
    """Hash of which load of every slice is visible at ``as_of``; confirmations do not change it."""
    rows = client.query(
        "select count(), hex(sum(reinterpretAsUInt128("
        "sipHash128(source, resource, account_id, slice_key, kind, live))))"
        " from (select source, resource, account_id, slice_key, kind,"
        " if(kind = 'append', load_id, '') as each,"
        " argMax(load_id, (pulled_at, load_id)) as live from ops.slice_log"
        " where published_at <= {as_of:DateTime64(6,'UTC')}"
        " group by source, resource, account_id, slice_key, kind, each)",
        parameters={"as_of": as_of},
    ).result_rows
    return f"{rows[0][0]}:{rows[0][1]}"


def data_through(client: Client, as_of: datetime) -> dict[str, str]:
    """Source → last business day every account of it has delivered by ``as_of`` (ISO date).

    Accounts without daily slices count by the day of their newest pull.
    """
    rows = client.query(
        "select source, min(through) from (select source, account_id,"
        " if(max(date_to) is null, toDate(max(pulled_at)), max(date_to) - 1) as through"
        " from ops.slice_log where published_at <= {as_of:DateTime64(6,'UTC')}"
        " group by source, account_id) group by source order by source",
        parameters={"as_of": as_of},
    ).result_rows
    return {source: str(through) for source, through in rows}


def sql_hash(sql_root: Path) -> str:
    """Hash over every SQL file, contract, seed and solver, by relative path and content."""
    digest = hashlib.sha256()
    solvers = [path for files in solved_tables.SOLVER_FILES for path in PROJECT_ROOT.glob(files)]
    for root, paths in ((sql_root, sql_root.rglob("*")), (PROJECT_ROOT, solvers)):
        for path in sorted(p for p in paths if p.is_file()):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _begin_increment(shop: Workshop, pin_: Pin) -> increment.Increment:
    base: frozenset[str] = frozenset()
    if not pin_.is_full:
        base = increment.find_base(shop.client, build_log.last_published(shop.client), pin_)
    return increment.Increment(shop.client, shop.catalog, base, shop.increment_from_rows)


def _build_table(
    shop: Workshop,
    pin_: Pin,
    table: str,
    candidates: frozenset[str],
    increments: increment.Increment,
) -> None:
    """``candidates`` hold what this build has made by now, all that the table reads among it."""
    contract = shop.catalog.table(table)
    name = candidate_name(table)
    shop.client.command(f"drop table if exists {name} sync")
    shop.client.command(ddl.create_table(contract, name=name))
    parameters = {
        "as_of": pin_.as_of,
        "business_zone": shop.business_zone,
        "identity_key": shop.identity_key,
        "build_id": pin_.build_id,
    }
    renewed = None
    if contract.incremental_by:
        renewed = increments.fill(contract, parameters, candidates)
    if renewed is None:
        solved_tables.fill(shop.client, contract, parameters, target=name, candidates=candidates)
    rows = shop.client.query(f"select count() from {name}").result_rows[0][0]
    told = "" if renewed is None else f", {renewed:,} of the published ones made anew"
    shop.progress(f"{table}: {rows:,} rows{told}")


def remember_published(shop: Workshop, pin_: Pin) -> None:
    """Append to ``ops`` what later builds must know of this one, such as who bore which id.

    Each statement of ``sql/publish`` fills the log of its name with the rows it lacks, so a
    publication finished after a crash writes none twice. The published tables are this build's
    until the journal is closed.
    """
    for path in sorted((shop.sql_root / "publish").glob("*.sql")):
        log = shop.catalog.table(f"ops.{path.stem}")
        run_sql.run(
            shop.client,
            path,
            {"as_of": pin_.as_of, "build_id": pin_.build_id},
            target=log.full_name,
            columns=log.column_names,
        )


def _notice(shop: Workshop, pin_: Pin, table: str) -> publish.Notice:
    sources = _sources_of(shop, table, set())
    through = {s: d for s, d in pin_.data_through.items() if s in sources}
    return publish.Notice(as_of=pin_.as_of, data_through=through)


def _sources_of(shop: Workshop, table: str, seen: set[str]) -> set[str]:
    if table in seen or table not in shop.catalog.tables:
        return set()
    seen.add(table)
    contract = shop.catalog.table(table)
    if contract.source:
        return {contract.source}
    path = contract.path.with_suffix(".sql")
    if not path.exists():
        return set()
    return set().union(*(_sources_of(shop, t, seen) for t in tables_read(path.read_text("utf-8"))))


def _require_audited(client: Client, build_id: str, tables: Sequence[str]) -> None:
    """The audited copy must be the very copy that is swapped in: same table, same UUID."""
    audited = build_log.audited_uuids(client, build_id)
    uuids = publish.table_uuids(client)
    unaudited = [
        t for t in tables if t not in audited or uuids.get(candidate_name(t)) != audited[t]
    ]
    if unaudited and not publish.is_planned(client, build_id):
        raise Unaudited(
            f"build {build_id}: the candidates of {', '.join(unaudited)} are not the copies that"
            " were audited; nothing unaudited is published. Run the audit step again."
        )


def _commit_sha(folder: Path) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"],
            capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _server_now(client: Client) -> datetime:
    return client.query("select now64(6, 'UTC')").result_rows[0][0]
