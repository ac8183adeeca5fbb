"""The page views of visits, and the fields of ``source=hits``.

A world keeps visits only: their page views follow from them, spread evenly over the visit, the
entry page first; goals are reached and purchases made on the last page. A hit has no visit id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from include.sandbox.vendors.yandex_metrica import sources
from include.sandbox.vendors.yandex_metrica.cells import write_numbers, write_texts, write_times
from include.sandbox.vendors.yandex_metrica.identifiers import to_user_hash, to_watch_id
from include.sandbox.vendors.yandex_metrica.places import (
    city_name,
    country_code,
    device_category,
)
from include.sandbox.vendors.yandex_metrica.purchase_fields import write_hit_purchases
from include.sandbox.vendors.yandex_metrica.purchases import Purchase
from include.sandbox.vendors.yandex_metrica.technology import CONSTANT_FIELDS
from include.sandbox.vendors.yandex_metrica.visit_rows import Row, VisitRows, query_value
from include.sandbox.vendors.yandex_metrica.visits import start_of_day, to_micros


@dataclass(frozen=True)
class Hit:
    """One page view of the visit ``row``; ``page`` counts from 0."""

    row: Row
    page: int
    viewed: int
    url: str
    referer: str
    is_last: bool
    purchases: Sequence[Purchase] = ()


class HitRows:
    """The hits of the days ``first`` to ``last`` among those of some visits."""

    def __init__(self, visits: VisitRows, first: date, last: date) -> None:
        self.visits = visits
        zone = visits.counter.zone
        self._begin = start_of_day(first, zone)
        self._end = start_of_day(last + timedelta(days=1), zone)

    @cached_property
    def hits(self) -> list[Hit]:
        """Hits of those days that have happened, by time."""
        limit = to_micros(self.visits.as_of)
        found = []
        for row, start, pages, purchases in zip(
            self.visits.rows,
            self.visits.started,
            self.visits.pages,
            self.visits.purchases,
            strict=True,
        ):
            step = (row["duration_seconds"] or 0) * 1_000_000 // len(pages)
            for page, url in enumerate(pages):
                viewed = start + step * page
                if self._begin <= viewed < self._end and viewed <= limit:
                    referer = pages[page - 1] if page else (row["referrer"] or "")
                    is_last = page == len(pages) - 1
                    bought = purchases if is_last else ()
                    found.append(Hit(row, page, viewed, url, referer, is_last, bought))
        return sorted(found, key=lambda hit: (hit.viewed, hit.row["visit_id"], hit.page))

    @cached_property
    def local_times(self) -> list[str]:
        """When each hit happened, in the counter's zone."""
        zone_name = self.visits.counter.zone_name
        return write_times([hit.viewed for hit in self.hits], zone_name)


HitField = Callable[[HitRows], list[str]]


def _plain(read: Callable[[Hit], object]) -> HitField:
    return lambda hits: [str(read(hit)) for hit in hits.hits]


def _text(column: str) -> HitField:
    return _plain(lambda hit: hit.row[column] or "")


def _constant(cell: str) -> HitField:
    return lambda hits: [cell] * len(hits.hits)


def _title(hit: Hit) -> str:
    path = hit.url.split("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return path.replace("-", " ").capitalize()


HIT_FIELDS: Mapping[str, HitField] = {
    "watchID": _plain(lambda hit: to_watch_id(hit.row["visit_id"], hit.page)),
    "pageViewID": _plain(lambda hit: (hit.row["visit_id"] * 31 + hit.page) % (1 << 32)),
    "counterID": lambda h: [str(h.visits.counter.counter_id)] * len(h.hits),
    "clientID": _plain(lambda hit: hit.row["metrica_client_id"]),
    "counterUserIDHash": lambda h: [
        str(to_user_hash(hit.row["metrica_client_id"], h.visits.counter.counter_id))
        for hit in h.hits
    ],
    "date": lambda h: [moment[:10] for moment in h.local_times],
    "dateTime": lambda h: h.local_times,
    "title": _plain(_title),
    "goalsID": _plain(lambda hit: write_numbers(hit.row["goal_ids"] if hit.is_last else ())),
    "URL": _plain(lambda hit: hit.url),
    "referer": _plain(lambda hit: hit.referer),
    **{
        f"UTM{part.capitalize()}": _plain(
            lambda hit, name=f"utm_{part}": query_value(hit.url, name)
        )
        for part in ("source", "medium", "campaign", "content", "term")
    },
    **{f"openstat{part}": _constant("") for part in ("Ad", "Campaign", "Service", "Source")},
    "from": _plain(lambda hit: query_value(hit.url, "from")),
    "hasGCLID": _plain(lambda hit: int("gclid=" in hit.url)),
    "GCLID": _plain(lambda hit: query_value(hit.url, "gclid")),
    "lastTrafficSource": _plain(lambda hit: sources.traffic_source(hit.row)),
    "lastSearchEngineRoot": _plain(lambda hit: sources.search_engine(hit.row, True)),
    "lastSearchEngine": _plain(lambda hit: sources.search_engine(hit.row, False)),
    "lastAdvEngine": _plain(lambda hit: sources.adv_engine(hit.row)),
    "lastSocialNetwork": _plain(lambda hit: sources.social_network(hit.row)),
    "lastSocialNetworkProfile": _constant(""),
    "recommendationSystem": _constant(""),
    "messenger": _plain(lambda hit: sources.messenger(hit.row)),
    "isPageView": _constant("1"),
    **{name: _constant("0") for name in ("link", "download", "notBounce", "artificial", "iFrame")},
    "ecommerce": _plain(lambda hit: write_hit_purchases(hit.purchases)),
    "params": _plain(
        lambda hit: f'{{"user_id":"{hit.row["user_id"]}"}}' if hit.row["user_id"] else ""
    ),
    "parsedParamsKey1": _plain(lambda hit: write_texts(["user_id"] if hit.row["user_id"] else [])),
    "parsedParamsKey2": _plain(lambda hit: write_texts(filter(None, [hit.row["user_id"]]))),
    **{f"parsedParamsKey{level}": _constant("[]") for level in range(3, 11)},
    **{name: _constant(cell) for name, cell in CONSTANT_FIELDS.items()},
    "pageCharset": _constant("utf-8"),
    "isTurboPage": _constant("0"),
    "isTurboApp": _constant("0"),
    "httpError": _constant(""),
    "ipAddress": _text("ip"),
    "regionCountry": _plain(lambda hit: country_code(hit.row["country"] or "")),
    "regionCity": _plain(lambda hit: city_name(hit.row["city"] or "")),
    "deviceCategory": _plain(lambda hit: device_category(hit.row["device"] or "")),
    "browser": _text("browser"),
    "operatingSystem": _text("os"),
    "operatingSystemRoot": _text("os"),
    "clientTimeZone": lambda h: [h.visits.zone_minutes] * len(h.hits),
    **{f"share{part}": _constant("") for part in ("Service", "URL", "Title")},
}
"""Field without ``ym:pv:`` → its cells."""
