"""How CallRail words where a visitor came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

MEDIUMS = {
    "ad": "PPC",
    "organic": "Organic",
    "direct": "Direct",
    "referral": "Referral",
    "social": "Social",
    "email": "Email",
}
SEARCH_ENGINES = {"google": "Google", "bing": "Bing", "yahoo": "Yahoo"}
OLD_MARKS = ("utma", "utmb", "utmc", "utmv", "utmx", "utmz")
CLICK_IDS = ("gclid", "fbclid", "msclkid")
MARKS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
MILESTONES = ("first_touch", "lead_created", "qualified", "last_touch")


def _name_source(visit: Mapping[str, Any], medium: str, host: str) -> str:
    if visit["ad_vendor"] == "google_ads" or visit["click_id_kind"] == "gclid":
        return "Google Ads"
    if visit["ad_vendor"] == "meta_ads" or visit["click_id_kind"] == "fbclid":
        return "Facebook Ads"
    engine = next((name for word, name in SEARCH_ENGINES.items() if word in host), "")
    if medium == "Organic":
        return f"{engine or 'Google'} Organic"
    return "Direct" if medium == "Direct" else visit["utm_source"] or host or medium


def describe_source(visit: Mapping[str, Any] | None) -> dict[str, Any]:
    """Source, marks and click ids of a visit; all null where no visitor was seen."""
    empty = (
        "source", "medium", "campaign", "keywords", "referring_url", "referrer_domain",
        "landing_page_url", "last_requested_url", "device_type", "ga",
    )  # fmt: skip
    shown: dict[str, Any] = dict.fromkeys(
        (*empty, *MARKS, *OLD_MARKS, *CLICK_IDS, "milestones"), None
    )
    if visit is None:
        return shown
    medium = MEDIUMS.get(visit["traffic_source"] or "", "Referral")
    host = urlsplit(visit["referrer"] or "").netloc
    source = _name_source(visit, medium, host)
    touch = {
        "event_date": visit["started_at"].isoformat(timespec="milliseconds"),
        "ad_position": None,
        "campaign": visit["utm_campaign"] or None,
        "device": visit["device"],
        "keywords": visit["utm_term"] or None,
        "landing": visit["entry_url"],
        "medium": medium,
        "referrer": visit["referrer"] or None,
        "session_browser": visit["browser"],
        "source": source,
    }
    return shown | {
        "source": source,
        "medium": medium,
        "campaign": visit["utm_campaign"] or None,
        "keywords": visit["utm_term"] or None,
        "referring_url": visit["referrer"] or "direct",
        "referrer_domain": host or None,
        "landing_page_url": visit["entry_url"],
        "last_requested_url": visit["entry_url"],
        "device_type": visit["device"],
        "ga": visit["ga_client_id"] or None,
        **{mark: visit[mark] or None for mark in MARKS},
        **{
            kind: visit["click_id"] if visit["click_id_kind"] == kind else None
            for kind in CLICK_IDS
        },
        "milestones": dict.fromkeys(MILESTONES, None) | {"first_touch": touch, "last_touch": touch},
    }
