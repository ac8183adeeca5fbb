"""The campaigns each business line runs with each vendor, as its marketer would list them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CampaignPlan:
    """One campaign; ``since`` and ``until`` are fractions of the world's span."""

    name: str
    slug: str
    path: str
    weight: float
    """Its part of the channel's money, relative to its neighbours'."""
    keywords: tuple[str, ...] = ()
    since: float = 0.0
    until: float = 1.0


@dataclass(frozen=True)
class AccountPlan:
    """One account; ``channels`` maps what is bought to the campaigns buying it.

    The first campaign of a channel runs all the time, so that a channel is never without one.
    """

    crm: str
    vendor: str
    account_id: str
    name: str
    time_zone: str
    utm_source: str
    utm_medium: str
    names_campaigns_in_utm: bool
    """``utm_campaign`` is the campaign's slug; its id otherwise."""
    channels: dict[str, tuple[CampaignPlan, ...]]


METAL_SEARCH = (
    CampaignPlan(
        "Металлопрокат | Поиск | РФ",
        "metall_search",
        "catalog/metall",
        0.4,
        ("купить металлопрокат", "арматура цена за тонну", "швеллер оптом"),
    ),
    CampaignPlan(
        "Бренд | Поиск",
        "brand_search",
        "",
        0.1,
        ("севермет", "севермет официальный сайт"),
    ),
    CampaignPlan(
        "Трубы | Поиск | РФ",
        "truby_search",
        "catalog/truby",
        0.35,
        ("труба профильная оптом", "труба стальная цена", "труба вгп купить"),
    ),
    CampaignPlan(
        "Нержавейка | Поиск | новый сезон",
        "nerzh_search",
        "catalog/nerzhaveyka",
        0.15,
        ("лист нержавеющий цена", "круг нержавеющий купить"),
        since=0.3,
    ),
)
FASTENER_SEARCH = (
    CampaignPlan(
        "Крепёж | Поиск",
        "krep_search",
        "catalog/krepezh",
        0.6,
        ("купить крепёж оптом", "болты высокопрочные", "анкер химический цена"),
    ),
    CampaignPlan(
        "Метизы | Поиск", "metizy_search", "catalog/metizy", 0.4, ("метизы оптом", "гайки ту")
    ),
)
BOLT_SEARCH = (
    CampaignPlan(
        "Search | Structural bolts",
        "us_bolts_search",
        "products/structural-bolts",
        0.6,
        ("structural bolts supplier", "a325 bolts bulk", "anchor bolts wholesale"),
    ),
    CampaignPlan(
        "Search | Brand", "us_brand_search", "", 0.1, ("northbolt", "northbolt fasteners")
    ),
    CampaignPlan(
        "Search | Stainless",
        "us_stainless_search",
        "products/stainless",
        0.3,
        ("stainless fasteners bulk", "316 bolts price"),
        since=0.25,
    ),
)


def _display(slug: str, path: str) -> tuple[CampaignPlan, ...]:
    return (
        CampaignPlan("РСЯ | Ретаргетинг", f"{slug}_rsya_retarget", path, 0.55),
        CampaignPlan("РСЯ | Похожие на клиентов", f"{slug}_rsya_lookalike", path, 0.35),
        CampaignPlan("РСЯ | Акция квартала", f"{slug}_rsya_promo", "promo", 0.3, until=0.6),
    )


def _social(slug: str, path: str) -> tuple[CampaignPlan, ...]:
    return (
        CampaignPlan("ВК | Снабженцы и прорабы", f"{slug}_vk_interests", path, 0.5),
        CampaignPlan("ВК | База клиентов", f"{slug}_vk_base", path, 0.25),
        CampaignPlan("ВК | Новинки", f"{slug}_vk_new", "new", 0.25, since=0.2, until=0.85),
    )


