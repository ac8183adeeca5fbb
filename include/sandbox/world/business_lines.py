"""The three business lines of the company, each with its own site, CRM and call tracker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BusinessLine:
    """One line; ``crm``, ``tracker`` and ``site`` are the values its tables carry."""

    crm: str
    tracker: str
    site: str
    host: str
    """Landing pages of its ads begin with ``https://<host>/``."""
    currency_code: str
    time_zone: str
    country: str
    share: float
    """Its part of all customers."""
    ad_vendors: tuple[str, ...]


LINES: tuple[BusinessLine, ...] = (
    BusinessLine(
        "bitrix24",
        "calltouch",
        "ru_main",
        "severmet.example",
        "RUB",
        "Europe/Moscow",
        "Россия",
        0.6,
        ("yandex_direct", "vk_ads", "avito_ads"),
    ),
    BusinessLine(
        "amocrm",
        "uis",
        "ru_second",
        "uralkrep.example",
        "RUB",
        "Asia/Yekaterinburg",
        "Россия",
        0.25,
        ("yandex_direct", "vk_ads", "avito_ads"),
    ),
    BusinessLine(
        "hubspot",
        "callrail",
        "com",
        "northbolt.example",
        "USD",
        "America/New_York",
        "United States",
        0.15,
        ("google_ads", "meta_ads"),
    ),
)

LINE_OF_CRM: dict[str, BusinessLine] = {line.crm: line for line in LINES}

REGIONS: dict[str, tuple[str, ...]] = {
    "Россия": (
        "Москва",
        "Санкт-Петербург",
        "Екатеринбург",
        "Казань",
        "Новосибирск",
        "Краснодар",
    ),
    "United States": ("New York", "Chicago", "Houston", "Atlanta", "Phoenix", "Seattle"),
}
"""Country → its regions, as ``ad_group.region``, ``ad_stats.region`` and ``visit.city`` say it."""

CHANNELS: tuple[str, ...] = (
    "paid_search",
    "display",
    "paid_social",
    "classified",
    "organic",
    "social",
    "email",
    "referral",
    "direct",
    "exhibition",
    "outbound_call",
)
"""True channels of touches and enquiries; the first four are bought from ad vendors."""
