"""Parameters as PHP reads them: nested by brackets, from query, form or JSON, any case of names.

``filter[>ID]=5`` becomes ``{"filter": {">ID": "5"}}`` and ``select[]=ID`` a list by number. An
unescaped ``=`` inside brackets ends the name too early, as it does in PHP, and the parameter is
lost without a word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request

from include.sandbox.vendors.bitrix24.errors import refuse_argument


def parse_php_query(query: str) -> dict[str, Any]:
    """The nested parameters of a query string; lists become dictionaries numbered from 0."""
    found: dict[str, Any] = {}
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            _put(found, _split_name(unquote_plus(name)), unquote_plus(value))
    return found


def _split_name(name: str) -> list[str]:
    base, bracket, rest = name.partition("[")
    if not bracket or "]" not in rest:
        return [name.replace("[", "_", 1)]
    path = [base]
    while True:
        inside, _, after = rest.partition("]")
        path.append(inside)
        if not after.startswith("[") or "]" not in after:
            return path
        rest = after[1:]


def _put(place: dict[str, Any], path: list[str], value: str) -> None:
    for step in path[:-1]:
        key = step if step else _next_number(place)
        inner = place.get(key)
        if not isinstance(inner, dict):
            inner = place[key] = {}
        place = inner
    place[path[-1] if path[-1] else _next_number(place)] = value


def _next_number(place: Mapping[str, Any]) -> str:
    return str(1 + max((int(key) for key in place if key.isdigit()), default=-1))


async def read_parameters(request: Request) -> dict[str, Any]:
    """Query parameters, overlaid with those of a form or a JSON body."""
    found = parse_php_query(request.url.query)
    if request.method != "POST":
        return found
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await request.form()
        for name, value in form.multi_items():
            _put(found, _split_name(name), str(value))
        return found
    body = await request.body()
    if kind == "application/x-www-form-urlencoded":
        return found | parse_php_query(body.decode())
    try:
        document = json.loads(body) if body.strip() else {}
    except ValueError:
        document = {}
    return found | document if isinstance(document, dict) else found


class Parameters:
    """The parameters of one method, found whatever the case of their names."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = {str(name).lower(): value for name, value in values.items()}

    def get(self, name: str, default: Any = None) -> Any:
        """One parameter as it was sent."""
        return self.values.get(name.lower(), default)

    def mapping(self, name: str) -> dict[str, Any]:
        """An object, such as a filter; an empty string, list or null is an empty one."""
        value = self.get(name)
        if value is None or value in ("", [], {}):
            return {}
        if isinstance(value, list):
            return {str(i): item for i, item in enumerate(value)}
        if not isinstance(value, dict):
            raise refuse_argument(f"Parameter '{name}' must be array.")
        return {str(key): item for key, item in value.items()}

    def texts(self, name: str) -> list[str]:
        """A list of names, however it was spelt."""
        value = self.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, dict):
            value = list(value.values())
        return [str(item) for item in value] if isinstance(value, list) else [str(value)]

    def number(self, name: str, default: int = 0) -> int:
        """A whole number; anything else counts as ``default``."""
        try:
            return int(str(self.get(name, default)))
        except ValueError:
            return default
