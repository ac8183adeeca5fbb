"""Options an account gets from the installation rather than from the accounts file."""

from __future__ import annotations

from dataclasses import replace

from include.connectors.protocol import Account
from include.settings import Settings


def with_project_options(account: Account, settings: Settings) -> Account:
    """The account with the installation's options; those of the accounts file win."""
    if account.source != "files":
        return account
    given = {"mapping_folders": [str(settings.mappings_root)], **account.options}
    return replace(account, options=given)
