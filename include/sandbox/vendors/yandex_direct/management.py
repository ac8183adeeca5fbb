"""The management services that name what reports only number: campaigns, ads, clients, changes.

Empty answers are not uniform, as measured on the live API: ``ads`` and ``keywords`` leave their key
out, the others give an empty list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_direct.access import Caller
from include.sandbox.vendors.yandex_direct.ad_book import (
    ELSEWHERE,
    LOCATIONS,
    AdBook,
    Advertiser,
    Campaign,
    vat_rate_on,
)
from include.sandbox.vendors.yandex_direct.enumerations import FIELD_NAMES
from include.sandbox.vendors.yandex_direct.errors import ApiError
from include.sandbox.vendors.yandex_direct.generated_book import MOSCOW

PAGE_LIMIT = 10_000
CAPS = {
    "CampaignIds": 10,
    "AdGroupIds": 1000,
    "Ids": 10_000,
    "VCardIds": 10,
    "SitelinkSetIds": 10,
}
ELEMENTS = {
    "campaigns": "SelectionCriteria FieldNames Page",
    "adgroups": "SelectionCriteria FieldNames Page",
    "ads": "SelectionCriteria FieldNames Page",
    "keywords": "SelectionCriteria FieldNames Page",
    "clients": "FieldNames",
    "agencyclients": "SelectionCriteria FieldNames Page",
    "dictionaries": "DictionaryNames",
    "changes": "CampaignIds AdGroupIds AdIds FieldNames Timestamp",
}
"""Elements of ``params``; those that end in FieldNames name fields of one kind of object."""
OBJECT_UNITS = {"campaigns": (10, 1), "adgroups": (15, 1), "ads": (15, 1), "keywords": (15, 1)}
FLAT_UNITS = 10
MAX_CHECKED_CAMPAIGNS = 3000
TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Answered:
    """The result element and what it cost."""

    result: Mapping[str, Any]
    units: int


class Management:
    """Answers calls of callers already let in; refusals are raised as :class:`ApiError`."""

    def __init__(self, stage: Stage, book: AdBook) -> None:
        self._stage = stage
        self._book = book
        self.services: dict[tuple[str, str], Callable[[Caller, Mapping[str, Any]], Answered]] = {
            ("campaigns", "get"): self._get_campaigns,
            ("adgroups", "get"): self._get_ad_groups,
            ("ads", "get"): self._get_ads,
            ("keywords", "get"): self._get_keywords,
            ("clients", "get"): self._get_clients,
            ("agencyclients", "get"): self._get_agency_clients,
            ("dictionaries", "get"): self._get_dictionaries,
            ("changes", "check"): self._check_changes,
        }

    def answer(self, service: str, document: Any, caller: Caller) -> Answered:
        """Run one call; 8000 for an envelope that is wrong, 55 for an unknown method."""
        if not isinstance(document, dict) or not isinstance(document.get("params"), dict):
            raise ApiError(8000, "The required field params is omitted")
        method = document.get("method")
        if not isinstance(method, str):
            raise ApiError(8000, "The required field method is omitted")
        serve = self.services.get((service, method))
        if serve is None:
            raise ApiError(55, f"The method {service}.{method} is not supported")
        params = document["params"]
        for element in params:
            if element not in ELEMENTS[service].split() and not element.endswith("FieldNames"):
                raise ApiError(8000, f"Unknown parameter {element}")
        return serve(caller, params)

    def _knob(self, name: str, default: Any) -> Any:
        return self._stage.knobs.get(f"yandex_direct.{name}", default)

    def _listed_campaigns(self, login: str) -> list[Campaign]:
        with_wizard = self._knob("wizard_listed", True)
        return [c for c in self._book.campaigns(login) if with_wizard or not c.is_wizard]

    def _get_campaigns(self, caller: Caller, params: Mapping[str, Any]) -> Answered:
        criteria = _criteria(params, ("Ids", "Types", "States", "Statuses", "StatusesPayment"))
        chosen = [
            c
            for c in self._listed_campaigns(caller.login)
            if c.id in _wanted(criteria, "Ids", c.id)
            and c.state in _wanted(criteria, "States", c.state)
            and c.type in _wanted(criteria, "Types", c.type)
            and c.status in _wanted(criteria, "Statuses", c.status)
        ]
        owner = self._book.advertisers()[caller.login]
        rows = [_campaign_row(c, owner, params) for c in chosen]
        return self._page("campaigns", "Campaigns", rows, params)

    def _get_ad_groups(self, caller: Caller, params: Mapping[str, Any]) -> Answered:
        criteria = _criteria(params, ("Ids", "CampaignIds", "Types", "Statuses"), needs_one=True)
        rows = [
            {
                "Id": g.id,
                "CampaignId": g.campaign_id,
                "Name": g.name,
                "Status": "ACCEPTED",
                "ServingStatus": "ELIGIBLE",
                "Type": "TEXT_AD_GROUP",
                "Subtype": "NONE",
                "RegionIds": list(g.region_ids),
                "TrackingParams": None,
            }
            for g in self._book.ad_groups(caller.login)
            if g.id in _wanted(criteria, "Ids", g.id)
            and g.campaign_id in _wanted(criteria, "CampaignIds", g.campaign_id)
        ]
        return self._page("adgroups", "AdGroups", _project("adgroups", rows, params), params)

    def _get_ads(self, caller: Caller, params: Mapping[str, Any]) -> Answered:
        criteria = _criteria(
            params,
            (
                *("Ids", "CampaignIds", "AdGroupIds", "States", "Statuses", "Types", "Mobile"),
                *("VCardIds", "SitelinkSetIds"),
            ),
            needs_one=True,
        )
        text_fields = params.get("TextAdFieldNames") or []
        rows = []
        for ad in self._book.ads(caller.login):
            if (
                ad.id not in _wanted(criteria, "Ids", ad.id)
                or ad.campaign_id not in _wanted(criteria, "CampaignIds", ad.campaign_id)
                or ad.ad_group_id not in _wanted(criteria, "AdGroupIds", ad.ad_group_id)
                or criteria.get("VCardIds")
                or criteria.get("SitelinkSetIds")
            ):
                continue
            row = {
                "Id": ad.id,
                "CampaignId": ad.campaign_id,
                "AdGroupId": ad.ad_group_id,
                "State": "ON",
                "Status": "ACCEPTED",
                "Type": "TEXT_AD",
                "Subtype": "NONE",
            }
            text = {
                "Title": ad.title,
                "Title2": None,
                "Text": ad.title,
                "Href": ad.href,
                "FinalUrl": ad.href.replace("{campaign_id}", str(ad.campaign_id)).replace(
                    "{ad_id}", str(ad.id)
                ),
                "Mobile": "NO",
            }
            shown = _project("ads", [row], params)[0]
            if text_fields:
                shown["TextAd"] = {name: text.get(name) for name in text_fields}
            rows.append(shown)
        return self._page("ads", "Ads", rows, params, key_when_empty=False)

    def _get_keywords(self, caller: Caller, params: Mapping[str, Any]) -> Answered:
        criteria = _criteria(params, ("Ids", "CampaignIds", "AdGroupIds", "States"), needs_one=True)
        rows = [
            {
                "Id": k.id,
                "CampaignId": k.campaign_id,
                "AdGroupId": k.ad_group_id,
                "Keyword": k.text,
                "State": "ON",
                "Status": "ACCEPTED",
                "ServingStatus": "ELIGIBLE",
            }
            for k in self._book.keywords(caller.login)
            if k.id in _wanted(criteria, "Ids", k.id)
            and k.campaign_id in _wanted(criteria, "CampaignIds", k.campaign_id)
            and k.ad_group_id in _wanted(criteria, "AdGroupIds", k.ad_group_id)
        ]
        projected = _project("keywords", rows, params)
        return self._page("keywords", "Keywords", projected, params, key_when_empty=False)

    def _get_clients(self, caller: Caller, params: Mapping[str, Any]) -> Answered:
        rows = [self._client_row(self._book.advertisers()[caller.login])]
        return Answered({"Clients": _project("clients", rows, params)}, FLAT_UNITS)

    def _get_agency_clients(self, caller: Caller, params: Mapping[str, Any]) -> Answered:
        if not caller.is_agency:
            raise ApiError(54, "The service is for agencies only")
        _criteria(params, ("Logins", "Archived"))
        rows = [self._client_row(a) for a in self._book.advertisers().values()]
        projected = _project("clients", rows, params)
        return self._page("agencyclients", "Clients", projected, params)

    def _client_row(self, owner: Advertiser) -> dict[str, Any]:
        today = self._stage.clock.now().astimezone(MOSCOW).date()
        return {
            "Login": owner.login,
            "ClientId": owner.client_id,
            "Currency": owner.currency,
            "CountryId": owner.country_id,
            "VatRate": float(vat_rate_on(today)),
            "ClientInfo": owner.client_info,
            "Type": "CLIENT",
            "Archived": "NO",
        }

    def _get_dictionaries(self, caller: Caller, params: Mapping[str, Any]) -> Answered:
        names = params.get("DictionaryNames")
        if not names:
            raise ApiError(8000, "The required field DictionaryNames is omitted")
        regions = [
            (number, name, *(("Country", 0) if number == ELSEWHERE else ("City", ELSEWHERE)))
            for number, name in LOCATIONS
        ]
        known: dict[str, list[dict[str, Any]]] = {
            "GeoRegions": [
                {
                    "GeoRegionId": number,
                    "GeoRegionName": name,
                    "GeoRegionType": kind,
                    "ParentId": parent,
                }
                for number, name, kind, parent in regions
            ],
            "TimeZones": [
                {"TimeZone": "Europe/Moscow", "TimeZoneName": "Moscow", "UtcOffset": 10800}
            ],
            "Currencies": [{"Currency": "RUB", "Properties": []}],
        }
        for name in names:
            if name not in known:
                raise ApiError(8000, f"DictionaryNames holds the unknown name {name}")
        return Answered({name: known[name] for name in names}, FLAT_UNITS)

    def _check_changes(self, caller: Caller, params: Mapping[str, Any]) -> Answered:
        ids, fields = params.get("CampaignIds") or [], params.get("FieldNames") or []
        if not ids or not fields or not params.get("Timestamp"):
            raise ApiError(8000, "CampaignIds, FieldNames and Timestamp are required")
        if len(ids) > MAX_CHECKED_CAMPAIGNS:
            raise ApiError(4001, f"No more than {MAX_CHECKED_CAMPAIGNS} CampaignIds are allowed")
        try:
            since = datetime.strptime(params["Timestamp"], TIMESTAMP).replace(tzinfo=UTC)
        except (TypeError, ValueError):
            raise ApiError(8000, "Timestamp must look like 2026-05-28T00:00:00Z") from None
        now = self._stage.clock.now()
        known = {c.id for c in self._listed_campaigns(caller.login)}
        modified: dict[str, Any] = {}
        if "CampaignsStat" in fields:
            changed = self._book.changed_since(caller.login, since, now)
            stats = [
                {"CampaignId": campaign, "BorderDate": changed[campaign].isoformat()}
                for campaign in ids
                if campaign in changed and campaign in known
            ]
            if stats:
                modified["CampaignsStat"] = stats
        missing = [campaign for campaign in ids if campaign not in known]
        return Answered(
            {
                "Modified": modified,
                "NotFound": {"CampaignIds": missing} if missing else {},
                "Timestamp": now.strftime(TIMESTAMP),
            },
            FLAT_UNITS,
        )

    def _page(
        self,
        service: str,
        key: str,
        rows: Sequence[Mapping[str, Any]],
        params: Mapping[str, Any],
        key_when_empty: bool = True,
    ) -> Answered:
        """Cut one page; ``LimitedBy`` is there only when more objects follow."""
        page = params.get("Page") or {}
        most = int(self._knob("page_limit", PAGE_LIMIT))
        limit, offset = page.get("Limit", most), page.get("Offset", 0)
        if not isinstance(limit, int) or not 1 <= limit <= PAGE_LIMIT or offset < 0:
            raise ApiError(4001, f"Page.Limit must be 1 to {PAGE_LIMIT}, Page.Offset not negative")
        end = offset + min(limit, most)
        shown = list(rows[offset:end])
        result: dict[str, Any] = {key: shown} if shown or key_when_empty else {}
        if end < len(rows):
            result["LimitedBy"] = end
        fixed, each = OBJECT_UNITS.get(service, (FLAT_UNITS, 0))
        return Answered(result, fixed + each * len(shown))


def _criteria(
    params: Mapping[str, Any], allowed: Iterable[str], needs_one: bool = False
) -> Mapping[str, Any]:
    criteria = params.get("SelectionCriteria")
    if criteria is None:
        criteria = {}
    for element, values in criteria.items():
        if element not in allowed:
            raise ApiError(8000, f"Unknown parameter SelectionCriteria.{element}")
        cap = CAPS.get(element)
        if cap is not None and len(values) > cap:
            raise ApiError(4001, f"No more than {cap} {element} are allowed")
    if needs_one and not any(criteria.get(element) for element in CAPS):
        raise ApiError(4001, f"SelectionCriteria needs one of {', '.join(CAPS)}")
    return criteria


def _wanted(criteria: Mapping[str, Any], element: str, default: Any) -> Sequence[Any]:
    return criteria.get(element) or (default,)


def _project(
    service: str, rows: Sequence[Mapping[str, Any]], params: Mapping[str, Any]
) -> list[dict[str, Any]]:
    names = params.get("FieldNames")
    if not names:
        raise ApiError(8000, "The required field FieldNames is omitted")
    for name in names:
        if name not in FIELD_NAMES[service]:
            raise ApiError(8000, f"FieldNames holds the unknown field {name}")
    return [{name: row.get(name) for name in names} for row in rows]


def _campaign_row(c: Campaign, owner: Advertiser, params: Mapping[str, Any]) -> dict[str, Any]:
    full = {
        "Id": c.id,
        "Name": c.name,
        "Type": c.type,
        "Status": c.status,
        "State": c.state,
        "StatusPayment": "ALLOWED",
        "StartDate": c.start_date.isoformat(),
        "EndDate": c.end_date.isoformat() if c.end_date else None,
        "Currency": owner.currency,
        "ClientInfo": owner.client_info,
        "TimeZone": c.time_zone,
        "DailyBudget": None,
    }
    row = _project("campaigns", [full], params)[0]
    for kind, structure in (("TEXT_CAMPAIGN", "TextCampaign"), ("UNIFIED_CAMPAIGN", "Unified")):
        names = params.get(f"{structure.removesuffix('Campaign')}CampaignFieldNames")
        if c.type != kind or not names:
            continue
        inner = {
            "CounterIds": {"Items": list(c.counter_ids)} if c.counter_ids else None,
            "AttributionModel": "LSCCD",
            "TrackingParams": c.tracking_params or None,
        }
        row[f"{structure.removesuffix('Campaign')}Campaign"] = {n: inner.get(n) for n in names}
    return row
