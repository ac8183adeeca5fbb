"""The four tables a drop folder can fill, and what each of their columns is made of.

A reader would get wrong that ``account_id``, ``extra``, ``file_name`` and ``line_number`` are set
by the connector and ``currency_code`` and ``vat_basis`` by keys of their own: a mapping's
``columns`` name the other columns only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from include.connectors.protocol import Resource, ResourceFacts

TEXT = pa.string()
DAY = pa.date32()
INSTANT = pa.timestamp("us", "UTC")
MONEY = pa.decimal128(18, 2)
COUNT = pa.uint64()
EXTRA = pa.map_(pa.string(), pa.string())

SET_BY_CONNECTOR = frozenset({"account_id", "extra", "file_name", "line_number"})
SET_BY_OWN_KEY = {"currency_code": "currency", "vat_basis": "vat_basis"}
PERSONAL_COLUMNS = frozenset({"phone", "email", "person_name"})
STATUSES = ("won", "lost", "open")
VAT_BASES = ("net", "gross", "none", "unknown")


@dataclass(frozen=True)
class Entity:
    """One kind of record a file may hold."""

    resource: Resource
    required: tuple[str, ...]
    """Columns a mapping must fill and a row may not leave empty."""
    has_money: bool
    """Whether a mapping must state currency and VAT basis."""

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the raw table."""
        return self.resource.schema

    @property
    def mappable(self) -> tuple[str, ...]:
        """Columns a mapping's ``columns`` may name, in table order."""
        taken = SET_BY_CONNECTOR | SET_BY_OWN_KEY.keys()
        return tuple(name for name in self.schema.names if name not in taken)


def _schema(*columns: tuple[str, pa.DataType, bool]) -> pa.Schema:
    framed = (
        ("account_id", TEXT, False),
        *columns,
        ("extra", EXTRA, False),
        ("file_name", TEXT, False),
        ("line_number", COUNT, False),
    )
    return pa.schema([pa.field(name, kind, nullable=null) for name, kind, null in framed])


_LEAD = _schema(
    ("lead_id", TEXT, False),
    ("created_date", DAY, True),
    ("created_at", INSTANT, True),
    ("source_label", TEXT, True),
    ("landing_page", TEXT, True),
    ("utm_source", TEXT, True),
    ("utm_medium", TEXT, True),
    ("utm_campaign", TEXT, True),
    ("utm_content", TEXT, True),
    ("utm_term", TEXT, True),
    ("click_id", TEXT, True),
    ("phone", TEXT, True),
    ("email", TEXT, True),
    ("person_name", TEXT, True),
    ("company_name", TEXT, True),
    ("currency_code", TEXT, False),
)
_DEAL = _schema(
    ("deal_id", TEXT, False),
    ("lead_id", TEXT, True),
    ("customer_id", TEXT, True),
    ("status", TEXT, False),
    ("created_at", INSTANT, True),
    ("closed_at", INSTANT, True),
    ("amount", MONEY, True),
    ("currency_code", TEXT, False),
    ("vat_basis", TEXT, False),
    ("phone", TEXT, True),
    ("email", TEXT, True),
)
_CUSTOMER_REVENUE = _schema(
    ("customer_id", TEXT, False),
    ("revenue_amount", MONEY, True),
    ("currency_code", TEXT, False),
    ("vat_basis", TEXT, False),
    ("period_from", DAY, True),
    ("period_to", DAY, True),
)
_AD_COST_DAILY = _schema(
    ("stats_date", DAY, False),
    ("channel_label", TEXT, False),
    ("campaign_name", TEXT, True),
    ("impressions", COUNT, True),
    ("clicks", COUNT, True),
    ("cost_amount", MONEY, False),
    ("currency_code", TEXT, False),
    ("vat_basis", TEXT, False),
)


def _entity(
    name: str, schema: pa.Schema, required: tuple[str, ...], control: tuple[str, ...] = ()
) -> Entity:
    is_personal = bool(PERSONAL_COLUMNS & set(schema.names))
    facts = ResourceFacts(
        grain=f"one row per {required[0].removesuffix('_id')} and file",
        time_zone="the mapping's time_zone; days as the file has them",
        currency="the mapping's currency" if control else "none",
        vat="the mapping's vat_basis" if control else "no money",
        restatement="a file delivered again replaces its former version",
        personal_data="phone, e-mail, name" if is_personal else "none",
    )
    resource = Resource(
        name=name, kind="replace", schema=schema, control_columns=control, facts=facts
    )
    return Entity(resource, required, has_money=bool(control))


ENTITIES: Mapping[str, Entity] = {
    "lead": _entity("lead", _LEAD, ("lead_id",)),
    "deal": _entity("deal", _DEAL, ("deal_id", "status"), ("amount",)),
    "customer_revenue": _entity(
        "customer_revenue", _CUSTOMER_REVENUE, ("customer_id",), ("revenue_amount",)
    ),
    "ad_cost_daily": _entity(
        "ad_cost_daily",
        _AD_COST_DAILY,
        ("stats_date", "channel_label", "cost_amount"),
        ("cost_amount",),
    ),
}
