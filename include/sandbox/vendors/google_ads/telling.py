"""Rows as JSON: nested lowerCamelCase objects, each with its resource name.

The query stays in snake_case; only the answer changes its case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from include.sandbox.vendors.google_ads.attributes import FIELDS
from include.sandbox.vendors.google_ads.fields import METRICS, Row
from include.sandbox.vendors.google_ads.gaql import Query

AD = "ad_group_ad.ad."


def to_camel(name: str) -> str:
    """``ad_group_ad.ad.final_urls`` as ``adGroupAd.ad.finalUrls``."""
    return ".".join(_camel(part) for part in name.split("."))


def field_mask(query: Query) -> str:
    """What was selected, as the answer repeats it."""
    return ",".join(to_camel(name) for name in query.fields)


def make_teller(query: Query) -> Callable[[Row], dict[str, Any]]:
    """How a row of this query is told."""
    names = list(query.fields)
    if (query.parameters or {}).get("omit_unselected_resource_names") != "true":
        roots = {name.partition(".")[0] for name in names} | {query.resource}
        named = [f"{root}.resource_name" for root in roots]
        if any(name.startswith(AD) for name in names):
            named.append(f"{AD}resource_name")
        names = [*sorted(name for name in named if name in FIELDS), *names]
    plan = [(tuple(to_camel(name).split(".")), FIELDS[name]) for name in dict.fromkeys(names)]

    def tell(row: Row) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for path, field in plan:
            value = field.tell(row)
            if value is None:
                continue
            place = told
            for part in path[:-1]:
                place = place.setdefault(part, {})
            place[path[-1]] = value
        return told

    return tell


def sum_rows(query: Query, rows: Sequence[Row]) -> dict[str, Any]:
    """The summary row: selected metrics over all rows."""
    sums: dict[str, float] = {}
    for row in rows:
        for name, value in row.sums.items():
            sums[name] = sums.get(name, 0) + value
    whole = Row({}, sums=sums)
    told = {
        to_camel(name).removeprefix("metrics."): METRICS[name].tell(whole)
        for name in query.fields
        if name in METRICS
    }
    return {"metrics": {name: value for name, value in told.items() if value is not None}}


def _camel(word: str) -> str:
    first, *rest = word.split("_")
    return first + "".join(part.capitalize() for part in rest)
