"""Pulls accounts in this process, waiting here while the vendor works.

Credentials come from a file the operator names, and tokens a vendor exchanges are written back to
it: Airflow's connections are Airflow's. Limits are those every other process of the installation
keeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from clickhouse_connect.driver.client import Client

from include.connectors.protocol import Host, Interval
from include.ingestion.account_run import Waiting, run_account
from include.ingestion.project_options import with_project_options
from include.ingestion.shared_limits import SharedLimits
from include.ingestion.sources import AccountEntry, find_connector, read_accounts, source_names
from include.settings import Settings
from include.terminal.credentials_file import CredentialsFile, UnreadableCredentials
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
        vault = _open_vault(entry, credentials_file)
        account = with_project_options(entry.account, settings)
        if vault is not None:
            account = replace(account, credentials=_read(vault))
        make = find_connector(source)
        limits = SharedLimits(settings.home / "limits", account, make.profile.counted_by)
        connector = make(account, _now, Host(share_limit=limits.share, vault=vault))
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


def _read(vault: CredentialsFile) -> Mapping[str, str]:
    try:
        return vault.read()
    except UnreadableCredentials as error:
        raise CannotIngest(str(error)) from None


def _open_vault(entry: AccountEntry, credentials_file: Path | None) -> CredentialsFile | None:
    """Where the account's credentials are; None when it needs none."""
    if not entry.connection:
        return None
    if credentials_file is None:
        raise CannotIngest(
            f"account {entry.account.name} needs the credentials of connection"
            f" '{entry.connection}': give --credentials FILE, or run its DAG"
        )
    return CredentialsFile(credentials_file)


def _now() -> datetime:
    return datetime.now(UTC)
