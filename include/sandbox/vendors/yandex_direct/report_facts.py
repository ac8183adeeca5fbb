"""The finest statistics as one Arrow table with the segments a report asks for.

Segments the book does not model (age, gender, slot …) are read off each row's stable random
number, so whatever is asked for, the same rows add up to the same total.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa

from include.sandbox.vendors.yandex_direct.ad_book import (
    DEVICES,
    GOALS,
    LOCATIONS,
    NETWORKS,
    AdBook,
    Facts,
    vat_rate_on,
)
from include.sandbox.vendors.yandex_direct.fields import HIDDEN_FOR_WIZARD

DERIVED_SEGMENTS: Mapping[str, tuple[str, ...]] = {
    "AdFormat": ("TEXT", "IMAGE", "ADAPTIVE_IMAGE"),
    "Age": ("AGE_18_24", "AGE_25_34", "AGE_35_44", "AGE_45_54", "AGE_55", "UNKNOWN"),
    "CarrierType": ("CELLULAR", "STATIONARY"),
    "ClickType": ("TITLE", "SITELINK1", "CALL"),
    "ExternalNetworkName": ("--",),
    "Gender": ("GENDER_MALE", "GENDER_FEMALE", "UNKNOWN"),
    "IncomeGrade": ("VERY_HIGH", "HIGH", "ABOVE_AVERAGE", "OTHER"),
    "MatchType": ("KEYWORD", "SYNONYM", "NONE"),
    "MatchedKeyword": ("насос промышленный", "задвижка"),
    "MobilePlatform": ("ANDROID", "IOS", "OTHER"),
    "Placement": ("yandex.ru", "dzen.ru", "avito.ru"),
    "Query": ("купить насос для скважины", "задвижка ду 100 цена", "теплообменник пластинчатый"),
    "Slot": ("PREMIUMBLOCK", "ALONE", "OTHER"),
    "TargetingCategory": ("EXACT", "ALTERNATIVE", "BROADER", "UNKNOWN"),
}
SMART_IMPRESSIONS = "_SmartImpressions"
"""Those of SMART_CAMPAIGN rows: with criteria the vendor prints a dash for them."""
MODEL_DROPS = {"LC": 0, "AUTO": 0, "LSCCD": 4, "FCCD": 3}
"""One row in so many loses its conversions under this attribution model; 0 loses none."""


def collect_facts(
    book: AdBook,
    login: str,
    days: Sequence[date],
    as_of: datetime,
    segments: Sequence[str],
    goals: Sequence[tuple[str, str]],
    with_vat: bool,
) -> pa.Table:
    """Segments named in ``segments`` and every summable figure, one row per finest row."""
    describe = _Describer(book, login)
    tables = []
    for day in days:
        facts = book.facts(login, day, as_of)
        columns = {name: describe.segment(name, facts) for name in segments}
        columns |= {k: pa.array(v) for k, v in _figures(facts, goals, with_vat).items()}
        columns[SMART_IMPRESSIONS] = pa.array(describe.smart_impressions(facts))
        tables.append(pa.table(columns))
    return pa.concat_tables(tables) if tables else pa.table({})


class _Describer:
    """Gives any segment of the matrix for rows of one login."""

    def __init__(self, book: AdBook, login: str) -> None:
        self._login = login
        self._campaigns = list(book.campaigns(login))
        self._group_names = {g.id: g.name for g in book.ad_groups(login)}
        self._keywords = {k.id: k.text for k in book.keywords(login)}
        self._wizard = np.array([c.is_wizard for c in self._campaigns], dtype=bool)
        self._smart = np.array([c.type == "SMART_CAMPAIGN" for c in self._campaigns], dtype=bool)

    def smart_impressions(self, facts: Facts) -> np.ndarray:
        """Impressions of smart campaigns, 0 for other rows."""
        return facts.impressions * self._smart[facts.campaign]

    def segment(self, name: str, facts: Facts) -> pa.Array:
        """One value per row."""
        hidden = self._wizard[facts.campaign] if name in HIDDEN_FOR_WIZARD else None
        if name in DERIVED_SEGMENTS:
            values = DERIVED_SEGMENTS[name]
            place = (facts.spread >> np.uint64(len(name))) % np.uint64(len(values))
            return pa.array(values).take(pa.array(place))
        return self._modelled(name, facts, hidden)

    def _modelled(self, name: str, facts: Facts, hidden: np.ndarray | None) -> pa.Array:
        def campaign(read: Callable[[int], object]) -> pa.Array:
            values = pa.array([read(index) for index in range(len(self._campaigns))])
            return values.take(pa.array(facts.campaign))

        def one_of(values: Sequence[object], place: np.ndarray) -> pa.Array:
            return pa.array(values).take(pa.array(place))

        def named(names: Mapping[int, str], ids: np.ndarray) -> pa.Array:
            return pa.array([names.get(i) for i in ids.tolist()], pa.string())

        makers: dict[str, Callable[[], pa.Array]] = {
            "CampaignId": lambda: campaign(lambda i: self._campaigns[i].id),
            "CampaignName": lambda: campaign(lambda i: self._campaigns[i].name),
            "CampaignType": lambda: campaign(lambda i: self._campaigns[i].type),
            "CampaignUrlPath": lambda: campaign(lambda _: None).cast(pa.string()),
            "AdGroupId": lambda: pa.array(facts.ad_group_id, mask=hidden),
            "AdGroupName": lambda: named(self._group_names, facts.ad_group_id),
            "AdId": lambda: pa.array(facts.ad_id, mask=hidden),
            "AdNetworkType": lambda: one_of(NETWORKS, facts.network),
            "Device": lambda: one_of(DEVICES, facts.device),
            "ClientLogin": lambda: pa.array([self._login] * len(facts.clicks), pa.string()),
            "CriterionId": lambda: pa.array(facts.keyword_id, mask=hidden),
            "CriteriaId": lambda: pa.array(facts.keyword_id, mask=facts.keyword_id == 0),
            "Keyword": lambda: named(self._keywords, facts.keyword_id),
        }
        for family in ("Criterion", "Criteria"):
            makers[family] = makers["Keyword"]
            makers[f"{family}Type"] = lambda: pa.array(["KEYWORD"] * len(facts.clicks), pa.string())
        for place in ("LocationOfPresence", "TargetingLocation"):
            makers[f"{place}Id"] = lambda: one_of([i for i, _ in LOCATIONS], facts.location)
            makers[f"{place}Name"] = lambda: one_of([n for _, n in LOCATIONS], facts.location)
        if name in ("Date", "Week", "Month", "Quarter", "Year"):
            return pa.array([_period(name, facts.day)] * len(facts.clicks), pa.string())
        if name in makers:
            return makers[name]()
        return pa.nulls(len(facts.clicks), pa.int64())


def _period(name: str, day: date) -> str:
    """The first day of the period, as the vendor prints it; a year is its number."""
    first = {
        "Date": day,
        "Week": day - timedelta(days=day.weekday()),
        "Month": day.replace(day=1),
        "Quarter": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "Year": day,
    }[name]
    return str(first.year) if name == "Year" else first.isoformat()


def _figures(
    facts: Facts, goals: Sequence[tuple[str, str]], with_vat: bool
) -> Mapping[str, np.ndarray]:
    cost = facts.cost_micros
    if with_vat:
        cost = cost * (100 + int(vat_rate_on(facts.day))) // 100
    spread = (facts.spread % np.uint64(1000)).astype(np.int64)
    figures = {
        "Impressions": facts.impressions,
        "Clicks": facts.clicks,
        "Cost": cost,
        "Sessions": facts.sessions,
        "Bounces": facts.bounces,
        "Conversions": facts.conversions + facts.conversions // 2,
        "Revenue": facts.revenue_micros,
        "WeightedImpressions": facts.impressions * 4 // 5,
        "_Bid": cost * 13 // 10,
        "_Pageviews": facts.sessions * 3 - facts.bounces * 2,
        "_ClickPositions": facts.clicks * (1 + spread % 3),
        "_ImpressionPositions": facts.impressions * (1 + spread % 4),
        "_TrafficVolume": facts.impressions * (40 + spread % 60),
    }
    for goal, model in goals:
        drop = MODEL_DROPS[model]
        kept = np.ones(len(spread), dtype=bool) if drop == 0 else spread % drop != 0
        share = {GOALS[0]: 1, GOALS[1]: 2}.get(goal, 0)
        counted = facts.conversions // share if share else np.zeros_like(facts.conversions)
        counted = counted * kept
        figures[f"Conversions_{goal}_{model}"] = counted
        figures[f"Revenue_{goal}_{model}"] = np.where(counted > 0, facts.revenue_micros, 0)
    return figures
