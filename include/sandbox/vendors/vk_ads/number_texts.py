"""Numbers told as text: the vendor may do so for any whole or decimal number of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def write_numbers_as_text(value: Any) -> Any:
    """The same answer with every number as text; true and false stay what they are."""
    if isinstance(value, Mapping):
        return {key: write_numbers_as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [write_numbers_as_text(inner) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value
