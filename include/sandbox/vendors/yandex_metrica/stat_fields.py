"""Dimensions and metrics of the reporting API over visits.

A dimension's value is an object: ``name`` always, ``id`` where the vendor has one. Names of
traffic sources and devices come in the language asked for.
"""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from include.sandbox.vendors.yandex_metrica import sources
from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.vendors.yandex_metrica.places import city_name, country_code
from include.sandbox.vendors.yandex_metrica.purchases import MICROS
from include.sandbox.vendors.yandex_metrica.visit_rows import Row, VisitRows, entry_url
from include.sandbox.vendors.yandex_metrica.visits import ATTRIBUTIONS

Value = dict[str, Any]

SOURCE_NAMES = {
    "ad": ("Ad traffic", "Переходы по рекламе"),
    "organic": ("Search engine traffic", "Переходы из поисковых систем"),
    "direct": ("Direct traffic", "Прямые заходы"),
    "referral": ("Link traffic", "Переходы по ссылкам на сайтах"),
    "social": ("Social network traffic", "Переходы из социальных сетей"),
    "email": ("Mailing traffic", "Переходы с почтовых рассылок"),
    "messenger": ("Messenger traffic", "Переходы из мессенджеров"),
    "internal": ("Internal traffic", "Внутренние переходы"),
    "saved": ("Cached page traffic", "Переходы с сохранённых страниц"),
}
DEVICE_NAMES = {
    "desktop": ("PC", "ПК"),
    "mobile": ("Smartphones", "Смартфоны"),
    "tablet": ("Tablets", "Планшеты"),
}
WEEKDAYS = (
    ("Monday", "Понедельник"),
    ("Tuesday", "Вторник"),
    ("Wednesday", "Среда"),
    ("Thursday", "Четверг"),
    ("Friday", "Пятница"),
    ("Saturday", "Суббота"),
    ("Sunday", "Воскресенье"),
)
PREFIX = re.compile(
    "(" + "|".join(sorted(ATTRIBUTIONS.values(), key=len, reverse=True)) + ")", re.IGNORECASE
)


def _named(value: str | None) -> Value:
    return {"name": value or None}


def _translated(value: str, names: Mapping[str, tuple[str, str]], is_russian: bool) -> Value:
    return {"id": value, "name": names.get(value, (value, value))[is_russian]}


SOURCE_DIMENSIONS: Mapping[str, Callable[[VisitRows, Row, bool], Value]] = {
    "TrafficSource": lambda _, row, ru: _translated(sources.traffic_source(row), SOURCE_NAMES, ru),
    "SourceEngine": lambda _, row, ru: _named(
        sources.adv_engine(row)
        or sources.search_engine(row, False)
        or sources.social_network(row)
        or sources.messenger(row)
        or sources.referral_source(row)
    ),
    "AdvEngine": lambda _, row, ru: _named(sources.adv_engine(row)),
    "SearchEngineRoot": lambda _, row, ru: _named(sources.search_engine(row, True)),
    "SearchEngine": lambda _, row, ru: _named(sources.search_engine(row, False)),
    "SocialNetwork": lambda _, row, ru: _named(sources.social_network(row)),
    "Messenger": lambda _, row, ru: _named(sources.messenger(row)),
    "ReferalSource": lambda _, row, ru: _named(sources.referral_source(row)),
    "SearchPhrase": lambda _, row, ru: _named(None),
    **{
        f"UTM{part.capitalize()}": lambda _, row, ru, column=f"utm_{part}": _named(row[column])
        for part in ("source", "medium", "campaign", "content", "term")
    },
    "DirectClickOrder": lambda visits, row, ru: (
        {
            "id": str(row["campaign_id"]),
            "name": visits.campaign_names.get(row["campaign_id"], str(row["campaign_id"])),
        }
        if sources.is_direct_click(row)
        else _named(None)
    ),
}


def _first_day(unit: str, moment: str) -> Value:
    """The first day of the month or week of a moment."""
    day = date.fromisoformat(moment[:10])
    back = day.day - 1 if unit == "month" else day.weekday()
    return {"name": (day - timedelta(days=back)).isoformat()}


OWN_DIMENSIONS: Mapping[str, Callable[[Row, str, bool], Value]] = {
    "date": lambda _, moment, ru: {"name": moment[:10]},
    "dateTime": lambda _, moment, ru: {"name": moment},
    "hour": lambda _, moment, ru: {"id": moment[11:13], "name": f"{moment[11:13]}:00"},
    "startOfWeek": lambda _, moment, ru: _first_day("week", moment),
    "startOfMonth": lambda _, moment, ru: _first_day("month", moment),
    "dayOfWeek": lambda _, moment, ru: {
        "id": str(date.fromisoformat(moment[:10]).isoweekday()),
        "name": WEEKDAYS[date.fromisoformat(moment[:10]).weekday()][ru],
    },
    "startURL": lambda row, _, ru: _named(entry_url(row)),
    "startURLPath": lambda row, _, ru: _named(urlsplit(entry_url(row)).path),
    "startURLDomain": lambda row, _, ru: _named(urlsplit(entry_url(row)).hostname),
    "regionArea": lambda row, _, ru: _named(None),
    "referer": lambda row, _, ru: _named(row["referrer"]),
    "deviceCategory": lambda row, _, ru: _translated(row["device"] or "", DEVICE_NAMES, ru),
    "browser": lambda row, _, ru: _named(row["browser"]),
    "operatingSystem": lambda row, _, ru: _named(row["os"]),
    "regionCountry": lambda row, _, ru: {
        "iso_name": country_code(row["country"] or ""),
        "name": row["country"] or None,
    },
    "regionCity": lambda row, _, ru: _named(
        (row["city"] or "") if ru else city_name(row["city"] or "")
    ),
    "clientID": lambda row, _, ru: {"name": str(row["metrica_client_id"])},
}


