"""Filters of the reporting API: conditions joined by AND or OR, without brackets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.vendors.yandex_metrica.stat_fields import read_dimension
from include.sandbox.vendors.yandex_metrica.visit_rows import VisitRows

MOST_CONDITIONS = 20
CONDITION = re.compile(r"\s*(ym:[\w:<>]+?)\s*(==|!=|=@|!@|=~|!~|=\*|!\*)\s*'((?:[^'\\]|\\.)*)'\s*")
JOINT = re.compile(r"\s+(AND|OR)\s+(?=ym:)|[;,](?=ym:)", re.IGNORECASE)


def _matches(operator: str, wanted: str) -> Callable[[str], bool]:
    if operator.endswith("="):
        return lambda value: value == wanted
    if operator.endswith("@"):
        return lambda value: wanted.lower() in value.lower()
    pattern = re.escape(wanted).replace(r"\*", ".*") if operator.endswith("*") else wanted
    compiled = re.compile(pattern)
    if operator.endswith("*"):
        return lambda value: compiled.fullmatch(value) is not None
    return lambda value: compiled.search(value) is not None


def _keep(condition: str, visits: VisitRows, attribution: str, is_russian: bool) -> list[bool]:
    match = CONDITION.fullmatch(condition)
    if match is None:
        raise ApiError("invalid_parameter", f"Cannot read the filter {condition}", "filters")
    values = read_dimension(match[1], visits, attribution, is_russian, "filters")
    # the vendor's own examples write Yes where its answers say yes
    wanted = match[3].lower() if match[1] == "ym:s:isNewUser" else match[3]
    test = _matches(match[2], wanted)
    is_negative = match[2].startswith("!")

    def holds(value: dict[str, Any]) -> bool:
        return any(test(str(value.get(key) or "")) for key in ("id", "name", "iso_name"))

    return [holds(value) != is_negative for value in values]


def filter_visits(
    text: str, visits: VisitRows, attribution: str, is_russian: bool = False
) -> list[bool]:
    """Which visits pass; AND binds tighter than OR, ``;`` and ``,`` are their old spellings.

    Names of values are those of the language asked for.
    """
    if not text.strip():
        return [True] * len(visits.positions)
    joints = [joint.group(0).strip().upper() for joint in JOINT.finditer(text)]
    conditions = [part for part in JOINT.split(text) if part and part.upper() not in ("AND", "OR")]
    if len(conditions) > MOST_CONDITIONS:
        raise ApiError("filter_limits", "More than 20 conditions", "filters")
    kept = [_keep(condition, visits, attribution, is_russian) for condition in conditions]
    passed = [False] * len(visits.positions)
    together = kept[0]
    for joint, further in zip(joints, kept[1:], strict=True):
        if joint in ("OR", ","):
            passed = [a or b for a, b in zip(passed, together, strict=True)]
            together = further
        else:
            together = [a and b for a, b in zip(together, further, strict=True)]
    return [a or b for a, b in zip(passed, together, strict=True)]
