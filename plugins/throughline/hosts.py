"""What an Airflow installation lends a connector: shared limits, and a place for new tokens."""

from __future__ import annotations

from include.connectors.protocol import Account, Host
from include.ingestion.shared_limits import SharedLimits
from include.ingestion.sources import find_connector
from include.settings import read_settings
from throughline.vault import ReadingVault, VariableVault


def make_host(account: Account) -> Host:
    """For a task, where Variables can be written."""
    vault = VariableVault(account, read_settings().home / "locks")
    return Host(share_limit=_open_limits(account).share, vault=vault)


def make_polling_host(account: Account) -> Host:
    """For the triggerer: polls keep to the limits and use the newest token a task has stored."""
    return Host(share_limit=_open_limits(account).share, vault=ReadingVault(account))


def _open_limits(account: Account) -> SharedLimits:
    counted_by = find_connector(account.source).profile.counted_by
    return SharedLimits(read_settings().home / "limits", account, counted_by)
