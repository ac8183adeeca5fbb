"""YAML with line numbers.

PyYAML's loader keeps the last of two equal keys without a word and forgets where a value stood;
this one refuses the first and remembers the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from include.contracts.model import Problem

# The C loader reads the same and is ten times faster; not every wheel has it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Located:
    """A value and the 1-based line it stands on; containers hold :class:`Located` values."""

    value: Any
    line: int

    def plain(self) -> Any:
        """The value without line numbers."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


def read_yaml(text: str, path: Path, problems: list[Problem]) -> Located:
    """Read the one document in ``text``, whose file is ``path``.

    Syntax errors and duplicate keys are appended to ``problems``. Every key carries the line of
    the key, so that an error about it points at the right line.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Located(None, 1)
        return _locate(node, loader, path, problems)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "unreadable"
        problems.append(
            Problem(
                path,
                mark.line + 1 if mark else 1,
                f"not valid YAML: {what}",
                "quote texts that hold ': ', '{' or '#', and indent with spaces only",
            )
        )
        return Located(None, 1)
    finally:
        loader.dispose()


def _locate(node: yaml.Node, loader: Any, path: Path, problems: list[Problem]) -> Located:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return Located([_locate(item, loader, path, problems) for item in node.value], line)
    if isinstance(node, yaml.MappingNode):
        entries: dict[str, Located] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            key_line = key_node.start_mark.line + 1
            if key in entries:
                problems.append(
                    Problem(
                        path,
                        key_line,
                        f"the key {key} stands twice (first on line {entries[key].line})",
                        "keep one of the two",
                    )
                )
                continue
            entries[key] = Located(_locate(value_node, loader, path, problems).value, key_line)
        return Located(entries, line)
    try:
        return Located(loader.construct_object(node, deep=True), line)
    except ValueError as error:
        problems.append(
            Problem(path, line, f"{node.value} cannot be read: {error}", "correct or quote it")
        )
        return Located(None, line)
