"""What the Direct stand-in needs to know of the advertisers behind it.

The protocol code asks an :class:`AdBook` and nothing else, so whoever generates the figures can be
replaced. Money is integer micros of the account's currency without VAT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Advertiser:
    """One Direct login."""

    login: str
    client_id: int
    client_info: str
    currency: str = "RUB"
    country_id: int = 225


@dataclass(frozen=True)
class Campaign:
    """``is_wizard``: made by Campaign Wizard, so reports hide its groups, ads and criteria."""

    id: int
    name: str
    type: str
    state: str = "ON"
    status: str = "ACCEPTED"
    start_date: date = date(2024, 1, 15)
    end_date: date | None = None
    time_zone: str = "Europe/Moscow"
    counter_ids: tuple[int, ...] = ()
    tracking_params: str = ""
    is_wizard: bool = False


@dataclass(frozen=True)
class AdGroup:
    """One ad group."""

    id: int
    campaign_id: int
    name: str
    region_ids: tuple[int, ...]


@dataclass(frozen=True)
class Ad:
    """One text ad."""

    id: int
    ad_group_id: int
    campaign_id: int
    title: str
    href: str


@dataclass(frozen=True)
class Keyword:
    """One keyword; ``---autotargeting`` is a keyword too."""

    id: int
    ad_group_id: int
    campaign_id: int
    text: str


@dataclass(frozen=True)
class Facts:
    """Statistics of one Moscow day at the finest grain, one array element per row.

    ``spread`` is a stable random number per row, from which segments that the book does not model
    (age, gender, slot …) are derived, so that every segment adds up to the same total.
    """

    day: date
    campaign: NDArray[np.int64]
    """Index into the campaigns of the login."""
    ad_group_id: NDArray[np.int64]
    ad_id: NDArray[np.int64]
    keyword_id: NDArray[np.int64]
    network: NDArray[np.int64]
    device: NDArray[np.int64]
    location: NDArray[np.int64]
    spread: NDArray[np.uint64]
    impressions: NDArray[np.int64]
    clicks: NDArray[np.int64]
    cost_micros: NDArray[np.int64]
    sessions: NDArray[np.int64]
    bounces: NDArray[np.int64]
    conversions: NDArray[np.int64]
    revenue_micros: NDArray[np.int64]

    def take(self, keep: NDArray[np.bool_]) -> Facts:
        """The rows for which ``keep`` is true."""
        columns = {
            name: value[keep] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        return Facts(day=self.day, **columns)


NETWORKS = ("SEARCH", "AD_NETWORK")
DEVICES = ("DESKTOP", "MOBILE", "TABLET")
ELSEWHERE = 225
"""The whole country, for places with no number of their own."""
LOCATIONS = (
    (213, "Moscow"),
    (2, "Saint Petersburg"),
    (54, "Yekaterinburg"),
    (65, "Novosibirsk"),
    (43, "Kazan"),
    (35, "Krasnodar"),
    (ELSEWHERE, "Russia"),
)
GOALS = ("111", "222")
"""Metrica goals; :attr:`Facts.conversions` counts the first, the second is derived."""


def vat_rate_on(day: date) -> Decimal:
    """Russian VAT in per cent on a day."""
    return Decimal(22) if day >= date(2026, 1, 1) else Decimal(20)


class AdBook(Protocol):
    """The advertisers, their dictionaries, and their figures as known at any instant."""

    def advertisers(self) -> Mapping[str, Advertiser]:
        """Every login served."""
        ...

    def campaigns(self, login: str) -> Sequence[Campaign]:
        """Campaigns, archived and wizard ones included."""
        ...

    def ad_groups(self, login: str) -> Sequence[AdGroup]:
        """Ad groups of campaigns the API manages."""
        ...

    def ads(self, login: str) -> Sequence[Ad]:
        """Ads of campaigns the API manages."""
        ...

    def keywords(self, login: str) -> Sequence[Keyword]:
        """Keywords of campaigns the API manages."""
        ...

    def facts(self, login: str, day: date, as_of: datetime) -> Facts:
        """Statistics of a Moscow day as the vendor showed them at ``as_of``."""
        ...

    def changed_since(self, login: str, since: datetime, until: datetime) -> Mapping[int, date]:
        """Campaign id → earliest day whose figures at ``until`` differ from those at ``since``."""
        ...
