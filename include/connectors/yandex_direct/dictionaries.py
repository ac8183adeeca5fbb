"""Ad groups and ads: the names and addresses behind the numbers in reports.

Each object costs a point, so they are listed once in a while and not on every run. Campaigns the
API does not manage have none here. Objects of at most ten campaigns come in one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from include.connectors._paging import OffsetPage, walk_offsets
from include.connectors.protocol import RequestRefused
from include.connectors.yandex_direct.schema import AD, AD_GROUP, AD_GROUP_SCHEMA, AD_SCHEMA

CAMPAIGNS_PER_CALL = 10
PAGE_LIMIT = 10_000
Call = Callable[[str, str, Mapping[str, Any]], dict[str, Any]]
"""Service, method, params → result."""


@dataclass(frozen=True)
class Dictionary:
    """One service and how its objects become rows."""

    service: str
    key: str
    params: Mapping[str, Sequence[str]]
    """Elements that name fields."""
    schema: pa.Schema
    fields: Mapping[str, str]
    """Column → field; ``*.B`` is B inside of whichever structure the kind of object has."""


_AD_TEXTS = ("TextAd", "TextImageAd", "ResponsiveAd")
DICTIONARIES: Mapping[str, Dictionary] = {
    AD_GROUP: Dictionary(
        service="adgroups",
        key="AdGroups",
        params={
            "FieldNames": [
                *("Id", "CampaignId", "Name", "Type", "Status", "ServingStatus", "TrackingParams")
            ]
        },
        schema=AD_GROUP_SCHEMA,
        fields={
            "ad_group_id": "Id",
            "campaign_id": "CampaignId",
            "ad_group_name": "Name",
            "ad_group_type": "Type",
            "ad_group_status": "Status",
            "serving_status": "ServingStatus",
            "tracking_params": "TrackingParams",
        },
    ),
    AD: Dictionary(
        service="ads",
        key="Ads",
        params={
            "FieldNames": ["Id", "CampaignId", "AdGroupId", "State", "Status", "Type"],
            "TextAdFieldNames": ["Title", "Href", "FinalUrl"],
            "TextImageAdFieldNames": ["Href"],
            "ResponsiveAdFieldNames": ["Href"],
        },
        schema=AD_SCHEMA,
        fields={
            "ad_id": "Id",
            "campaign_id": "CampaignId",
            "ad_group_id": "AdGroupId",
            "ad_type": "Type",
            "ad_state": "State",
            "ad_status": "Status",
            "title": "*.Title",
            "href": "*.Href",
            "final_url": "*.FinalUrl",
        },
    ),
}


def read_objects(
    name: str, account: str, campaign_ids: Sequence[int], call: Call
) -> Iterator[pa.RecordBatch]:
    """A batch for each answer; an object that moved to another page meanwhile comes once."""
    wanted = DICTIONARIES[name]
    seen: set[int] = set()
    for start in range(0, len(campaign_ids), CAMPAIGNS_PER_CALL):
        chosen = list(campaign_ids[start : start + CAMPAIGNS_PER_CALL])

        def read_page(offset: int, chosen: Sequence[int] = chosen) -> OffsetPage[Mapping[str, Any]]:
            params = {
                "SelectionCriteria": {"CampaignIds": chosen},
                "Page": {"Limit": PAGE_LIMIT, "Offset": offset},
            }
            result = call(wanted.service, "get", params | dict(wanted.params))
            return OffsetPage(result.get(wanted.key, []), result.get("LimitedBy"))

        rows = []
        for item in walk_offsets(read_page):
            if item["Id"] not in seen:
                seen.add(item["Id"])
                rows.append(_row_of(item, wanted, account))
        if rows:
            yield pa.RecordBatch.from_pylist(rows, schema=wanted.schema)


def _row_of(item: Mapping[str, Any], wanted: Dictionary, account: str) -> dict[str, Any]:
    row: dict[str, Any] = {"account_id": account}
    for column, field in wanted.fields.items():
        is_inner = field.startswith("*.")
        if not is_inner and field not in item:
            raise RequestRefused(
                f"Yandex Direct no longer tells {field} in {wanted.service}.get of {account}; the "
                "API has changed, compare the connector with the vendor's documentation"
            )
        value = _inner(item, field[2:]) if is_inner else item[field]
        if value is None and pa.types.is_string(wanted.schema.field(column).type):
            value = ""
        row[column] = value
    return row


def _inner(item: Mapping[str, Any], field: str) -> Any:
    """From whichever structure this kind of ad has."""
    for structure in _AD_TEXTS:
        inside = item.get(structure)
        if inside and inside.get(field) is not None:
            return inside[field]
    return None
