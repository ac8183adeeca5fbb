"""Pulls accounts in this process, waiting here while the vendor works.

Credentials come from a file the operator names: Airflow's connections are Airflow's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from clickhouse_connect.driver.client import Client

from include.connectors.protocol import Account, Interval
from include.ingestion.account_run import Waiting, run_account
from include.ingestion.project_options import with_project_options
from include.ingestion.sources import AccountEntry, find_connector, read_accounts, source_names
from include.settings import Settings
from include.terminal.site import Site
from include.warehouse.landing import Landing

Tell = Callable[[str], None]
Days = tuple[date | None, date | None]


class CannotIngest(Exception):
    """The command asks for something that is not configured; the message says what is."""


def pull_accounts(
    site: Site,
    settings: Settings,
    client: Client,
    *,
    source: str,
    names: Sequence[str],
    days: Days,
    credentials_file: Path | None,
    tell: Tell,
) -> None:
    """Pull the accounts ``names`` (all, when empty) of ``source``, one after another."""
    window = requested_window(days)
    if source not in source_names():
        known = ", ".join(source_names())
        raise CannotIngest(f"there is no source '{source}'; there are: {known}")
    run_id = f"cli-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    for entry in choose_entries(read_accounts(site.sources_path), source, names):
        account = with_project_options(_with_credentials(entry, credentials_file), settings)
        connector = find_connector(source)(account, _now)
        while True:
            outcome = run_account(
                connector,
                Landing(site.landing_url),
                client,
                window,
                now=_now,
                run_id=run_id,
                progress=tell,
                account=entry.account.name,
            )
            if not isinstance(outcome, Waiting):
                break
            time.sleep(outcome.seconds)
        changed = "changed" if outcome.report.is_changed else "nothing changed"
        tell(f"{source}/{entry.account.name}: {changed}")


def requested_window(days: Days) -> Interval | None:
    """Days ``[from, to)``, or None for the connector's own plan."""
    begin, end = days
    if begin is None and end is None:
        return None
    if begin is None or end is None:
        raise CannotIngest("give both --from and --to (the first day not wanted any more)")
    try:
        return Interval(begin, end)
    except ValueError as error:
        raise CannotIngest(f"--from/--to: {error}") from error


def choose_entries(
    entries: Sequence[AccountEntry], source: str, names: Sequence[str]
) -> list[AccountEntry]:
    """The configured accounts of ``source`` that are wanted; raises :class:`CannotIngest`."""
    known = {entry.account.name: entry for entry in entries if entry.account.source == source}
    missing = [name for name in names if name not in known]
    if missing or not known:
        raise CannotIngest(
            f"{source} has no account {', '.join(missing) or 'at all'} in the accounts file;"
            f" configured are: {', '.join(sorted(known)) or 'none'}"
        )
    return [known[name] for name in (names or sorted(known))]


def _with_credentials(entry: AccountEntry, credentials_file: Path | None) -> Account:
    if not entry.connection:
        return entry.account
    if credentials_file is None:
        raise CannotIngest(
            f"account {entry.account.name} needs the credentials of connection"
            f" '{entry.connection}': give --credentials FILE, or run its DAG"
        )
    try:
        credentials = json.loads(credentials_file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CannotIngest(
            f"{credentials_file} is no readable JSON file ({type(error).__name__})"
        ) from None
    return replace(entry.account, credentials=credentials)


def _now() -> datetime:
    return datetime.now(UTC)
