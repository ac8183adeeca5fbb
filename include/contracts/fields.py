"""Typed access to one mapping of a contract; every refusal names file, line and cure.

Reading never raises: a wrong value is recorded as a problem and an empty value is returned, so
that one pass reports everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from include.contracts.column_types import EXAMPLES, UnknownType, parse_type
from include.contracts.model import Problem, suggest
from include.contracts.yaml_nodes import Located


class Fields:
    """One YAML mapping of ``path``; ``kind`` is what it is called in messages."""

    def __init__(self, node: Located, path: Path, problems: list[Problem], kind: str) -> None:
        self.path = path
        self.problems = problems
        self.line = node.line
        self.is_mapping = isinstance(node.value, dict)
        self._kind = kind
        self._entries: dict[str, Located] = node.value if isinstance(node.value, dict) else {}
        if not self.is_mapping:
            self._add(
                node.line, f"{kind} is not a mapping", "write it as 'key: value' lines or {…}"
            )

    def _add(self, line: int, what: str, cure: str) -> None:
        self.problems.append(Problem(self.path, line, what, cure))

    def refuse(self, key: str, what: str, cure: str) -> None:
        """Record a problem on the line of ``key`` (of the mapping when the key is absent)."""
        entry = self._entries.get(key)
        self._add(entry.line if entry else self.line, what, cure)

    def refuse_unknown(self, known: Sequence[str]) -> None:
        """Refuse keys outside ``known``."""
        for key, entry in self._entries.items():
            if key not in known:
                self._add(
                    entry.line,
                    f"{self._kind} has no key {key}{suggest(key, known)}",
                    f"known keys: {', '.join(known)}",
                )

    def refuse_unknown_column(self, key: str, name: str, columns: Sequence[str]) -> None:
        """Refuse ``name`` unless it is one of ``columns``."""
        if name not in columns:
            self.refuse(
                key,
                f"{key} names {name}, which is not a column{suggest(name, columns)}",
                f"name one of: {', '.join(columns) or '(the table has no columns)'}",
            )

    def has(self, key: str) -> bool:
        """The key was written."""
        return key in self._entries

    def keys(self) -> list[str]:
        """Keys as written."""
        return list(self._entries)

    def value(self, key: str) -> Any:
        """The value without lines; ``None`` when absent."""
        entry = self._entries.get(key)
        return entry.plain() if entry else None

    def text(self, key: str, *, required: bool = False, of: str = "") -> str:
        """A non-empty text, trimmed; empty when absent or refused."""
        value = self.value(key)
        owner = f" of {of}" if of else ""
        if value is None and not self.has(key):
            if required:
                self.refuse(key, f"{key}{owner} is missing", f"add {key}: …")
            return ""
        if not isinstance(value, str):
            if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
                self.refuse(key, f"{key}{owner} is not text", f"write a text after {key}:")
                return ""
            value = str(value)
        if not value.strip():
            self.refuse(key, f"{key}{owner} is empty", f"write a text after {key}: or drop it")
        return value.strip()

    def flag(self, key: str) -> bool:
        """``true`` or ``false``; absent means false."""
        value = self.value(key)
        if value is not None and not isinstance(value, bool):
            self.refuse(key, f"{key} is {value!r}", "write true or false")
            return False
        return bool(value)

    def choice(self, key: str, allowed: Sequence[str], *, required: bool = False) -> str | None:
        """One of ``allowed``; ``None`` when absent or refused."""
        text = self.text(key, required=required)
        if text and text not in allowed:
            self.refuse(
                key,
                f"{key} is {text}{suggest(text, allowed)}",
                f"allowed here: {', '.join(allowed)}",
            )
            return None
        return text or None

    def type(self, key: str, of: str) -> str | None:
        """A column type of the allow-list as written; ``None`` when absent or refused."""
        text = self.text(key, required=True, of=of)
        if not text:
            return None
        try:
            parse_type(text)
        except UnknownType as error:
            self.refuse(
                key,
                f"the type of {of or 'a column'} is unknown: {error}{suggest(text, EXAMPLES)}",
                f"allowed are {', '.join(EXAMPLES)} and their like",
            )
            return None
        return text

    def items(self, key: str, *, required: bool = False) -> list[Located]:
        """The entries of a list; empty when absent or refused."""
        entry = self._entries.get(key)
        if entry is None or entry.value == []:
            if required:
                self.refuse(key, f"{key} is missing or empty", f"list at least one under {key}:")
            return []
        if not isinstance(entry.value, list):
            self.refuse(key, f"{key} is not a list", f"write {key} as '- …' lines or [a, b]")
            return []
        return entry.value

    def mapping(self, key: str) -> Fields | None:
        """The mapping under ``key``; ``None`` when absent or refused."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        fields = Fields(entry, self.path, self.problems, key)
        return fields if fields.is_mapping else None

    def column_list(self, key: str, columns: Sequence[str], *, required: bool = False) -> list[str]:
        """Existing, distinct columns; refused names are left out of the answer."""
        names: list[str] = []
        for item in self.items(key, required=required):
            name = str(item.plain())
            if name in names:
                self._add(item.line, f"{key} names {name} twice", "name each column once")
            elif name not in columns:
                self._add(
                    item.line,
                    f"{key} names {name}, which is not a column{suggest(name, columns)}",
                    f"name one of: {', '.join(columns) or '(the table has no columns)'}",
                )
            else:
                names.append(name)
        return names
