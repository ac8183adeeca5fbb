"""What a request asks for: whole numbers, lists of names, booleans in either case."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request

from include.sandbox.vendors.hubspot.errors import ApiError

PAGE_MOST = 100
HISTORY_PAGE_MOST = 50
PAGE_USUAL = 10


@dataclass(frozen=True)
class Wanted:
    """Which parts of a record an answer shows."""

    properties: Sequence[str] = ()
    history: Sequence[str] = ()
    associations: Sequence[str] = ()


def read_names(query: QueryParams, name: str) -> list[str]:
    """Names given once with commas, several times, or both."""
    names = [part.strip() for text in query.getlist(name) for part in text.split(",")]
    return [part for part in names if part]


def read_wanted(query: QueryParams) -> Wanted:
    """The parts named in an address."""
    return Wanted(
        read_names(query, "properties"),
        read_names(query, "propertiesWithHistory"),
        read_names(query, "associations"),
    )


def read_flag(query: QueryParams, name: str) -> bool:
    """A boolean; the vendor's own client writes it with a capital."""
    return query.get(name, "false").lower() == "true"


def read_limit(text: Any, most: int, usual: int = PAGE_USUAL) -> int:
    """A page's size between 1 and ``most``."""
    try:
        limit = usual if text in (None, "") else int(str(text))
    except ValueError:
        raise refuse_input(f"limit is not a number: {text}") from None
    if not 1 <= limit <= most:
        raise refuse_input(f"limit must be between 1 and {most}, but was {limit}")
    return limit


def read_number(text: Any, name: str) -> int:
    """A whole number that must be one."""
    try:
        return int(str(text))
    except ValueError:
        raise refuse_input(f"{name} is not a number: {text}") from None


async def read_document(request: Request) -> Mapping[str, Any]:
    """The JSON object of a body."""
    try:
        document = json.loads(await request.body() or b"{}")
    except ValueError:
        raise refuse_input("Invalid input JSON: could not be parsed") from None
    if not isinstance(document, dict):
        raise refuse_input("Invalid input JSON: an object is needed")
    return document


def refuse_input(message: str) -> ApiError:
    """VALIDATION_ERROR with its one detail."""
    return ApiError("VALIDATION_ERROR", message, extra={"errors": [{"message": message}]})