def _classified(slug: str, path: str) -> tuple[CampaignPlan, ...]:
    return (
        CampaignPlan("Авито | Медийная", f"{slug}_avito_media", path, 0.7),
        CampaignPlan("Авито | Категория Стройматериалы", f"{slug}_avito_category", path, 0.3),
    )


ACCOUNTS: tuple[AccountPlan, ...] = (
    AccountPlan(
        "bitrix24",
        "yandex_direct",
        "demo-client",
        "Севермет",
        "Europe/Moscow",
        "yandex",
        "cpc",
        False,
        {"paid_search": METAL_SEARCH, "display": _display("severmet", "catalog/metall")},
    ),
    AccountPlan(
        "bitrix24",
        "vk_ads",
        "14060551",
        "Севермет",
        "Europe/Moscow",
        "vk",
        "cpc",
        False,
        {"paid_social": _social("severmet", "catalog/metall")},
    ),
    AccountPlan(
        "bitrix24",
        "avito_ads",
        "3017",
        "Севермет",
        "Europe/Moscow",
        "avito",
        "cpm",
        True,
        {"classified": _classified("severmet", "catalog/truby")},
    ),
    AccountPlan(
        "amocrm",
        "yandex_direct",
        "demo-second",
        "Уралкреп",
        "Europe/Moscow",
        "yandex",
        "cpc",
        True,
        {"paid_search": FASTENER_SEARCH, "display": _display("uralkrep", "catalog/krepezh")},
    ),
    AccountPlan(
        "amocrm",
        "vk_ads",
        "14060983",
        "Уралкреп",
        "Europe/Moscow",
        "vkontakte",
        "social",
        False,
        {"paid_social": _social("uralkrep", "catalog/krepezh")},
    ),
    AccountPlan(
        "amocrm",
        "avito_ads",
        "3022",
        "Уралкреп",
        "Europe/Moscow",
        "avito",
        "cpm",
        True,
        {"classified": _classified("uralkrep", "catalog/metizy")},
    ),
    AccountPlan(
        "hubspot",
        "google_ads",
        "4081726354",
        "Northbolt",
        "America/New_York",
        "google",
        "cpc",
        True,
        {
            "paid_search": BOLT_SEARCH,
            "display": (
                CampaignPlan("Display | Remarketing", "us_display_rmk", "products", 0.7),
                CampaignPlan("Display | In-market", "us_display_inmarket", "products", 0.3),
            ),
        },
    ),
    AccountPlan(
        "hubspot",
        "meta_ads",
        "act_1029384756",
        "Northbolt",
        "America/Los_Angeles",
        "facebook",
        "paid_social",
        True,
        {
            "paid_social": (
                CampaignPlan("Meta | Contractors", "us_meta_contractors", "products", 0.6),
                CampaignPlan("Meta | Lookalike", "us_meta_lal", "products", 0.4, since=0.1),
            )
        },
    ),
)
"""Meta's account was opened on the other coast: its days end three hours after Google's."""

CLICK_ID_KIND = {
    "yandex_direct": "yclid",
    "vk_ads": "rb_clickid",
    "google_ads": "gclid",
    "meta_ads": "fbclid",
    "avito_ads": "",
}
FIRST_IDS = {
    "yandex_direct": (700_012_130, 5_400_100_200, 1_900_100_300, 30_500_000_400),
    "vk_ads": (11_250_300, 61_840_500, 152_300_700, 900_000_100),
    "google_ads": (21_450_300_100, 161_200_300_400, 702_300_400_500, 330_100_200),
    "meta_ads": (120_210_000_000_100_100, 120_210_000_000_500_100, 120_210_000_000_900_100, 1),
    "avito_ads": (77_010, 101_300, 201_500, 1),
}
"""First campaign, group, ad and keyword id of each vendor; each has ranges of its own."""
AD_TITLES = {
    "Россия": ("Со склада за день", "Цены завода, отгрузка с НДС"),
    "United States": ("In stock, ships today", "Mill prices, certified"),
}
