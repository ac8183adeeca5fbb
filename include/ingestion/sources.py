"""Which sources exist (connectors found in the package) and which accounts of each are read.

The accounts file holds no credentials: ``connection`` names where they are kept, and whoever
starts a run joins them to the account.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import include.connectors
from include.connectors.protocol import Account, BadInput, Connector

_NOT_CONNECTORS = frozenset({"protocol"})
_ENTRY_KEYS = frozenset({"account", "connection", "options"})


@dataclass(frozen=True)
class AccountEntry:
    """One account of the file; ``connection`` is empty when it needs no credentials."""

    account: Account
    connection: str = ""


@cache
def source_names() -> tuple[str, ...]:
    """Every source there is a connector for: the modules of the package, by name, none imported.

    Airflow reads the DAGs anew in every task, and importing all connectors costs a second.
    """
    found = (module.name for module in pkgutil.iter_modules(include.connectors.__path__))
    return tuple(sorted(name for name in found if name[0] != "_" and name not in _NOT_CONNECTORS))


@cache
def find_connector(source: str) -> type[Connector]:
    """The connector of one source; raises ``BadInput`` for a source there is none for."""
    if source not in source_names():
        raise BadInput(
            f"there is no connector {source}; there are: {', '.join(source_names()) or 'none'}"
        )
    module = importlib.import_module(f"{include.connectors.__name__}.{source}")
    connector: type[Connector] | None = getattr(module, "CONNECTOR", None)
    if connector is None or connector.source != source:
        raise BadInput(
            f"{module.__file__}: a connector's module exposes its class as CONNECTOR, and `source` "
            "of the class is the module's name"
        )
    return connector


def discover_connectors() -> dict[str, type[Connector]]:
    """Source name → connector class, all of them."""
    return {source: find_connector(source) for source in source_names()}


def read_accounts(path: Path) -> list[AccountEntry]:
    """Accounts of the file, in its order; every problem at once in one ``BadInput``."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(
            f"there is no accounts file {path}: make one, or point THROUGHLINE_SOURCES_FILE at it"
        ) from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise BadInput(f"{path}:{line}: not readable as YAML; check indentation there") from None
    reader = _Reader(path)
    entries = reader.read(root)
    if reader.problems:
        raise BadInput("\n".join(reader.problems))
    return entries


class _Reader:
    """Walks the parsed file and keeps each problem with its line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: list[str] = []

    def read(self, root: yaml.Node | None) -> list[AccountEntry]:
        entries: list[AccountEntry] = []
        sources = self._mapping(root, "the file", {"sources"}).get("sources")
        for source, node in self._mapping(sources, "`sources`", None).items():
            if source not in source_names():
                known = ", ".join(source_names()) or "none"
                self._refuse(node, f"there is no connector {source}; there are: {known}")
                continue
            entries += self._read_source(source, node)
        return entries

    def _read_source(self, source: str, node: yaml.Node) -> list[AccountEntry]:
        if not isinstance(node, yaml.SequenceNode):
            self._refuse(node, f"{source} must be a list of accounts, each starting with `-`")
            return []
        entries: list[AccountEntry] = []
        names: set[str] = set()
        for item in node.value:
            fields = self._mapping(item, f"an account of {source}", _ENTRY_KEYS)
            name = _plain(fields.get("account"))
            options = _plain(fields.get("options")) or {}
            if not isinstance(name, str) or not name:
                self._refuse(item, f"an account of {source} needs `account: <name>`, quoted text")
            elif name in names:
                self._refuse(item, f"account {name} of {source} is listed twice; remove one")
            elif not isinstance(options, dict):
                self._refuse(fields["options"], "`options` must be a mapping of name: value")
            else:
                names.add(name)
                connection = str(_plain(fields.get("connection")) or "")
                entries.append(AccountEntry(Account(source, name, options), connection))
        return entries

    def _mapping(
        self, node: yaml.Node | None, what: str, allowed: set[str] | frozenset[str] | None
    ) -> dict[str, yaml.Node]:
        if node is None or (isinstance(node, yaml.ScalarNode) and node.value in ("", "null", "~")):
            return {}
        if not isinstance(node, yaml.MappingNode):
            self._refuse(node, f"{what} must be a mapping of name: value")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if allowed is not None and name not in allowed:
                self._refuse(
                    key, f"{what} has no key {name}; it may have {', '.join(sorted(allowed))}"
                )
            elif name in found:
                self._refuse(key, f"{name} is there twice; remove one")
            else:
                found[name] = value
        return found

    def _refuse(self, node: yaml.Node | None, text: str) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        self.problems.append(f"{self._path}:{line}: {text}")


def _plain(node: yaml.Node | None) -> Any:
    if node is None:
        return None
    return yaml.safe_load(yaml.serialize(node))
