"""The pivot report: the groups of an ordinary report, cut per pivot and shown as their product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.sandbox.vendors.ga4.errors import refuse_argument
from include.sandbox.vendors.ga4.measures import add_sums
from include.sandbox.vendors.ga4.report import Group, Made, sort_groups, write_row
from include.sandbox.vendors.ga4.request import DATE_RANGE, AskedReport, require_known_orders
from include.sandbox.vendors.ga4.wire import read_count, read_items

MOST_PIVOT_ROWS = 250_000


def require_pivots(body: Mapping[str, Any], asked: AskedReport) -> Sequence[Mapping[str, Any]]:
    """The pivots, if every dimension is in exactly one of them and each has its limit."""
    pivots = read_items(body, "pivots")
    if not pivots:
        raise refuse_argument("A pivot report must have pivots.")
    named = [name for pivot in pivots for name in pivot.get("fieldNames", ())]
    known = {dimension.name for dimension in asked.dimensions} | {DATE_RANGE}
    if len(named) != len(set(named)) or not set(named) <= known:
        raise refuse_argument("Dimensions of pivots must be in the request, each in one pivot.")
    if {dimension.name for dimension in asked.dimensions} - set(named):
        raise refuse_argument("Every dimension of the request must be in a pivot.")
    product = 1
    for pivot in pivots:
        orders = read_items(pivot, "orderBys")
        require_known_orders(orders, asked.measures, [str(n) for n in pivot.get("fieldNames", ())])
        product *= read_count(pivot, "limit", 0) or 0
        if not product:
            raise refuse_argument("The limit of every pivot is required.")
    if product > MOST_PIVOT_ROWS:
        raise refuse_argument(f"The product of pivot limits must be at most {MOST_PIVOT_ROWS}.")
    return pivots


def write_pivots(
    pivots: Sequence[Mapping[str, Any]], asked: AskedReport, made: Made
) -> dict[str, Any]:
    """Headers with the values each pivot shows, and the rows that have a value in all of them."""
    headers, places_of, shown_of = [], [], []
    for pivot in pivots:
        names = [str(name) for name in pivot.get("fieldNames", ())]
        places = [made.names.index(name) for name in names if name in made.names]
        parts: dict[tuple[str, ...], list[Group]] = {}
        for group in made.groups:
            parts.setdefault(tuple(group.dimensions[p] for p in places), []).append(group)
        sums = {labels: add_sums([g.sums for g in of]) for labels, of in parts.items()}
        groups = [
            Group(labels, of, tuple(m.compute(of) for m in asked.measures.values()))
            for labels, of in sums.items()
        ]
        order_bys = [order for order in pivot.get("orderBys") or [] if "pivot" not in order]
        ordered = sort_groups(groups, order_bys, names, tuple(asked.measures))
        offset, limit = read_count(pivot, "offset", 0), read_count(pivot, "limit", 0)
        shown = ordered[offset : offset + limit]
        places_of.append(places)
        shown_of.append({group.dimensions for group in shown})
        headers.append(
            {
                "pivotDimensionHeaders": [
                    {"dimensionValues": [{"value": label} for label in group.dimensions]}
                    for group in shown
                ],
                "rowCount": len(ordered),
            }
        )
    rows = [
        write_row(group, asked)
        for group in made.groups
        if all(
            tuple(group.dimensions[p] for p in places) in shown
            for places, shown in zip(places_of, shown_of, strict=True)
        )
    ]
    return {"pivotHeaders": headers, **({"rows": rows} if rows else {})}
