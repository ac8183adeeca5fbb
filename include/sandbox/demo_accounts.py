"""The accounts of the demo's company at every stand-in, and the credentials that open them.

The credentials are words the stand-ins accept; they open nothing anywhere else. Which field of a
CRM holds what only its owner knows: here as everywhere a configuration says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from include.sandbox.vendors.bitrix24 import custom_fields as bitrix24_fields
from include.sandbox.vendors.callrail.book import ACCOUNT_ID as CALLRAIL_ACCOUNT
from include.sandbox.vendors.calltouch.access import SITE_ID as CALLTOUCH_SITE
from include.sandbox.vendors.ga4 import PROPERTY_ID
from include.sandbox.vendors.google_ads.access import MANAGER
from include.sandbox.vendors.moysklad.cards import DEAL_ATTRIBUTE
from include.sandbox.vendors.yandex_metrica.counters import COUNTER_IDS

TOKEN = {"password": "demo-token"}
APPLICATION = {"client_id": "demo-client", "client_secret": "demo-secret"}


@dataclass(frozen=True)
class DemoAccount:
    """One account; ``connection`` are the fields of its Airflow connection."""

    source: str
    name: str
    connection: Mapping[str, Any] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def connection_id(self) -> str:
        """Its Airflow connection."""
        return f"{self.source}_{self.name}".replace("-", "_").replace(".", "_").lower()


DEMO_ACCOUNTS: tuple[DemoAccount, ...] = (
    DemoAccount("yandex_direct", "demo-client", {"password": "client-token"}),
    DemoAccount("vk_ads", "14060551", {"extra": APPLICATION}),
    DemoAccount("avito_ads", "3017", {"extra": APPLICATION}),
    DemoAccount(
        "google_ads",
        "4081726354",
        {
            "extra": {
                "client_id": "demo-app",
                "client_secret": "demo-secret",
                "refresh_token": "demo-refresh",
            }
        },
        {"login_customer_id": MANAGER},
    ),
    DemoAccount("meta_ads", "act_1029384756", TOKEN),
    DemoAccount("yandex_metrica", str(COUNTER_IDS["ru_main"]), TOKEN, {"include_hits": False}),
    DemoAccount(
        "ga4",
        PROPERTY_ID,
        {"extra": {**APPLICATION, "refresh_token": "demo-refresh"}},
        {"client_id_dimension": "customUser:client_id", "days_per_request": 31},
    ),
    DemoAccount("calltouch", str(CALLTOUCH_SITE), TOKEN),
    DemoAccount("uis", "uralkrep", TOKEN),
    DemoAccount("callrail", CALLRAIL_ACCOUNT, TOKEN),
    DemoAccount(
        "bitrix24",
        "severmet.bitrix24.ru",
        {"login": "1", "password": "demo-webhook"},
        {
            "custom_fields": {
                "metrica_client_id": bitrix24_fields.METRICA_CLIENT,
                "ga_client_id": bitrix24_fields.GA_CLIENT,
                "click_id": bitrix24_fields.CLICK_ID,
                "lost_reason_id": bitrix24_fields.LOST_REASON,
                "first_reply_at": bitrix24_fields.FIRST_REPLY,
                "inn": f"{bitrix24_fields.PAYER_TAX_NUMBER}, {bitrix24_fields.TAX_NUMBER}",
                "kpp": bitrix24_fields.TAX_REASON_CODE,
            }
        },
    ),
    DemoAccount(
        "amocrm",
        "uralkrep",
        TOKEN,
        {
            "custom_fields": {
                "metrica_client_id": "_YM_UID",
                "ga_client_id": "GCLIENTID",
                "inn": "ИНН",
                "kpp": "КПП",
            }
        },
    ),
    DemoAccount(
        "hubspot",
        "62515",
        TOKEN,
        {
            "custom_fields": {
                "metrica_client_id": "metrica_client_id",
                "ga_client_id": "ga_client_id",
                "click_id": "click_id",
                "inn": "tax_number",
            }
        },
    ),
    DemoAccount("moysklad", "severmet", TOKEN, {"custom_fields": {"crm_deal_id": DEAL_ATTRIBUTE}}),
)
