"""What the property can be asked: the metadata, and which fields go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.sandbox.vendors.ga4.compatibility import find_clash
from include.sandbox.vendors.ga4.dimensions import DIMENSIONS
from include.sandbox.vendors.ga4.measures import MEASURES, make_measure
from include.sandbox.vendors.ga4.request import require_dimension
from include.sandbox.vendors.ga4.wire import read_enum, read_items


def _describe_dimension(name: str) -> dict[str, Any]:
    ui_name, category, _ = DIMENSIONS[name]
    shown = {
        "apiName": name,
        "uiName": ui_name,
        "description": f"{ui_name} of the {category.lower()} group.",
        "category": category,
    }
    return shown | ({"customDefinition": True} if name.startswith("customUser:") else {})


def _describe_metric(name: str) -> dict[str, Any]:
    measure = MEASURES[name]
    return {
        "apiName": name,
        "uiName": measure.ui_name,
        "description": f"{measure.ui_name} of the {measure.category.lower()} group.",
        "type": measure.kind,
        "category": measure.category,
    }


def describe_metadata(property_id: str, has_custom: bool) -> dict[str, Any]:
    """Every field; those of the property's own definition only where it is asked by its id."""
    return {
        "dimensions": [
            _describe_dimension(name)
            for name in DIMENSIONS
            if has_custom or not name.startswith("customUser:")
        ],
        "metrics": [_describe_metric(name) for name in MEASURES],
        "name": f"properties/{property_id}/metadata",
    }


def check_compatibility(body: Mapping[str, Any]) -> dict[str, Any]:
    """For every field, whether adding it to the request keeps it answerable."""
    asked = [str(item.get("name", "")) for item in read_items(body, "dimensions")]
    for name in asked:
        require_dimension(name)
    names = [str(item.get("name", "")) for item in read_items(body, "metrics")]
    measures = {name: make_measure(name) for name in names}
    wanted = body.get("compatibilityFilter")
    kind = read_enum("Compatibility", wanted) if wanted else ""

    def judge(dimensions: list[str], metrics: Mapping[str, Any]) -> str:
        return "INCOMPATIBLE" if find_clash(dimensions, metrics) else "COMPATIBLE"

    dimensions = [
        {
            "dimensionMetadata": _describe_dimension(name),
            "compatibility": judge([*asked, name], measures),
        }
        for name in DIMENSIONS
    ]
    metrics = [
        {
            "metricMetadata": _describe_metric(name),
            "compatibility": judge(asked, {**measures, name: measure}),
        }
        for name, measure in MEASURES.items()
    ]
    return {
        "dimensionCompatibilities": [i for i in dimensions if kind in ("", i["compatibility"])],
        "metricCompatibilities": [i for i in metrics if kind in ("", i["compatibility"])],
    }
