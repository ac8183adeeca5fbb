"""Filters and orders of the lists, over plain rows. Filters nobody knows are ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from include.sandbox.vendors.amocrm.errors import refuse_parameter
from include.sandbox.vendors.amocrm.query import (
    Tree,
    read_flag,
    read_ids,
    read_integer,
    read_list,
    read_range,
)

Row = dict[str, Any]
Test = Callable[[Row], bool]
MOST_EVENT_ENTITIES = 10


def read_filter(tree: Tree) -> Tree:
    """The ``filter`` of a query; 400 when it is not a list of named conditions."""
    node = tree.get("filter", {})
    if not isinstance(node, dict):
        raise refuse_parameter("filter", "filter must be an array")
    return node


def keep(rows: Iterable[Row], tests: Iterable[Test]) -> list[Row]:
    """Rows that pass every test."""
    every = list(tests)
    return [row for row in rows if all(test(row) for test in every)]


def by_ids(conditions: Tree, **columns: str) -> list[Test]:
    """One test for each condition given: the column must hold one of the integers."""
    tests: list[Test] = []
    for name, column in columns.items():
        if name in conditions:
            wanted = read_ids(conditions[name], f"filter.{name}")
            tests.append(lambda row, column=column, wanted=wanted: row[column] in wanted)
    return tests


def by_texts(conditions: Tree, **columns: str) -> list[Test]:
    """The same for texts."""
    tests: list[Test] = []
    for name, column in columns.items():
        if name in conditions:
            texts = set(read_list(conditions[name]))
            tests.append(lambda row, column=column, texts=texts: row[column] in texts)
    return tests


def by_instants(conditions: Tree, **columns: str) -> list[Test]:
    """Both ends inclusive, in whole Unix seconds; a row without the instant fails."""
    tests: list[Test] = []
    for name, column in columns.items():
        if name in conditions:
            low, high = read_range(conditions[name], f"filter.{name}")
            tests.append(
                lambda row, column=column, low=low, high=high: _is_within(row[column], low, high)
            )
    return tests


def by_statuses(node: Any, path: str) -> list[Test]:
    """Pairs of pipeline and status, as ``[0][pipeline_id]`` and ``[0][status_id]``."""
    if node is None:
        return []
    pairs = read_status_pairs(node, path)
    return [lambda row: (row["pipeline_id"], row["status_id"]) in pairs]


def read_status_pairs(node: Any, path: str) -> set[tuple[int, int]]:
    """The pairs; 400 for another shape, as a status alone is ambiguous."""
    if not isinstance(node, dict):
        raise refuse_parameter(path, f"{path} must be an array of pipeline_id and status_id")
    pairs = set()
    for below in node.values():
        if not isinstance(below, dict) or not {"pipeline_id", "status_id"} <= set(below):
            raise refuse_parameter(path, f"{path} needs both pipeline_id and status_id")
        pairs.add(
            (
                read_integer(str(below["pipeline_id"]), f"{path}.pipeline_id"),
                read_integer(str(below["status_id"]), f"{path}.status_id"),
            )
        )
    return pairs


def by_price(node: Any) -> list[Test]:
    """A price, or a range of prices."""
    if node is None:
        return []
    low, high = read_range(node, "filter.price")
    if not isinstance(node, dict):
        high = low if high is None else high

    def is_priced(row: Row) -> bool:
        price = round(row["price_micros"] / 1_000_000)
        return (low is None or price >= low) and (high is None or price <= high)

    return [is_priced]


def by_event_values(conditions: Tree) -> list[Test]:
    """``value_after`` and ``value_before``, in the shape ``leads_statuses`` only."""
    tests: list[Test] = []
    for name, side in (("value_after", "after"), ("value_before", "before")):
        if name not in conditions:
            continue
        node = conditions[name]
        if not isinstance(node, dict) or "leads_statuses" not in node:
            raise refuse_parameter(f"filter.{name}", f"filter.{name} must hold leads_statuses")
        pairs = read_status_pairs(node["leads_statuses"], f"filter.{name}.leads_statuses")
        tests.append(
            lambda row, side=side, pairs=pairs: any(
                (value["lead_status"]["pipeline_id"], value["lead_status"]["id"]) in pairs
                for value in row[side]
                if "lead_status" in value
            )
        )
    return tests


def by_event_entities(conditions: Tree) -> list[Test]:
    """``entity`` and ``entity_id``; ids need exactly one kind and are ten at most."""
    kinds = read_list(conditions.get("entity"))
    tests = by_texts(conditions, entity="entity_type")
    if "entity_id" in conditions:
        ids = read_ids(conditions["entity_id"], "filter.entity_id")
        if len(kinds) != 1:
            raise refuse_parameter("filter.entity", "filter.entity_id needs one filter.entity")
        if len(ids) > MOST_EVENT_ENTITIES:
            raise refuse_parameter("filter.entity_id", "filter.entity_id takes 10 ids at most")
        tests.append(lambda row: row["entity_id"] in ids)
    return tests


def by_flag(conditions: Tree, name: str, column: str) -> list[Test]:
    """A boolean."""
    if name not in conditions:
        return []
    wanted = read_flag(conditions[name])
    return [lambda row: row[column] is wanted]


def put_in_order(
    rows: list[Row], tree: Tree, columns: Mapping[str, str], default: tuple[str, bool]
) -> list[Row]:
    """Rows by ``order[name]=asc|desc``, else by ``default`` (column, descending); ties by id."""
    column, is_descending = default
    order = tree.get("order")
    if order is not None:
        if not isinstance(order, dict) or not set(order) <= set(columns):
            raise refuse_parameter("order", f"order takes one of {', '.join(columns)}")
        for name, direction in order.items():
            if str(direction).lower() not in ("asc", "desc"):
                raise refuse_parameter(f"order.{name}", "a direction is asc or desc")
            column, is_descending = columns[name], str(direction).lower() == "desc"
    return sorted(rows, key=lambda row: (row[column], row["id"]), reverse=is_descending)


def _is_within(at: datetime | None, low: int | None, high: int | None) -> bool:
    if at is None:
        return False
    second = int(at.timestamp())
    return (low is None or second >= low) and (high is None or second <= high)
