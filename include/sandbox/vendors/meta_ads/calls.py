"""One call of the Graph API, however it came: query, form, header or inside a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from include.sandbox.vendors.meta_ads.errors import refuse_parameter

NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.")


@dataclass(frozen=True)
class Call:
    """``base`` is what stands before the path in links to further pages."""

    method: str
    base: str
    path: str
    params: Mapping[str, str]
    token: str = ""

    def read_json(self, name: str, default: Any = None) -> Any:
        """A parameter written as JSON; a bare word stays a word."""
        text = self.params.get(name)
        if text is None or text == "":
            return default
        try:
            return json.loads(text)
        except ValueError:
            if text[:1] in "[{":
                raise refuse_parameter(f"Param {name} must be valid JSON") from None
            return text

    def read_list(self, name: str) -> list[Any]:
        """A JSON list or a comma list."""
        value = self.read_json(name, [])
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value if isinstance(value, list) else [value]

    def read_flag(self, name: str) -> bool:
        """``true`` and ``1`` in any case."""
        return self.params.get(name, "").lower() in ("true", "1")

    def link(self, **changes: str) -> str:
        """The absolute address of the same call with other parameters; it carries the token."""
        dropped = {name for name in ("before", "after") if name not in changes}
        params = {k: v for k, v in self.params.items() if k not in dropped}
        query = urlencode({"access_token": self.token, **params, **changes})
        return f"{self.base}{self.path.rstrip('/')}?{query}"


@dataclass
class Reply:
    """What a call is answered with."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


FieldTree = dict[str, "FieldTree"]


def read_fields(text: str) -> FieldTree:
    """``id,creative{id,url_tags}`` or a JSON list of the same as names with their own names.

    Modifiers such as ``.limit(5)`` are read and ignored.
    """
    text = text.strip()
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            raise refuse_parameter("Param fields must be valid JSON") from None
        text = ",".join(str(item) for item in listed)
    tree, place = _read_level(text, 0)
    if place != len(text):
        raise refuse_parameter(f"Syntax error in the field list at character {place}")
    return tree


def _read_level(text: str, place: int) -> tuple[FieldTree, int]:
    tree: FieldTree = {}
    while place < len(text) and text[place] != "}":
        start = place
        while place < len(text) and text[place] in NAME:
            place += 1
        name = text[start:place].split(".")[0]
        if place < len(text) and text[place] == "(":
            end = text.find(")", place)
            place = len(text) if end < 0 else end + 1
        children: FieldTree = {}
        if place < len(text) and text[place] == "{":
            children, place = _read_level(text, place + 1)
            if place >= len(text):
                raise refuse_parameter("Syntax error: a brace of the field list is not closed")
            place += 1
        if name:
            tree[name] = children
        if place < len(text) and text[place] not in ", }":
            raise refuse_parameter(f"Syntax error in the field list at character {place}")
        while place < len(text) and text[place] in ", ":
            place += 1
    return tree, place
