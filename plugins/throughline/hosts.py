"""What an Airflow installation lends a connector: shared limits, and a place for new tokens."""

from __future__ import annotations

from include.connectors.protocol import Account, Host
from include.ingestion.shared_limits import SharedLimits
from include.settings import read_settings
from throughline.vault import ReadingVault, VariableVault


def make_host(account: Account) -> Host:
    """For a task, where Variables can be written."""
    home = read_settings().home
    limits = SharedLimits(home / "limits", account.source, account.name)
    return Host(share_limit=limits.share, vault=VariableVault(account, home / "locks"))


def make_polling_host(account: Account) -> Host:
    """For the triggerer: polls keep to the limits and use the newest token a task has stored."""
    limits = SharedLimits(read_settings().home / "limits", account.source, account.name)
    return Host(share_limit=limits.share, vault=ReadingVault(account))