@dataclass
class Sum:
    """What is added up of one group of visits."""

    visits: int = 0
    pages: int = 0
    bounces: int = 0
    seconds: int = 0
    new: int = 0
    any_goal: int = 0
    reaches: Tally[int] = field(default_factory=Tally)
    goal_visits: Tally[int] = field(default_factory=Tally)
    users: set[int] = field(default_factory=set)
    purchases: int = 0
    revenue_micros: int = 0

    def add(self, row: Row, is_new: bool, goals: list[int], bought: Sequence[int]) -> None:
        """Count one visit, the goals it reached and what was ``bought`` (micros)."""
        self.visits += 1
        self.pages += max(row["page_views"] or 1, 1)
        self.bounces += bool(row["is_bounce"])
        self.seconds += row["duration_seconds"] or 0
        self.new += is_new
        self.any_goal += bool(goals)
        self.reaches.update(goals)
        self.goal_visits.update(set(goals))
        self.users.add(row["metrica_client_id"])
        self.purchases += len(bought)
        self.revenue_micros += sum(bought)

    def add_hit(self, row: Row) -> None:
        """Count one page view of a visit."""
        self.pages += 1
        self.users.add(row["metrica_client_id"])


def _ratio(part: float, whole: float, factor: float = 100.0) -> float:
    return factor * part / whole if whole else 0.0


METRICS: Mapping[str, Callable[[Sum], float]] = {
    "ym:s:visits": lambda total: total.visits,
    "ym:s:pageviews": lambda total: total.pages,
    "ym:pv:pageviews": lambda total: total.pages,
    "ym:s:users": lambda total: len(total.users),
    "ym:pv:users": lambda total: len(total.users),
    "ym:s:newUsers": lambda total: total.new,
    "ym:s:bounceRate": lambda total: _ratio(total.bounces, total.visits),
    "ym:s:pageDepth": lambda total: _ratio(total.pages, total.visits, 1.0),
    "ym:s:avgVisitDurationSeconds": lambda total: _ratio(total.seconds, total.visits, 1.0),
    "ym:s:percentNewVisitors": lambda total: _ratio(total.new, len(total.users)),
    "ym:s:sumGoalReachesAny": lambda total: sum(total.reaches.values()),
    "ym:s:ecommercePurchases": lambda total: total.purchases,
    "ym:s:ecommerceRevenue": lambda total: total.revenue_micros / MICROS,
    "ym:s:anyGoalConversionRate": lambda total: _ratio(total.any_goal, total.visits),
}
GOAL_METRIC = re.compile(r"ym:s:goal(\d+)(visits|reaches|conversionRate)")


def read_metric(name: str) -> Callable[[Sum], float]:
    """The figure of a metric; 400 for a name nobody knows."""
    if name in METRICS:
        return METRICS[name]
    match = GOAL_METRIC.fullmatch(name)
    if match is None:
        raise ApiError("invalid_parameter", f"Unknown metric: {name}", "metrics")
    goal, kind = int(match[1]), match[2]
    if kind == "visits":
        return lambda total: total.goal_visits[goal]
    if kind == "reaches":
        return lambda total: total.reaches[goal]
    return lambda total: _ratio(total.goal_visits[goal], total.visits)


def read_dimension(
    name: str, visits: VisitRows, attribution: str, is_russian: bool, location: str = "dimensions"
) -> list[Value]:
    """The value of a dimension for every visit; 400 for a name nobody knows.

    ``…Name`` is the same dimension, to be filtered by its name; a source without a model
    (``trafficSource``) is of the query's.
    """
    kind, _, plain = name.rpartition(":")
    if plain.removesuffix("Name") in OWN_DIMENSIONS:
        plain = plain.removesuffix("Name")
    if kind == "ym:s" and plain in OWN_DIMENSIONS:
        read = OWN_DIMENSIONS[plain]
        return [
            read(row, moment, is_russian)
            for row, moment in zip(visits.rows, visits.local_times, strict=True)
        ]
    if kind == "ym:s" and plain == "isNewUser":
        new = [visits.visits.is_first_visit(position) for position in visits.positions]
        return [{"id": "yes" if each else "no", "name": "yes" if each else "no"} for each in new]
    prefix = attribution
    if plain.startswith("<attribution>"):
        plain = plain.removeprefix("<attribution>")
    elif (match := PREFIX.match(plain)) is not None:
        prefix, plain = match[1].lower(), plain[match.end() :]
    if plain not in SOURCE_DIMENSIONS:
        plain = plain[:1].upper() + plain[1:].removesuffix("Name")
    if kind != "ym:s" or plain not in SOURCE_DIMENSIONS:
        raise ApiError("invalid_parameter", f"Unknown dimension: {name}", location)
    show = SOURCE_DIMENSIONS[plain]
    return [show(visits, row, is_russian) for row in visits.sources(prefix)]
