"""Faults inside a JSON answer that is otherwise in order: same shape, other names or units.

``renamed_field`` (``from``, ``to``) renames a key wherever it occurs; ``changed_meaning``
(``field``, ``factor``) tells a number times the factor, as text where it was text; ``odd_value``
(``field``, ``value``) replaces the first value of a field in the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from include.sandbox.vendors.vendor import Stage

Entry = tuple[str, Any]


def spoil_answer(stage: Stage, vendor: str, path: str, body: Any) -> Any:
    """``body`` with what is planted for this vendor and path; itself when nothing is."""
    if (values := stage.faults.take("renamed_field", vendor, path)) is not None:
        old, new = str(values["from"]), str(values["to"])
        body = _change(body, lambda key, value: (new if key == old else key, value))
    if (values := stage.faults.take("changed_meaning", vendor, path)) is not None:
        field, factor = str(values["field"]), float(values["factor"])
        body = _change(
            body, lambda key, value: (key, _multiply(value, factor) if key == field else value)
        )
    if (values := stage.faults.take("odd_value", vendor, path)) is not None:
        field, odd = str(values["field"]), iter([values["value"]])
        body = _change(body, lambda key, value: (key, next(odd, value) if key == field else value))
    return body


def _change(value: Any, change: Callable[[str, Any], Entry]) -> Any:
    if isinstance(value, Mapping):
        return dict(change(key, _change(inner, change)) for key, inner in value.items())
    if isinstance(value, list):
        return [_change(inner, change) for inner in value]
    return value


def _multiply(value: Any, factor: float) -> Any:
    if isinstance(value, str):
        return f"{float(value) * factor:.2f}" if "." in value else str(round(int(value) * factor))
    return round(value * factor) if isinstance(value, int) else value * factor
