"""``python -m throughline.check_source <source>/<account>``: what an account may and may not read.

Runs where Airflow runs, for the credentials are in its connections. Each line is one small
request; nothing is written. `make check-source NAME=…` calls it for the store of the last run.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError
from rich.console import Console
from rich.table import Table

from include.connectors.protocol import BadInput, Capability, ConnectorError
from include.ingestion.sources import find_connector
from throughline.accounts import configured_accounts, source_names, with_credentials
from throughline.hosts import make_host

Names = list[tuple[str, str]]


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 everything can be read, 1 something cannot, 2 wrong usage."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        names = choose_names(given[0] if given else "")
    except BadInput as error:
        sys.stderr.write(f"check-source: {error}\n")
        return 2
    console = Console(highlight=False, markup=False, emoji=False)
    is_whole = True
    for source, account in names:
        capabilities = check_account(source, account)
        is_whole &= all(capability.is_allowed for capability in capabilities)
        console.print(show(f"{source}/{account}", capabilities))
    return 0 if is_whole else 1


def choose_names(name: str) -> Names:
    """``source/account``, or every account of ``source``; raises ``BadInput`` listing them all."""
    source, _, account = name.strip().partition("/")
    every = [(s, a) for s in source_names() for a in sorted(configured_accounts(s))]
    chosen = [(s, a) for s, a in every if s == source and account in ("", a)]
    if not chosen:
        shown = ", ".join(f"{s}/{a}" for s, a in every) or "none: add some to the sources file"
        raise BadInput(f"say NAME=<source>/<account>; configured are {shown}")
    return chosen


def check_account(source: str, account: str) -> list[Capability]:
    """What the account's own connector finds; trouble on the way is a line of its own."""
    entry = configured_accounts(source)[account]
    found: list[Capability] = []
    try:
        known = with_credentials(entry)
    except BadInput as error:
        return [Capability("connection", False, str(error))]
    except (LookupError, AirflowNotFoundException, AirflowRuntimeError):
        reason = f"there is no connection '{entry.connection}': make it in Airflow"
        return [Capability("connection", False, reason)]
    try:
        connector = find_connector(source)(known, lambda: datetime.now(UTC), make_host(known))
        for capability in connector.check():
            found.append(capability)  # what came before an error is kept
    except ConnectorError as error:
        found.append(Capability("account", False, str(error)))
    return found


def show(title: str, capabilities: list[Capability]) -> Table:
    """A table for a terminal."""
    table = Table(title=title, title_justify="left", show_edge=False)
    table.add_column("what")
    table.add_column("may read")
    table.add_column("what to do", overflow="fold")
    for capability in capabilities:
        table.add_row(capability.name, "yes" if capability.is_allowed else "NO", capability.detail)
    return table


if __name__ == "__main__":
    sys.exit(main())
