"""What an operator types without Airflow: ``python -m include.cli <command>``.

Every command does what a DAG does, through the same functions. Errors a person can mend are one
message on stderr and exit code 1; anything else is a bug and keeps its traceback.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from include.settings import PROJECT_ROOT, Settings, read_settings
from include.terminal import errors

if TYPE_CHECKING:
    from clickhouse_connect.driver.query import QueryResult

Command = Callable[[argparse.Namespace, Settings], None]
OUT = Console(highlight=False)
_GIVEN = "names of the variables make was given"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 with a reason on stderr, 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    command: Command = options.run
    try:
        command(options, read_settings())
    except errors.expected() as error:
        sys.stderr.write(f"{errors.describe(error)}\n")
        return 1
    except BrokenPipeError:
        # `make query … | head` closed the pipe; that is no failure.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.cli", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Command, help_text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.set_defaults(run=run)
        return command

    query = add("query", _query, "print the answer to one statement as TSV")
    query.add_argument("sql", help="the statement, or - to read it from stdin")
    ingest = add("ingest", _ingest, "pull accounts of one source, waiting for the vendor")
    ingest.add_argument("source")
    ingest.add_argument("--account", action="append", default=[], help="only this one; repeatable")
    ingest.add_argument("--from", dest="date_from", type=date.fromisoformat, help="first day")
    ingest.add_argument("--to", dest="date_to", type=date.fromisoformat, help="first day after")
    ingest.add_argument("--credentials", type=Path, help='JSON file such as {"token": "…"}')
    build = add("build", _build, "build, audit and publish everything once")
    build.add_argument("--as-of", type=_instant, help="as known at this instant, with zone")
    build.add_argument("--force", action="store_true", help="even when nothing has changed")
    build.add_argument(
        "--full", action="store_true", help="make every table whole, upon no published one"
    )
    add("publish-recover", _recover, "finish publications a crash interrupted")
    add("rebuild-raw", _rebuild, "make raw and the slice log anew from landing alone")
    add("tables", _tables, "what is published, how fresh, from which build")
    slices = add("slices", _slices, "the live slices of a source")
    slices.add_argument("source", nargs="?", default="")
    slices.add_argument("--limit", type=int, default=50)
    add("maintenance", _maintain, "remove orphans and expired personal data")
    components = add("components", _components, "node → smallest node of its component")
    components.add_argument("--edges", default="", help="CSV or Parquet with columns a and b")
    components.add_argument("--out", default="", help="CSV or Parquet of node and component")
    components.add_argument("--since", default="", help="a former answer; edges are new ones then")
    components.add_argument("--max-degree", default="", help="cut nodes of more neighbours")
    match = add("match", _match, "record → cluster, in one file or across two")
    match.add_argument(
        "--records", default="", help="CSV or Parquet; two, comma separated, to link"
    )
    match.add_argument("--spec", default="", help="YAML: the id column and what each column is")
    match.add_argument("--out", default="", help="CSV or Parquet of id and cluster_id")
    for one in (components, match):
        one.add_argument("--given", default="", help=_GIVEN)
    for kind in ("person", "company"):
        explain = add(f"explain-{kind}", _explain, f"the evidence that makes records one {kind}")
        explain.set_defaults(subject=kind)
        explain.add_argument("--id", default="", help=f"{kind}, record or identifier key")
        explain.add_argument("--to", default="", help="record or identifier; empty: every record")
        explain.add_argument("--plain", default="", help="yes: plain values, for who holds the key")
        explain.add_argument("--given", default="", help=_GIVEN)
    add("check-contracts", _check_contracts, "read every contract and the table graph")
    attribute = add("attribute", _attribute, "credit channels by every model over a file of yours")
    attribute.add_argument("paths", help="CSV or Parquet: aggregated paths, or a touch log")
    attribute.add_argument("out", help="the JSON file to write")
    for option, help_text in (
        ("lookback", "days before a conversion in which touches count; all, when empty"),
        ("direct", "the direct channel; empty means direct"),
        ("paid", "paid channels, between commas"),
        ("half-life", "of time_decay: days for a log (7), touches for paths (1)"),
        ("order", "orders of the Markov chain: 1, 2 or 1,2"),
        ("zone", "zone of instants that name none; empty means UTC"),
        ("given", _GIVEN),
    ):
        attribute.add_argument(f"--{option}", default="", help=help_text)
    return parser


def _query(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.query import EmptyQuery, write_answer
    from include.terminal.site import open_site
    from include.warehouse.client import connect

    sql = sys.stdin.read() if options.sql == "-" else options.sql
    if not sql.strip():
        raise EmptyQuery('there is no statement: make query SQL="select 1"')
    with open_site(settings) as site:
        client = connect(site.target)
        try:
            write_answer(client, sql, sys.stdout.buffer)
        finally:
            client.close()


def _ingest(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.ingest import pull_accounts
    from include.terminal.site import open_shop

    with open_shop(settings, OUT.print) as (site, shop):
        pull_accounts(
            site,
            settings,
            shop.client,
            source=options.source,
            names=options.account,
            days=(options.date_from, options.date_to),
            credentials_file=options.credentials,
            tell=OUT.print,
        )


def _build(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.site import open_shop
    from include.warehouse import build
    from include.warehouse.build_log import own_process

    with open_shop(settings, OUT.print) as (_, shop):
        build.recover_publications(shop)
        if not (options.force or options.full or options.as_of or build.is_due(shop)):
            OUT.print("nothing has changed since the published build; --force builds anyway")
            return
        build_id = build.new_build_id(datetime.now(UTC))
        pin = build.run_build(shop, build_id, own_process(), options.as_of, is_full=options.full)
        OUT.print(f"published build {pin.build_id}, as of {pin.as_of:%Y-%m-%d %H:%M:%S} UTC")


def _recover(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.site import open_shop
    from include.warehouse import build

    with open_shop(settings, OUT.print) as (_, shop):
        finished = build.recover_publications(shop)
    OUT.print(f"finished: {', '.join(finished)}" if finished else "nothing was interrupted")


def _rebuild(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.site import open_shop
    from include.warehouse.landing import Landing
    from include.warehouse.rebuild import rebuild
    from include.warehouse.schema import apply_schema

    with open_shop(settings, OUT.print) as (site, shop):
        apply_schema(shop.client, shop.catalog)
        done = rebuild(shop.client, Landing(site.landing_url), OUT.print)
    OUT.print(f"put back {done.entries:,} slices with {done.rows:,} rows")


def _tables(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.site import open_shop

    sql = (
        "select table_name as `table`, argMax(row_count, published_at) as rows,"
        " formatDateTime(argMax(as_of, published_at), '%F %T') as as_of_utc,"
        " argMax(build_id, published_at) as build,"
        " toString(argMax(data_through, published_at)) as data_through"
        " from ops.mart_publication group by table_name order by table_name"
    )
    with open_shop(settings, OUT.print) as (_, shop):
        _print_table(shop.client.query(sql), "nothing is published yet")


def _slices(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.site import open_shop

    sql = (
        "select source, account_id, resource, slice_key, argMax(row_count, at) as rows,"
        " argMax(rejected_count, at) as quarantined,"
        " formatDateTime(max(pulled_at), '%F %T') as pulled_utc,"
        " argMax(status, at) as last_answer"
        " from (select *, (pulled_at, load_id) as at from ops.slice_log)"
        " where {source:String} in ('', source)"
        " group by source, account_id, resource, slice_key"
        " order by pulled_utc desc, source, account_id, resource, slice_key limit {limit:UInt32}"
    )
    with open_shop(settings, OUT.print) as (_, shop):
        parameters = {"source": options.source, "limit": options.limit}
        _print_table(shop.client.query(sql, parameters=parameters), "no slice was loaded yet")


def _maintain(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.site import open_shop
    from include.warehouse.expiry import expire_personal_data
    from include.warehouse.landing import Landing
    from include.warehouse.maintenance import sweep

    with open_shop(settings, OUT.print) as (site, shop):
        landing = Landing(site.landing_url)
        OUT.print(str(sweep(shop.client, landing, shop.catalog)))
        OUT.print(str(expire_personal_data(shop.client, landing, shop.catalog)))


def _components(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.components import find_components
    from include.terminal.typed_names import refuse_unknown

    refuse_unknown(options.given.split(), ("EDGES", "OUT", "MAX_DEGREE", "SINCE"))
    find_components(options.edges, options.out, options.max_degree, _tell, options.since)


def _attribute(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.attribution import attribute_file
    from include.terminal.attribution_options import NAMES, read_files, read_options
    from include.terminal.typed_names import refuse_unknown

    refuse_unknown(options.given.split(), NAMES)
    chosen = read_options(
        lookback=options.lookback,
        direct=options.direct,
        paid=options.paid,
        half_life=options.half_life,
        order=options.order,
        zone=options.zone,
    )
    source, out = read_files(options.paths, options.out)
    attribute_file(source, out, chosen, _tell)


def _match(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.match import match_records
    from include.terminal.typed_names import refuse_unknown

    refuse_unknown(options.given.split(), ("RECORDS", "SPEC", "OUT"))
    match_records(options.records, options.spec, options.out, _tell)


def _tell(line: str) -> None:
    # What files and columns are called may look like markup.
    OUT.print(line, markup=False, soft_wrap=True)


def _explain(options: argparse.Namespace, settings: Settings) -> None:
    from include.terminal.explanation import COLUMNS, COMPANY, PERSON, CannotExplain, explain
    from include.terminal.site import open_site
    from include.terminal.typed_names import refuse_unknown
    from include.warehouse.client import connect

    refuse_unknown(options.given.split(), ("ID", "TO", "PLAIN"))
    if options.plain not in ("", "yes"):
        raise CannotExplain(f"PLAIN={options.plain!r} is neither yes nor empty; write PLAIN=yes")
    # The key is asked of whoever types; the store's own would prove nothing.
    plain_key = settings.identity_key.get_secret_value() if options.plain == "yes" else None
    with open_site(settings) as site:
        client = connect(site.target)
        try:
            subject = COMPANY if options.subject == "company" else PERSON
            found, lines = explain(client, subject, options.id, options.to, plain_key)
        finally:
            client.close()
    if OUT.is_terminal:
        OUT.print(f"{subject.kind} {found}", markup=False)
    _print_rows(COLUMNS, lines)


def _check_contracts(options: argparse.Namespace, settings: Settings) -> None:
    from include.contracts.graph import build_order
    from include.contracts.reader import read_catalog

    catalog = read_catalog(PROJECT_ROOT / "sql")
    order = build_order(PROJECT_ROOT / "sql", catalog)
    OUT.print(f"{len(catalog.tables)} contracts are well-formed; {len(order)} tables are built")


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"'{text}' needs a zone, such as 2026-11-20T09:00+00:00")
    return moment


def _print_table(answer: QueryResult, otherwise: str) -> None:
    if answer.result_rows:
        _print_rows(answer.column_names, answer.result_rows)
    else:
        OUT.print(otherwise)


def _print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if not OUT.is_terminal:
        # Another program, or a file, reads it: one line a row, however wide.
        for row in (columns, *rows):
            sys.stdout.write("\t".join("" if value is None else str(value) for value in row) + "\n")
        return
    table = Table(show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("–" if value is None else str(value) for value in row))
    OUT.print(table)


if __name__ == "__main__":
    sys.exit(main())
