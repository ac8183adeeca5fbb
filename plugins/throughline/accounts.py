"""Accounts of the sources file, joined with the credentials of their Airflow connections.

Credentials exist in the task's memory only: neither XCom nor a trigger's arguments carry them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from include.connectors.protocol import Account, BadInput
from include.ingestion import sources
from include.ingestion.project_options import with_project_options
from include.ingestion.sources import AccountEntry, read_accounts
from include.settings import read_settings

if TYPE_CHECKING:
    from airflow.sdk import Connection


def source_names() -> list[str]:
    """Every source there is a connector for; imports none of them."""
    return list(sources.source_names())


def pool_name(source: str) -> str:
    """The pool in which the tasks of one source run."""
    return f"source_{source}"


def configured_accounts(source: str) -> dict[str, AccountEntry]:
    """Accounts of one source by name, without credentials."""
    settings = read_settings()
    return {
        entry.account.name: replace(entry, account=with_project_options(entry.account, settings))
        for entry in read_accounts(settings.sources_path)
        if entry.account.source == source
    }


def chosen_accounts(source: str, params: Mapping[str, Any]) -> list[str]:
    """Accounts a run pulls: those named in ``accounts``, else all; raises ``BadInput``."""
    wanted = params.get("accounts") or []
    for name in wanted:
        require_account(source, name)
    return list(wanted) or sorted(configured_accounts(source))


def require_account(source: str, name: str) -> AccountEntry:
    """One account without credentials; raises ``BadInput`` when it is not configured."""
    accounts = configured_accounts(source)
    if name not in accounts:
        raise BadInput(
            f"account '{name}' of {source} is not in {read_settings().sources_path};"
            f" configured are: {', '.join(sorted(accounts)) or 'none'}"
        )
    return accounts[name]


def with_credentials(entry: AccountEntry) -> Account:
    """The account with what its connection holds; blocking."""
    if not entry.connection:
        return entry.account
    return _join(entry.account, BaseHook.get_connection(entry.connection))


async def with_credentials_async(entry: AccountEntry) -> Account:
    """As :func:`with_credentials`, for the triggerer's event loop."""
    if not entry.connection:
        return entry.account
    return _join(entry.account, await BaseHook.aget_connection(entry.connection))


def _join(account: Account, connection: Connection) -> Account:
    return replace(account, credentials=credentials_of(connection))


def credentials_of(connection: Connection) -> Mapping[str, str]:
    """``token`` is the connection's password; login, host and the extra's texts go along.

    Whole numbers of the extra count as texts. Raises ``BadInput`` for an extra Airflow would only
    log, and read as empty.
    """
    if connection.extra and not _is_object(connection.extra):
        raise BadInput(
            f"the extra of connection '{connection.conn_id}' is not a JSON object: write it like "
            '{"client_id": "…", "client_secret": "…"}'
        )
    extra = {
        name: str(value)
        for name, value in connection.extra_dejson.items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    }
    named = {"login": connection.login, "token": connection.password, "host": connection.host}
    return {**extra, **{name: value for name, value in named.items() if value}}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
