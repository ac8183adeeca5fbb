"""Where a visit came from, in Metrica's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

ADV_ENGINES = {
    "yandex_direct": "ya_direct",
    "google_ads": "google_adwords",
    "vk_ads": "vk_ads",
    "meta_ads": "facebook",
    "avito_ads": "avito",
}
SEARCH_ENGINES = (
    ("yandex.", "yandex", "yandex_search"),
    ("ya.ru", "yandex", "yandex_search"),
    ("google.", "google", "google"),
    ("bing.", "bing", "bing"),
    ("mail.ru", "mail_ru", "mail_ru"),
)
SOCIAL_NETWORKS = (
    ("vk.com", "vkontakte"),
    ("ok.ru", "odnoklassniki"),
    ("facebook.", "facebook"),
    ("instagram.", "instagram"),
    ("linkedin.", "linkedin"),
    ("youtube.", "youtube"),
)
MESSENGERS = (("t.me", "telegram"), ("telegram", "telegram"), ("whatsapp", "whatsapp"))
UNKNOWN_ENGINE = ("other", "other")


def traffic_source(visit: Mapping[str, Any]) -> str:
    """One of ``ad direct email internal messenger organic referral social … undefined``."""
    return visit["traffic_source"] or "undefined"


def adv_engine(visit: Mapping[str, Any]) -> str:
    """The advertising system, empty unless the source is an ad."""
    if traffic_source(visit) != "ad":
        return ""
    return ADV_ENGINES.get(visit["ad_vendor"] or "", "ya_undefined")


def referring_host(visit: Mapping[str, Any]) -> str:
    """The host of the referrer, without www."""
    host = urlsplit(visit["referrer"] or "").hostname or ""
    return host.removeprefix("www.")


def referral_source(visit: Mapping[str, Any]) -> str:
    """The site that led here, empty unless the source is a referral."""
    return referring_host(visit) if traffic_source(visit) == "referral" else ""


def search_engine(visit: Mapping[str, Any], is_root: bool) -> str:
    """The search engine of an organic visit, its family (``is_root``) or in detail."""
    if traffic_source(visit) != "organic":
        return ""
    host = referring_host(visit)
    for part, root, detailed in SEARCH_ENGINES:
        if part in host:
            return root if is_root else detailed
    return UNKNOWN_ENGINE[0 if is_root else 1]


def social_network(visit: Mapping[str, Any]) -> str:
    """The network of a social visit."""
    return _named(visit, "social", SOCIAL_NETWORKS)


def messenger(visit: Mapping[str, Any]) -> str:
    """The messenger of a visit from one."""
    return _named(visit, "messenger", MESSENGERS)


def gclid(visit: Mapping[str, Any]) -> str:
    """Google's click id."""
    return (visit["click_id"] or "") if visit["click_id_kind"] == "gclid" else ""


def is_direct_click(visit: Mapping[str, Any]) -> bool:
    """Whether the visit is a click on an ad of Yandex Direct."""
    return traffic_source(visit) == "ad" and visit["ad_vendor"] == "yandex_direct"


def _named(visit: Mapping[str, Any], source: str, known: tuple[tuple[str, str], ...]) -> str:
    if traffic_source(visit) != source:
        return ""
    host = referring_host(visit) or (visit["utm_source"] or "")
    return next((name for part, name in known if part in host), "other")
