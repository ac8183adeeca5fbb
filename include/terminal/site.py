"""The installation a command works on: the configured server, or the store of the last run.

A server is meant when ``THROUGHLINE_CLICKHOUSE_PASSWORD`` is set, as in compose; a laptop has it in
the store's own secrets file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from include.contracts.reader import read_catalog
from include.settings import PROJECT_ROOT, Settings
from include.supervisor.store import last_store, read_secrets
from include.supervisor.warehouse_access import reach_last_store
from include.warehouse.build import Workshop
from include.warehouse.client import ClickHouseTarget, connect


@dataclass(frozen=True)
class Site:
    """Where the warehouse, landing and accounts are."""

    target: ClickHouseTarget
    landing_url: str
    sources_path: Path
    identity_key: str = field(repr=False)


@contextlib.contextmanager
def open_site(settings: Settings) -> Iterator[Site]:
    """Reach the installation; the store's engine runs for the time of the block.

    Raises ``NoStore`` when no server is configured and nothing was run yet.
    """
    if settings.clickhouse_password.get_secret_value():
        yield Site(
            ClickHouseTarget.from_settings(settings),
            settings.landing_url,
            settings.sources_path,
            settings.identity_key.get_secret_value(),
        )
        return
    store = last_store(settings.home)
    with reach_last_store(settings.home) as target:
        yield Site(target, str(store.landing), store.sources_file, read_secrets(store).identity_key)


@contextlib.contextmanager
def open_shop(settings: Settings, tell: Callable[[str], None]) -> Iterator[tuple[Site, Workshop]]:
    """The installation with a client and the contracts, as build steps want it."""
    sql_root = PROJECT_ROOT / "sql"
    catalog = read_catalog(sql_root)
    with open_site(settings) as site:
        client = connect(site.target)
        try:
            yield (
                site,
                Workshop(
                    client=client,
                    target=site.target,
                    catalog=catalog,
                    sql_root=sql_root,
                    business_zone=settings.business_zone,
                    identity_key=site.identity_key,
                    identity_key_version=settings.identity_key_version,
                    commit_sha=settings.commit_sha,
                    progress=tell,
                ),
            )
        finally:
            client.close()
