"""Which errors a person can mend, and how they are told in a few lines.

Importing the packages that define them costs seconds, so that happens only once one was raised.
"""

from __future__ import annotations

import sys

_MENDABLE = {
    "clickhouse_connect.driver.exceptions": ("ClickHouseError",),
    "include.connectors.protocol": ("ConnectorError",),
    "include.contracts.changes": ("MigrationNeeded",),
    "include.contracts.model": ("ContractError",),
    "include.embedded.process": ("EngineDidNotStart",),
    "include.identity.record_files": ("Unreadable",),
    "include.quality.validation": ("QualityFailed",),
    "include.settings": ("BadSetting",),
    "include.supervisor.store": ("NoStore",),
    "include.terminal.attribution_input": ("CannotAttribute",),
    "include.terminal.explanation": ("CannotExplain",),
    "include.terminal.ingest": ("CannotIngest",),
    "include.terminal.query": ("EmptyQuery",),
    "include.terminal.typed_names": ("UnknownName",),
    "include.warehouse.build": ("IdentityKeyMissing", "InputsMoved", "Unaudited"),
    "include.warehouse.build_log": ("BuildNotActive", "BuildRunning"),
    "include.warehouse.client": ("WarehouseUnreachable",),
    "include.warehouse.publish": ("PublicationConflict",),
}
_LINES = 12


def expected() -> tuple[type[BaseException], ...]:
    """Errors to tell plainly; a module that was never imported cannot have raised one."""
    found = []
    for module, names in _MENDABLE.items():
        loaded = sys.modules.get(module)
        found += [getattr(loaded, name) for name in names if hasattr(loaded, name)]
    return tuple(found)


def describe(error: BaseException) -> str:
    """The error's own words, a few lines at most."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return "\n".join(lines[:_LINES])
