"""YAML with line numbers, every scalar kept as the text it was written as.

YAML's own guesses are switched off on purpose: ``no`` is the text "no", ``007`` stays ``007`` and
``null`` is a word, because a mapping speaks about the cells of a file. A key given twice is an
error instead of the last one winning.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import yaml

from include.connectors.protocol import BadInput


def suggest(name: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the nearest known name, or nothing."""
    folded = {item.casefold(): item for item in known}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""


class Located:
    """One YAML value that knows its file and line."""

    def __init__(self, node: yaml.Node, path: str) -> None:
        self._node = node
        self._path = path

    @classmethod
    def read(cls, text: str, path: str) -> Located:
        """The document's root; raises ``BadInput`` for broken or empty YAML."""
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise BadInput(
                f"{path}:{line}: not valid YAML: {error.problem}. Correct the indentation or "
                "quoting of this line."
            ) from None
        except yaml.YAMLError as error:
            raise BadInput(f"{path}:1: not valid YAML: {error}") from None
        if root is None:
            raise BadInput(f"{path}:1: the file is empty. See docs/mapping_files.md for the form.")
        return cls(root, path)

    @property
    def line(self) -> int:
        """1-based line where the value starts."""
        return self._node.start_mark.line + 1

    def refusal(self, message: str) -> BadInput:
        """An error that points at this value."""
        return BadInput(f"{self._path}:{self.line}: {message}")

    @property
    def is_mapping(self) -> bool:
        """Whether the value has keys."""
        return isinstance(self._node, yaml.MappingNode)

    @property
    def is_text(self) -> bool:
        """Whether the value is a plain scalar."""
        return isinstance(self._node, yaml.ScalarNode)

    def text(self, what: str, *, may_be_empty: bool = False) -> str:
        """The scalar's text."""
        if not isinstance(self._node, yaml.ScalarNode):
            raise self.refusal(f"{what} must be one value, not a list or a group of keys.")
        value = str(self._node.value)
        if not value and not may_be_empty:
            raise self.refusal(f"{what} is empty. Give it a value or remove the key.")
        return value

    def choice(self, what: str, allowed: Iterable[str]) -> str:
        """The scalar's text, one of ``allowed``."""
        value = self.text(what)
        names = list(allowed)
        if value not in names:
            raise self.refusal(
                f"{what} is {value!r}; it must be one of {', '.join(names)}.{suggest(value, names)}"
            )
        return value

    def flag(self, what: str) -> bool:
        """``true`` or ``false``."""
        return self.choice(what, ("true", "false")) == "true"

    def items(self, what: str) -> list[Located]:
        """The entries of a list; a single scalar counts as a list of one."""
        if isinstance(self._node, yaml.SequenceNode):
            return [Located(item, self._path) for item in self._node.value]
        if self.is_text:
            return [self]
        raise self.refusal(f"{what} must be a list.")

    def texts(self, what: str, *, may_be_empty: bool = False) -> tuple[str, ...]:
        """The entries of a list as text."""
        return tuple(item.text(what, may_be_empty=may_be_empty) for item in self.items(what))

    def entries(self, what: str) -> dict[str, Located]:
        """Keys and values; a repeated key is refused."""
        if not isinstance(self._node, yaml.MappingNode):
            raise self.refusal(f"{what} must be keys and values (`key: value`).")
        found: dict[str, Located] = {}
        for key_node, value_node in self._node.value:
            key = Located(key_node, self._path)
            name = key.text(f"a key of {what}", may_be_empty=True)
            if name in found:
                raise key.refusal(
                    f"{what} has the key {name!r} twice (first on line {found[name].line}). "
                    "Remove one."
                )
            found[name] = Located(value_node, self._path)
        return found

    def record(self, what: str, allowed: Iterable[str]) -> dict[str, Located]:
        """Keys and values, the keys all among ``allowed``."""
        names = list(allowed)
        found = self.entries(what)
        for name, value in found.items():
            if name not in names:
                raise value.refusal(
                    f"{what} has no key {name!r}; it may have {', '.join(names)}."
                    f"{suggest(name, names)}"
                )
        return found

    def plain(self) -> object:
        """The value as dicts, lists and text, for fingerprints."""
        if isinstance(self._node, yaml.MappingNode):
            return {name: value.plain() for name, value in self.entries("a group").items()}
        if isinstance(self._node, yaml.SequenceNode):
            return [item.plain() for item in self.items("a list")]
        return str(self._node.value)
