"""``filter``, ``order``, ``limit`` and ``offset`` over rows as they are answered.

Dates of rows are texts that sort as they read, so they compare as texts. The same field given
twice with ``=`` means either value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from include.sandbox.vendors.moysklad.errors import ApiError
from include.sandbox.vendors.moysklad.wording import Row, read_instant, spell_instant

CONDITION = re.compile(r"([A-Za-z.]+|https?://\S+?)(>=|<=|!=|!~|~=|=~|=|>|<|~)(.*)", re.DOTALL)
INSTANTS = ("updated", "moment", "created", "deleted")
SWITCHES = ("archived", "isDeleted", "applicable", "shared", "printed", "published")
LINKS = (
    "agent",
    "organization",
    "store",
    "state",
    "owner",
    "group",
    "productFolder",
    "supplier",
    "salesChannel",
    "customerOrder",
    "purchaseOrder",
)
TEXTS = (
    "id",
    "name",
    "code",
    "externalCode",
    "article",
    "description",
    "inn",
    "kpp",
    "phone",
    "email",
    "companyType",
    "pathName",
    "paymentPurpose",
)
NUMBERS = ("sum", "payedSum", "shippedSum", "vatSum", "minimumBalance", "reservedSum")
LONGEST_PAGE = 1000
COMPARISONS = (">", "<", ">=", "<=")


@dataclass(frozen=True)
class Condition:
    """``field operator value``."""

    field: str
    operator: str
    value: str


def read_conditions(texts: Sequence[str]) -> list[Condition]:
    """All conditions of every ``filter`` parameter; 412/1034 for what is none."""
    conditions = []
    for text in texts:
        for part in text.split(";"):
            if not part.strip():
                continue
            match = CONDITION.fullmatch(part.strip())
            if match is None:
                raise ApiError(412, 1034, f"непонятное условие '{part}'", "filter")
            conditions.append(Condition(*match.groups()))
    return conditions


def keep_rows(rows: list[Row], conditions: list[Condition]) -> list[Row]:
    """Rows meeting every field's conditions; deleted and archived ones only where asked for.

    Of several ``>`` on one field the first counts, and so for the other three comparisons; an
    equality beside a comparison is refused.
    """
    by_field: dict[str, list[Condition]] = {}
    for condition in conditions:
        several = by_field.setdefault(condition.field, [])
        operators = {known.operator for known in several}
        if condition.operator in COMPARISONS and condition.operator in operators:
            continue
        several.append(condition)
        operators.add(condition.operator)
        if "=" in operators and operators & set(COMPARISONS):
            raise ApiError(412, 1034, f"'{condition.field}': равенство и неравенство", "filter")
    for field, hidden in (("isDeleted", "deleted"), ("archived", "archived")):
        wanted = {_read_switch(c) for c in by_field.pop(field, [])} or {False}
        rows = [row for row in rows if bool(row.get(hidden)) in wanted]
    for field, several in by_field.items():
        equals = [_prepare(c) for c in several if c.operator == "="]
        others = [_prepare(c) for c in several if c.operator != "="]
        rows = [
            row
            for row in rows
            if all(_meets(row.get(field), c) for c in others)
            and (not equals or any(_meets(row.get(field), c) for c in equals))
        ]
    return rows


def _read_switch(condition: Condition) -> bool:
    if condition.value not in ("true", "false"):
        raise ApiError(412, 1014, f"'{condition.value}' для '{condition.field}'", "filter")
    return condition.value == "true"


def _prepare(condition: Condition) -> Condition:
    """The condition with its value as rows spell it; 412 for a field or a value that is wrong."""
    field, value = condition.field, condition.value
    if field in INSTANTS and value:
        try:
            value = spell_instant(read_instant(value))
        except ValueError:
            raise ApiError(412, 1035, value, "filter") from None
    elif field in NUMBERS and value:
        try:
            value = str(float(value))
        except ValueError:
            raise ApiError(412, 1014, f"'{value}' для '{field}'", "filter") from None
    elif field in LINKS:
        value = value.partition("?")[0].rstrip("/").rpartition("/")[2]
    elif field in SWITCHES:
        _read_switch(condition)
    elif field not in (*TEXTS, *INSTANTS, *NUMBERS):
        raise ApiError(412, 1034, f"неизвестное поле '{field}'", "filter")
    return Condition(field, condition.operator, value)


def _meets(given: Any, condition: Condition) -> bool:
    value, operator = condition.value, condition.operator
    if isinstance(given, dict):
        given = given["meta"]["href"].rpartition("/")[2]
    if isinstance(given, bool):
        given = str(given).lower()
    if operator in ("=", "!="):
        if isinstance(given, int | float) and value:
            is_equal = given == float(value)
        else:
            is_equal = (given or "") == value
        return is_equal == (operator == "=")
    if given is None:
        return operator == "!~"
    if isinstance(given, int | float):
        left, right = float(given), float(value)
        return {">": left > right, "<": left < right, ">=": left >= right}.get(
            operator, left <= right
        )
    left_text, right_text = str(given).lower(), value.lower()
    return {
        ">": left_text > right_text,
        "<": left_text < right_text,
        ">=": left_text >= right_text,
        "<=": left_text <= right_text,
        "~": right_text in left_text,
        "!~": right_text not in left_text,
        "~=": left_text.startswith(right_text),
        "=~": left_text.endswith(right_text),
    }[operator]


def search_rows(rows: list[Row], text: str) -> list[Row]:
    """Rows with the text in a name, code or article."""
    wanted = text.strip().lower()
    if not wanted:
        return rows
    names = ("name", "code", "externalCode", "article", "description", "inn", "phone", "email")
    return [row for row in rows if any(wanted in str(row.get(n, "")).lower() for n in names)]


def order_rows(rows: list[Row], text: str) -> list[Row]:
    """Rows by ``field,direction;…``; 412/1034 for a field no row could have."""
    for part in reversed([part for part in text.split(";") if part.strip()]):
        field, _, direction = part.partition(",")
        field, direction = field.strip(), direction.strip() or "asc"
        known = field in (*INSTANTS, *TEXTS, *NUMBERS)
        if not known or direction not in ("asc", "desc"):
            raise ApiError(412, 1034, f"неизвестная сортировка '{part}'", "order")
        rows = sorted(
            rows,
            key=lambda row, field=field: (row.get(field) is not None, row.get(field, "")),
            reverse=direction == "desc",
        )
    return rows


def read_window(limit: str | None, offset: str | None) -> tuple[int, int]:
    """``limit`` 1..1000 and ``offset`` ≥ 0; 400/1040 otherwise."""
    try:
        size, begin = int(limit or LONGEST_PAGE), int(offset or 0)
    except ValueError:
        raise ApiError(400, 1040, "limit и offset должны быть числами", "limit") from None
    if not 1 <= size <= LONGEST_PAGE or begin < 0:
        raise ApiError(400, 1040, f"limit={size}, offset={begin}", "limit")
    return size, begin
