"""The accounts of the demo's company at every stand-in, and the credentials that open them.

The credentials are words the stand-ins accept; they open nothing anywhere else. Which field of a
CRM holds what only its owner knows: here as everywhere a configuration says it. Everything is
written out: who imports this must not reach the world behind the stand-ins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN = {"password": "demo-token"}
APPLICATION = {"client_id": "demo-client", "client_secret": "demo-secret"}
AGENCY = {"client_id": "demo-agency", "client_secret": "demo-secret"}


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

    @property
    def credentials(self) -> dict[str, str]:
        """What the connection gives a connector, as the plugin's adapter hands it over."""
        named = {"login": self.connection.get("login"), "token": self.connection.get("password")}
        given = {name: text for name, text in named.items() if text}
        return {**self.connection.get("extra", {}), **given}


DEMO_ACCOUNTS: tuple[DemoAccount, ...] = (
    DemoAccount("yandex_direct", "demo-client", {"password": "client-token"}),
    DemoAccount("yandex_direct", "demo-second", TOKEN),
    DemoAccount("vk_ads", "14060551", {"extra": APPLICATION}),
    DemoAccount("vk_ads", "14060983", {"extra": {**AGENCY, "agency_client_id": "14060983"}}),
    DemoAccount("avito_ads", "3017", {"extra": APPLICATION}),
    DemoAccount("avito_ads", "3022", {"extra": APPLICATION}),
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
        {"login_customer_id": "1112223333"},
    ),
    DemoAccount("meta_ads", "act_1029384756", TOKEN),
    DemoAccount("yandex_metrica", "44147844", TOKEN, {"include_hits": False}),
    DemoAccount("yandex_metrica", "44147901", TOKEN, {"include_hits": False}),
    DemoAccount(
        "ga4",
        "384211507",
        {"extra": {**APPLICATION, "refresh_token": "demo-refresh"}},
        {"client_id_dimension": "customUser:client_id", "days_per_request": 31},
    ),
    DemoAccount("calltouch", "40001", TOKEN, {"requests_per_second": 5}),
    DemoAccount("uis", "uralkrep", TOKEN, {"requests_per_minute": 600}),
    DemoAccount("callrail", "ACC2507d93140377277966fccdcb3ad90e2", TOKEN),
    DemoAccount(
        "bitrix24",
        "severmet.bitrix24.ru",
        {"login": "1", "password": "demo-webhook"},
        {
            "custom_fields": {
                "metrica_client_id": "UF_CRM_1713790573",
                "ga_client_id": "UF_CRM_1713790574",
                "click_id": "UF_CRM_1713790575",
                "lost_reason_id": "UF_CRM_1713790576",
                "first_reply_at": "UF_CRM_1713790577",
                "inn": "UF_CRM_SMART_INVOICE_1713790590, UF_CRM_1713790580",
                "kpp": "UF_CRM_1713790581",
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
    DemoAccount(
        "moysklad",
        "severmet",
        TOKEN,
        {"custom_fields": {"crm_deal_id": "41e115d4-245f-5cd2-83b9-89c873bedfc5"}},
    ),
)
