"""Faults in the rows of a report: what nobody expects of a vendor.

``new_field`` adds a metric ``name`` with ``value`` to headers and rows; ``odd_value`` tells
``field`` of the first row as ``value``.
"""

from __future__ import annotations

from typing import Any

from include.sandbox.vendors.vendor import Stage


def spoil_rows(stage: Stage, vendor: str, path: str, answer: dict[str, Any]) -> None:
    """Change an answer in place, if anything is planted for this vendor and path."""
    rows = answer.get("rows") or []
    if (values := stage.faults.take("new_field", vendor, path)) is not None:
        header = {"name": str(values["name"]), "type": "TYPE_INTEGER"}
        answer["metricHeaders"] = [*answer["metricHeaders"], header]
        for row in rows:
            row["metricValues"] = [*row["metricValues"], {"value": str(values["value"])}]
    if (values := stage.faults.take("odd_value", vendor, path)) is not None and rows:
        for headers, told in (
            ("dimensionHeaders", "dimensionValues"),
            ("metricHeaders", "metricValues"),
        ):
            names = [header["name"] for header in answer.get(headers, ())]
            if values["field"] in names:
                rows[0][told][names.index(values["field"])] = {"value": str(values["value"])}
