"""A small deterministic book: eight campaigns of a B2B advertiser, tens of clicks a day each.

Every figure is a function of the seed, the login, the day and how long ago that day was: invalid
clicks are taken back and sessions arrive during the three days after it, and now and then a much
older day is corrected once more. The whole history can be asked for at any instant.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from include.sandbox.vendors.yandex_direct.ad_book import (
    Ad,
    AdGroup,
    Advertiser,
    Campaign,
    Facts,
    Keyword,
)

MOSCOW = ZoneInfo("Europe/Moscow")
SETTLED_AFTER_DAYS = 3
CORRECTION_AGE_DAYS = (5, 60)
CORRECTION_CHANCE = 0.08
ROUNDING_MICROS = 10_000

UTM = "utm_source=yandex&utm_medium=cpc&utm_campaign={campaign_id}&utm_content={ad_id}"
GROUP_NAMES = ("Насосы промышленные", "Запорная арматура", "Теплообменники")
KEYWORDS = ("купить насос промышленный", "задвижка стальная цена", "---autotargeting")
CELL_COLUMNS = ("campaign", "ad_group_id", "ad_id", "keyword_id", "network", "device", "location")
LOCATION_SHARES = (0.55, 0.22, 0.13, 0.1)
DEVICE_SHARES = (0.62, 0.35, 0.03)


class _Plan:
    """How one campaign behaves: impressions a day, click rate, click price, network shares."""

    def __init__(
        self, campaign: Campaign, impressions: float, ctr: float, cpc: float, search: float
    ) -> None:
        self.campaign = campaign
        self.impressions = impressions
        self.ctr = ctr
        self.cpc_micros = cpc * 1_000_000
        self.search_share = search


def _plans(first_id: int, scale: float) -> list[_Plan]:
    def make(offset: int, name: str, kind: str = "TEXT_CAMPAIGN", **more: object) -> Campaign:
        defaults = {"counter_ids": (1234567,), "tracking_params": UTM} | more
        return Campaign(first_id + offset, name, kind, **defaults)  # type: ignore[arg-type]

    closed = date(2026, 6, 30)
    return [
        _Plan(make(0, "Бренд | Поиск | РФ"), 260 * scale, 0.11, 38, 1.0),
        _Plan(make(5, "Насосы | Поиск | Москва"), 520 * scale, 0.055, 96, 1.0),
        _Plan(make(9, "Арматура | Поиск | Регионы"), 610 * scale, 0.048, 82, 1.0),
        _Plan(make(12, "Ретаргетинг | РСЯ"), 5200 * scale, 0.006, 21, 0.0),
        _Plan(make(17, "Теплообменники | РСЯ"), 6900 * scale, 0.0045, 18, 0.0),
        _Plan(make(21, "ЕПК | Каталог", "UNIFIED_CAMPAIGN"), 2400 * scale, 0.014, 44, 0.5),
        _Plan(
            make(26, "Мастер кампаний", "UNKNOWN", counter_ids=(), is_wizard=True),
            1500 * scale,
            0.012,
            33,
            0.4,
        ),
        _Plan(
            make(30, "Выставка 2026", state="ARCHIVED", end_date=closed), 400 * scale, 0.03, 70, 1.0
        ),
    ]


class GeneratedBook:
    """An :class:`~include.sandbox.vendors.yandex_direct.ad_book.AdBook` made from a seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._advertisers = {
            "demo-client": Advertiser("demo-client", 40100001, "Демо-клиент"),
            "demo-second": Advertiser("demo-second", 40100002, "Второй клиент"),
        }
        self._plans = {
            "demo-client": _plans(700012135, 1.0),
            "demo-second": _plans(700055101, 0.4)[:4],
        }
        self._cells = {login: self._lay_out(login) for login in self._plans}
        self._final = lru_cache(maxsize=4096)(self._draw_final)
        self._corrections = lru_cache(maxsize=8192)(self._draw_correction)

    def advertisers(self) -> Mapping[str, Advertiser]:
        """Both logins."""
        return self._advertisers

    def campaigns(self, login: str) -> Sequence[Campaign]:
        """Campaigns, archived and wizard ones included."""
        return [plan.campaign for plan in self._plans[login]]

    def ad_groups(self, login: str) -> Sequence[AdGroup]:
        """Two or three groups for each managed campaign."""
        return [
            AdGroup(
                id=campaign.id * 10 + number,
                campaign_id=campaign.id,
                name=f"{GROUP_NAMES[number]} {campaign.id % 100}",
                region_ids=(213, 2) if number == 0 else (225,),
            )
            for campaign in self.campaigns(login)
            if not campaign.is_wizard
            for number in range(2 + campaign.id % 2)
        ]

    def ads(self, login: str) -> Sequence[Ad]:
        """Two ads a group."""
        return [
            Ad(
                id=1_900_000_000 + (group.id % 1_000_000) * 10 + number,
                ad_group_id=group.id,
                campaign_id=group.campaign_id,
                title=f"{group.name} — {'со склада' if number else 'от завода'}",
                href=f"https://promo.example.ru/catalog/{group.id % 10}?{UTM}",
            )
            for group in self.ad_groups(login)
            for number in range(2)
        ]

    def keywords(self, login: str) -> Sequence[Keyword]:
        """Three keywords a group."""
        return [
            Keyword(30_000_000_000 + group.id * 10 + number, group.id, group.campaign_id, text)
            for group in self.ad_groups(login)
            for number, text in enumerate(KEYWORDS)
        ]

    def facts(self, login: str, day: date, as_of: datetime) -> Facts:
        """Statistics of a Moscow day as shown at ``as_of``; empty for days not begun."""
        local = as_of.astimezone(MOSCOW)
        age = (local.date() - day).days
        final = self._final(login, day)
        if age < 0:
            return final[0].take(np.zeros(len(final[0].clicks), dtype=bool))
        facts = self._correct(login, final[0], as_of)
        if age < SETTLED_AFTER_DAYS:
            facts = self._unsettle(facts, final[1], age, local)
        return facts.take(facts.impressions > 0)

    def changed_since(self, login: str, since: datetime, until: datetime) -> Mapping[int, date]:
        """Campaign id → earliest changed day: late settling and the rare older corrections."""
        since_day, until_day = since.astimezone(MOSCOW).date(), until.astimezone(MOSCOW).date()
        changed: dict[int, date] = {}
        if since_day < until_day:
            first = since_day - timedelta(days=SETTLED_AFTER_DAYS - 1)
        elif since.astimezone(MOSCOW).hour < until.astimezone(MOSCOW).hour:
            first = until_day
        else:
            first = until_day + timedelta(days=1)
        for plan in self._plans[login]:
            last = plan.campaign.end_date or until_day
            if first <= min(last, until_day):
                changed[plan.campaign.id] = first
        event_day = since_day
        while event_day <= until_day:
            correction = self._corrections(login, event_day)
            if correction and since < correction[0] <= until:
                campaign = self._plans[login][correction[1]].campaign
                day = correction[2]
                if campaign.end_date is None or day <= campaign.end_date:
                    changed[campaign.id] = min(day, changed.get(campaign.id, day))
            event_day += timedelta(days=1)
        return changed

    def _rng(self, *parts: object) -> np.random.Generator:
        text = "/".join(str(part) for part in parts)
        return np.random.default_rng([self._seed, zlib.crc32(text.encode())])

    def _lay_out(self, login: str) -> dict[str, np.ndarray]:
        """The cells statistics fall into: ad × network × device × location, with their weights."""
        rows: list[tuple[float, ...]] = []
        groups = self.ads(login)
        keywords = {k.ad_group_id: k.id for k in reversed(self.keywords(login))}
        for index, plan in enumerate(self._plans[login]):
            ads = [a for a in groups if a.campaign_id == plan.campaign.id]
            cells = [(a.ad_group_id, a.id, keywords[a.ad_group_id]) for a in ads] or [(0, 0, 0)]
            for group_id, ad_id, keyword_id in cells:
                for network, share in enumerate((plan.search_share, 1 - plan.search_share)):
                    for device, device_share in enumerate(DEVICE_SHARES):
                        for location, location_share in enumerate(LOCATION_SHARES):
                            weight = share * device_share * location_share / len(cells)
                            if weight > 0:
                                rows.append(
                                    (
                                        index,
                                        group_id,
                                        ad_id,
                                        keyword_id,
                                        network,
                                        device,
                                        location,
                                        weight * plan.impressions,
                                        plan.ctr,
                                        plan.cpc_micros,
                                    )
                                )
        columns = list(zip(*rows, strict=True))
        cells_by_name = {
            name: np.array(columns[place], dtype=np.int64)
            for place, name in enumerate(CELL_COLUMNS)
        }
        for place, name in enumerate(("rate", "ctr", "cpc"), start=len(CELL_COLUMNS)):
            cells_by_name[name] = np.array(columns[place], dtype=np.float64)
        cells_by_name["spread"] = self._rng(login, "spread").integers(
            0, 2**63, len(rows), dtype=np.uint64
        )
        return cells_by_name

    def _draw_final(self, login: str, day: date) -> tuple[Facts, np.ndarray]:
        """The settled figures of a day, and the invalid clicks shown before they settled."""
        cells, rng = self._cells[login], self._rng(login, day)
        alive = np.array(
            [
                plan.campaign.start_date <= day <= (plan.campaign.end_date or day)
                for plan in self._plans[login]
            ]
        )[cells["campaign"]]
        weekday = 0.35 if day.weekday() >= 5 else 1.0
        season = 1 + 0.15 * np.sin(day.toordinal() / 58)
        impressions = rng.poisson(cells["rate"] * weekday * season) * alive
        clicks = rng.binomial(impressions, cells["ctr"])
        price = cells["cpc"] * rng.lognormal(0, 0.25, len(clicks))
        cost = (clicks * price / ROUNDING_MICROS).astype(np.int64) * ROUNDING_MICROS
        sessions = rng.binomial(clicks, 0.94)
        conversions = rng.binomial(sessions, 0.03)
        invalid = rng.binomial(clicks + (rng.random(len(clicks)) < 0.15), 0.08) * alive
        facts = Facts(
            day=day,
            **{name: cells[name] for name in (*CELL_COLUMNS, "spread")},
            impressions=impressions,
            clicks=clicks,
            cost_micros=cost,
            sessions=sessions,
            bounces=rng.binomial(sessions, 0.22),
            conversions=conversions,
            revenue_micros=conversions * rng.integers(20_000, 90_000, len(clicks)) * 1_000_000,
        )
        return facts, invalid.astype(np.int64)

    def _unsettle(self, facts: Facts, invalid: np.ndarray, age: int, local: datetime) -> Facts:
        """The figures as they looked ``age`` days after the day (0 = the day still running)."""
        price = facts.cost_micros // np.maximum(facts.clicks, 1)
        price = np.maximum(price, 12_000_000) // ROUNDING_MICROS * ROUNDING_MICROS
        extra = invalid if age < 2 else invalid // 2
        arrived = (1.0, 0.85, 0.97)[age]
        shown = replace(
            facts,
            impressions=facts.impressions + extra,
            clicks=facts.clicks + extra,
            cost_micros=facts.cost_micros + extra * price,
            sessions=(facts.sessions * arrived).astype(np.int64),
            bounces=(facts.bounces * arrived).astype(np.int64),
            conversions=(facts.conversions * (0.6, 0.7, 0.9)[age]).astype(np.int64),
        )
        if age > 0:
            return shown
        share = (local.hour + 1) / 24
        partial = {
            name: (getattr(shown, name) * share).astype(np.int64)
            for name in ("impressions", "clicks", "sessions", "bounces", "conversions")
        }
        cost = np.where(
            shown.clicks > 0,
            shown.cost_micros * partial["clicks"] // np.maximum(shown.clicks, 1),
            0,
        )
        rounded = cost // ROUNDING_MICROS * ROUNDING_MICROS
        return replace(shown, cost_micros=rounded, **partial)

    def _draw_correction(self, login: str, event_day: date) -> tuple[datetime, int, date] | None:
        """The correction announced on ``event_day``: instant, campaign index, corrected day."""
        rng = self._rng(login, "correction", event_day)
        if rng.random() >= CORRECTION_CHANCE:
            return None
        at = datetime.combine(event_day, datetime.min.time(), MOSCOW)
        at += timedelta(hours=int(rng.integers(1, 23)))
        age = int(rng.integers(*CORRECTION_AGE_DAYS))
        campaign = int(rng.integers(0, len(self._plans[login])))
        return at, campaign, event_day - timedelta(days=age)

    def _correct(self, login: str, facts: Facts, as_of: datetime) -> Facts:
        """Take back a fifth of the clicks of corrected campaigns, from the correction on."""
        for age in range(*CORRECTION_AGE_DAYS):
            correction = self._corrections(login, facts.day + timedelta(days=age))
            if correction is None or correction[2] != facts.day or correction[0] > as_of:
                continue
            hit = facts.campaign == correction[1]
            clicks = np.where(hit, facts.clicks - (facts.clicks + 4) // 5, facts.clicks)
            kept = np.where(facts.clicks > 0, clicks / np.maximum(facts.clicks, 1), 0.0)
            cost = (facts.cost_micros * kept / ROUNDING_MICROS).astype(np.int64) * ROUNDING_MICROS
            sessions = np.minimum(facts.sessions, clicks)
            facts = replace(
                facts,
                clicks=clicks,
                cost_micros=cost,
                sessions=sessions,
                bounces=np.minimum(facts.bounces, sessions),
            )
        return facts
