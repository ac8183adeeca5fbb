"""Rows of an answer: entities, with their figures where the query asks for any.

Without segments every entity has a row, zeros included; with segments rows whose selected metrics
are all zero are left out. Entities of every status are returned unless filtered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from include.sandbox.vendors.ad_cabinet import Cabinet, read_accounts, read_cabinet
from include.sandbox.vendors.google_ads.access import MANAGER
from include.sandbox.vendors.google_ads.attributes import FIELDS, channel
from include.sandbox.vendors.google_ads.clicks import read_clicks
from include.sandbox.vendors.google_ads.errors import refuse_query
from include.sandbox.vendors.google_ads.facts import GROUPED, IDENTITIES, Fact, read_facts
from include.sandbox.vendors.google_ads.fields import (
    CONVERSION_ACTIONS,
    CORE_DATE_SEGMENTS,
    Field,
    Row,
)
from include.sandbox.vendors.google_ads.gaql import Condition, Query
from include.sandbox.vendors.google_ads.periods import (
    COMPARE,
    asked_days,
    choose_days,
    make_day_test,
)
from include.sandbox.vendors.google_ads.places import PLACES
from include.sandbox.vendors.google_ads.rules import check_days, is_metric_query, is_segmented
from include.sandbox.world.world import World

FACT_ONLY = (
    "geographic_view",
    "user_location_view",
    "detail_placement_view",
    "group_placement_view",
)
"""Resources that exist only where something was shown."""
MANAGER_ROW = {
    "id": int(MANAGER),
    "name": "Demo manager",
    "currency_code": "USD",
    "time_zone": "America/New_York",
    "is_manager": True,
}
Test = Callable[[Row], bool]


def make_customer(account_id: str, account: Mapping[str, Any]) -> dict[str, Any]:
    """What attributes of a customer are read from."""
    return {**account, "id": int(account_id.replace("-", "")), "is_manager": False}


def collect_rows(
    world: World, account_id: str | None, query: Query, as_of: datetime
) -> Sequence[Row]:
    """Every row of a checked query, filtered, sorted and limited; no account is the manager."""
    source = _Source(world, account_id, query, as_of)
    tests = [_make_test(c) for c in query.conditions if c.field not in CORE_DATE_SEGMENTS]
    rows = [row for row in source.rows() if all(test(row) for test in tests)]
    if is_segmented(query):
        rows = _drop_zeros(rows, query)
    for name, falls in reversed(query.order_by):
        rows.sort(key=lambda row, r=FIELDS[name].read: _sort_key(r(row)), reverse=falls)
    return rows[: query.limit] if query.limit is not None else rows


class _Source:
    """All rows of one query before its filters on anything but days."""

    def __init__(self, world: World, account_id: str | None, query: Query, as_of: datetime) -> None:
        self._world = world
        self._query = query
        self._as_of = as_of
        self.customer: Mapping[str, Any] = MANAGER_ROW
        self._cabinet: Cabinet | None = None
        accounts = read_accounts(world, "google_ads")
        if account_id is not None:
            self.customer = make_customer(account_id, accounts[account_id])
        self._zone = ZoneInfo(self.customer["time_zone"] or "UTC")
        self._today = as_of.astimezone(self._zone).date()
        if account_id is not None:
            self._cabinet = read_cabinet(world, "google_ads", account_id, self._today)

    def rows(self) -> Iterator[Row]:
        """Rows in the order of ids."""
        query = self._query
        check_days(query, asked_days(query.conditions, self._today), self._today)
        if query.resource == "click_view":
            yield from self._clicks()
        elif query.resource in FACT_ONLY or is_metric_query(query):
            yield from self._with_figures()
        else:
            yield from self._entities()

    def _days(self) -> tuple[date, date] | None:
        return choose_days(self._query.conditions, self._world.starts_on, self._today)

    def _clicks(self) -> Iterator[Row]:
        days = self._days()
        if days is not None and self._cabinet is not None:
            clicks = read_clicks(self._world, self._cabinet, days[0], self._as_of)
            for segments, keys, extra in clicks:
                yield self._row(keys, extra, segments, {"clicks": 1, "impressions": 1})

    def _with_figures(self) -> Iterator[Row]:
        facts = self._facts()
        if self._query.resource in FACT_ONLY or is_segmented(self._query):
            for fact in facts:
                yield self._row(fact.keys, self._extra(fact), fact.segments, fact.sums)
            return
        identity = IDENTITIES[self._query.resource]
        found = {tuple(fact.keys[key] for key in identity): fact.sums for fact in facts}
        for row in self._entities():
            key = tuple(_key_of(row, name) for name in identity)
            sums = found.get(key, {})
            yield Row(row.customer, row.campaign, row.ad_group, row.ad, row.keyword, sums=sums)

    def _facts(self) -> Iterator[Fact]:
        days = self._days()
        if days is None or self._cabinet is None:
            return iter(())
        query = self._query
        tests = [
            make_day_test(condition, self._today)
            for condition in query.conditions
            if condition.field in CORE_DATE_SEGMENTS
        ]
        names = [*query.fields, *(c.field for c in query.conditions)]
        names += [name for name, _ in query.order_by]
        extra = []
        if any(name.startswith(("campaign.", "ad_group.")) for name in names):
            extra.append("campaign_id")
        if any(name.startswith("ad_group.") for name in names):
            extra.append("ad_group_id")
        selected = [n.removeprefix("segments.") for n in query.fields if n.startswith("segments.")]
        return read_facts(
            self._world,
            self._cabinet,
            days,
            self._as_of,
            lambda day: all(test(day) for test in tests),
            query.resource,
            extra if query.resource in FACT_ONLY else (),
            selected,
        )

    @staticmethod
    def _extra(fact: Fact) -> dict[str, Any]:
        return {
            "country_id": fact.keys.get("country"),
            "placement": fact.keys.get("placement"),
            "location_type": "LOCATION_OF_PRESENCE",
        }

    def _row(
        self,
        keys: Mapping[str, Any],
        extra: Mapping[str, Any],
        segments: Mapping[str, Any],
        sums: Mapping[str, float],
    ) -> Row:
        cabinet = self._cabinet
        if cabinet is None:
            return Row(self.customer)
        return Row(
            self.customer,
            cabinet.campaigns.get(keys.get("campaign_id", 0), {}),
            cabinet.ad_groups.get(keys.get("ad_group_id", 0), {}),
            cabinet.ads.get(keys.get("ad_id", 0), {}),
            cabinet.keywords.get(keys.get("keyword_id", 0), {}),
            extra,
            segments,
            sums,
        )

    def _entities(self) -> Iterator[Row]:
        resource, cabinet = self._query.resource, self._cabinet
        if resource == "customer":
            yield Row(self.customer)
        elif resource == "customer_client":
            yield from self._clients()
        elif resource == "geo_target_constant":
            for place in sorted(PLACES.values(), key=lambda place: place.id):
                yield Row(self.customer, extra={"place": place})
        elif resource == "conversion_action" and cabinet is not None:
            for number, name, category, _ in CONVERSION_ACTIONS:
                extra = {"id": number, "name": name, "category": category}
                yield Row(self.customer, extra=extra)
        elif cabinet is not None:
            yield from self._tree(resource, cabinet)

    def _tree(self, resource: str, cabinet: Cabinet) -> Iterator[Row]:
        def keeps(campaign: Mapping[str, Any]) -> bool:
            is_hidden = channel(campaign) == "PERFORMANCE_MAX"
            return not (is_hidden and (resource in GROUPED or resource == "ad_group_criterion"))

        if resource in ("campaign", "campaign_budget"):
            for campaign in cabinet.campaigns.values():
                yield Row(self.customer, campaign)
            return
        below: Mapping[int, Mapping[str, Any]] = cabinet.ad_groups
        if resource == "ad_group_ad":
            below = cabinet.ads
        elif resource in ("ad_group_criterion", "keyword_view"):
            below = cabinet.keywords
        for one in below.values():
            group = cabinet.ad_groups[one["ad_group_id"]]
            campaign = cabinet.campaigns[group["campaign_id"]]
            if keeps(campaign):
                ad = one if below is cabinet.ads else {}
                keyword = one if below is cabinet.keywords else {}
                yield Row(self.customer, campaign, group, ad, keyword)

    def _clients(self) -> Iterator[Row]:
        own = {**self.customer, "level": 0, "status": "ENABLED"}
        yield Row(self.customer, extra=own)
        if self._cabinet is None:
            for account_id, account in read_accounts(self._world, "google_ads").items():
                client = make_customer(account_id, account)
                yield Row(self.customer, extra={**client, "level": 1, "status": "ENABLED"})


def _key_of(row: Row, name: str) -> Any:
    parts = {
        "campaign_id": row.campaign,
        "ad_group_id": row.ad_group,
        "ad_id": row.ad,
        "keyword_id": row.keyword,
    }
    return parts[name].get(name)


def _drop_zeros(rows: Sequence[Row], query: Query) -> list[Row]:
    metrics = [FIELDS[name] for name in query.fields if name.startswith("metrics.")]
    readers = [metric.read for metric in metrics or [FIELDS["metrics.impressions"]]]
    return [row for row in rows if any(read(row) for read in readers)]


def _make_test(condition: Condition) -> Test:
    """Whether a row passes a condition on anything but days."""
    field, how, values = FIELDS[condition.field], condition.operator, condition.values
    if how in ("IS NULL", "IS NOT NULL"):
        return lambda row: (field.read(row) is None) == (how == "IS NULL")
    if how.startswith("CONTAINS"):
        return _make_list_test(field, how.removeprefix("CONTAINS "), set(values))
    if how.endswith(("LIKE", "REGEXP_MATCH")):
        pattern = _make_pattern(how, values[0])
        wanted = not how.startswith("NOT")
        return lambda row: bool(pattern.fullmatch(str(field.read(row) or ""))) == wanted
    typed = [_read_value(field, value) for value in values]
    if how in ("IN", "NOT IN"):
        return lambda row: (field.read(row) in typed) == (how == "IN")
    if how == "BETWEEN":
        return lambda row: (
            (value := field.read(row)) is not None and (typed[0] <= value <= typed[1])
        )
    compare = COMPARE[how]

    def passes(row: Row) -> bool:
        value = field.read(row)
        return value is not None and compare(value, typed[0])

    return passes


def _make_list_test(field: Field, kind: str, wanted: set[str]) -> Test:
    tests: dict[str, Callable[[set[str]], bool]] = {
        "ANY": lambda held: bool(held & wanted),
        "ALL": lambda held: held >= wanted,
        "NONE": lambda held: not held & wanted,
    }
    return lambda row: tests[kind](set(field.read(row) or ()))


def _make_pattern(how: str, text: str) -> re.Pattern[str]:
    if how.endswith("LIKE"):
        parts = [".*" if c == "%" else "." if c == "_" else re.escape(c) for c in text]
        return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    try:
        return re.compile(text)
    except re.error:
        raise refuse_query("INVALID_STRING_VALUE", f"'{text}' is no regular expression.") from None


def _read_value(field: Field, text: str) -> Any:
    if field.data_type in ("INT64", "INT32", "DOUBLE"):
        return float(text)
    if field.data_type == "BOOLEAN":
        return text.upper() == "TRUE"
    return text


def _sort_key(value: Any) -> tuple[bool, Any]:
    """What has no value comes first, as it compares with nothing."""
    return value is not None, 0 if value is None else value
