"""What planted faults do to an answer: no rows, a renamed field, other units under its name."""

from __future__ import annotations

from typing import Any

from include.sandbox.vendors.bitrix24.listing import Answer


def empty_answer(answer: Answer) -> Answer:
    """A success without rows, in the shape the method gives them."""
    result: Any = []
    if isinstance(answer.result, dict):
        result = {
            key: [] if isinstance(value, list) else value for key, value in answer.result.items()
        }
    return Answer(result, total=0 if answer.total is not None else None)


def rename_field(answer: Answer, old: str, new: str) -> Answer:
    """The same rows with one field under another name."""
    return Answer(_rename(answer.result, old, new), answer.total, answer.next)


def _rename(value: Any, old: str, new: str) -> Any:
    if isinstance(value, list):
        return [_rename(item, old, new) for item in value]
    if isinstance(value, dict):
        return {new if key == old else key: _rename(item, old, new) for key, item in value.items()}
    return value


def scale_field(answer: Answer, field: str, factor: float) -> Answer:
    """The same rows with the figures of one field times ``factor``; texts stay texts."""
    return Answer(_scale(answer.result, field, factor), answer.total, answer.next)


def _scale(value: Any, field: str, factor: float) -> Any:
    if isinstance(value, list):
        return [_scale(item, field, factor) for item in value]
    if isinstance(value, dict):
        return {
            key: _times(item, factor) if key == field else _scale(item, field, factor)
            for key, item in value.items()
        }
    return value


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, int | float):
        return value * factor
    try:
        return f"{float(value) * factor:.2f}"
    except (TypeError, ValueError):
        return value
