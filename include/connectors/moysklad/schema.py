"""The raw tables of MoySklad: columns, what fills them, and what a reader has to know.

Instants come as Moscow time and are kept as UTC; money comes as kopecks and is kept in units of
``currency_code``. A reader takes the version with the newest ``updated_at``.
"""

from __future__ import annotations

import pyarrow as pa

from include.connectors._records import TEXT_LIST, days, integers, text_lists, texts
from include.connectors.moysklad.columns import (
    MONEY,
    PERCENT,
    Spec,
    first_link,
    flag,
    from_kopecks,
    gone,
    link,
    money,
    moscow,
    quantity,
    text,
    to_percent,
)
from include.connectors.protocol import Resource, ResourceFacts, SourceProfile

DOCUMENT_TYPES = (
    "demand",
    "salesreturn",
    "supply",
    "purchaseorder",
    "loss",
    "enter",
    "paymentin",
    "paymentout",
)
POSITION_TYPES = ("customerorder", *(t for t in DOCUMENT_TYPES if not t.startswith("payment")))
STOCK_MOVERS = ("demand", "salesreturn", "supply", "loss", "enter")
PRODUCT_TYPES = ("product", "variant", "bundle")

_DOCUMENT = (
    text("external_code", "externalCode"),
    moscow("moment_at", "moment", is_key=True),
    moscow("created_at", "created"),
    moscow("updated_at", "updated", is_key=True),
    moscow("deleted_at", "deleted"),
    gone(),
    flag("is_posted", "applicable"),
    money("sum_amount", "sum", is_required=True),
)
SPECS: dict[str, tuple[Spec, ...]] = {
    "customer_order": (
        text("order_id", "id", is_key=True),
        text("order_name", "name"),
        *_DOCUMENT,
        money("payed_amount", "payedSum", is_required=True),
        money("shipped_amount", "shippedSum", is_required=True),
        money("invoiced_amount", "invoicedSum"),
        money("reserved_amount", "reservedSum"),
        money("vat_amount", "vatSum"),
        flag("is_vat_included", "vatIncluded"),
        link("state_id", "state"),
        link("agent_id", "agent"),
        link("organization_id", "organization"),
        link("store_id", "store"),
        link("sales_channel_id", "salesChannel"),
        text("description"),
        Spec("crm_deal_id", pa.string(), texts, read=lambda _: None),
    ),
    "document": (
        text("document_type", is_key=True),
        text("document_id", "id", is_key=True),
        text("document_name", "name"),
        *_DOCUMENT,
        money("vat_amount", "vatSum"),
        money("payed_amount", "payedSum"),
        flag("is_vat_included", "vatIncluded"),
        link("agent_id", "agent"),
        link("store_id", "store"),
        first_link("basis_id", "customerOrder", "purchaseOrder", "operations"),
        Spec("crm_deal_id", pa.string(), texts, read=lambda _: None),
    ),
    "position": (
        text("document_type", is_key=True),
        text("document_id", is_key=True),
        text("position_id", "id", is_key=True),
        moscow("document_moment_at", "document_moment", is_key=True),
        moscow("document_updated_at", "document_updated", is_key=True),
        Spec("is_document_deleted", pa.bool_(), flag("", "").decode, is_nullable=False),
        link("product_id", "assortment", is_key=True),
        quantity("quantity", "quantity"),
        money("price_amount", "price", is_required=True),
        Spec("discount_percent", PERCENT, to_percent, "discount"),
        Spec("vat_percent", pa.int64(), integers, "vat"),
        quantity("shipped_quantity", "shipped"),
        quantity("reserve_quantity", "reserve"),
        quantity("in_transit_quantity", "inTransit"),
    ),
    "counterparty": (
        text("agent_id", "id", is_key=True),
        text("agent_name", "name"),
        text("company_type", "companyType"),
        text("inn"),
        text("kpp"),
        text("phone"),
        text("email"),
        text("external_code", "externalCode"),
        moscow("created_at", "created"),
        moscow("updated_at", "updated", is_key=True),
        flag("is_archived", "archived"),
        Spec("tags", TEXT_LIST, text_lists, is_nullable=False),
    ),
    "product": (
        text("product_id", "id", is_key=True),
        text("product_type", is_key=True),
        text("product_name", "name"),
        text("code"),
        text("article"),
        text("external_code", "externalCode"),
        text("folder_name", "pathName"),
        money("buy_price_amount", "buyPrice.value"),
        Spec("sale_price_amount", MONEY, money("", "").decode, read=lambda r: first_price(r)),
        quantity("minimum_balance", "minimumBalance"),
        flag("is_archived", "archived"),
        moscow("updated_at", "updated", is_key=True),
    ),
    "order_state": (
        text("state_id", "id", is_key=True),
        text("state_name", "name"),
        text("state_type", "stateType"),
    ),
    "store": (
        text("store_id", "id", is_key=True),
        text("store_name", "name"),
        flag("is_archived", "archived"),
    ),
    "stock_daily": (
        Spec("stock_date", pa.date32(), days, is_nullable=False),
        link("product_id", "product", is_key=True),
        link("store_id", "store", is_key=True),
        quantity("stock_quantity", "stock"),
        quantity("reserve_quantity", "reserve"),
        quantity("in_transit_quantity", "inTransit"),
    ),
    "profit_daily": (
        Spec("sales_date", pa.date32(), days, is_nullable=False),
        link("product_id", "assortment", is_key=True),
        quantity("sell_quantity", "sellQuantity"),
        Spec("sell_amount", MONEY, from_kopecks, "sellSum", is_required=True),
        Spec("sell_cost_amount", MONEY, from_kopecks, "sellCostSum", is_required=True),
        quantity("return_quantity", "returnQuantity"),
        Spec("return_amount", MONEY, from_kopecks, "returnSum"),
        Spec("return_cost_amount", MONEY, from_kopecks, "returnCostSum"),
        Spec("profit_amount", MONEY, from_kopecks, "profit"),
    ),
    "customer_order_scan": (text("order_id", "id", is_key=True),),
    "counterparty_scan": (text("agent_id", "id", is_key=True),),
}
WINDOWED = ("customer_order", "document", "position", "counterparty")
DAILY = {"stock_daily": "stock_date", "profit_daily": "sales_date"}
SCANS = {
    "customer_order_scan": ("customerorder", "isDeleted=false"),
    "counterparty_scan": ("counterparty", "archived=true;archived=false"),
}
CONTROLS = {
    "stock_daily": ("stock_quantity", "reserve_quantity"),
    "profit_daily": ("sell_amount", "sell_cost_amount", "return_amount"),
}
CHECKPOINT = "store"
WITH_MONEY = ("customer_order", "document", "position", "product", "profit_daily")
_OBJECT = "meta accountId owner shared group files"
_PAPER = (
    f"{_OBJECT} rate organization printed published positions attributes vatEnabled agent store "
    "state salesChannel project contract description syncId operations"
)
IGNORED = {
    "customer_order": f"{_PAPER} code deliveryPlannedMoment demands payments invoicesOut moves "
    "purchaseOrders shipmentAddress shipmentAddressFull organizationAccount agentAccount taxSystem",
    "document": f"{_PAPER} customerOrder purchaseOrder demand demands supplies returns payments "
    "shippedSum invoicedSum waitSum paymentPurpose organizationAccount agentAccount overhead "
    "incomingNumber incomingDate factureOut factureIn invoicesOut invoicesIn expenseItem",
    "position": "meta accountId vatEnabled assortment cost pack things trackingCodes overhead",
    "counterparty": f"{_OBJECT} legalTitle legalAddress actualAddress ogrn okpo fax notes contacts "
    "accounts priceType bonusPoints salesAmount syncId state attributes code discountCardNumber "
    "bonusProgram discounts sex birthDate legalFirstName legalLastName legalMiddleName",
    "product": f"{_OBJECT} useParentVat uom minPrice salePrices barcodes weight volume supplier "
    "variantsCount isSerialTrackable attributes productFolder images description syncId country "
    "packs vat vatEnabled effectiveVat effectiveVatEnabled trackingType characteristics product "
    "components overhead discountProhibited paymentItemType taxSystem things",
    "order_state": "meta accountId color entityType",
    "store": f"{_OBJECT} updated externalCode pathName address attributes zones slots code "
    "description parent",
    "stock_daily": "product store",
    "profit_daily": "assortment sellPrice sellCost returnPrice returnCost margin salesMargin",
}
"""Top-level fields that are known and kept in the payload alone, if at all."""


def first_price(record: dict[str, object]) -> object:
    """The first sale price of a product; others are in the payload."""
    prices = record.get("salePrices")
    return prices[0]["value"] if isinstance(prices, list) and prices else None


_FACTS = {
    "customer_order": ("version of a customer order", "by updated, windows overlap 10 min", "note"),
    "document": ("version of a shipment, return, purchase or payment", "by updated", "payload"),
    "position": ("position of a version of a document", "by the document's updated", "none"),
    "counterparty": ("version of a partner", "by updated", "name, phone, e-mail, payload"),
    "product": ("product, variant or bundle, newest scan", "read whole on every run", "none"),
    "order_state": ("state of customer orders, newest scan", "read whole on every run", "none"),
    "store": ("store, newest scan", "read whole on every run", "none"),
    "stock_daily": (
        "Moscow day, store, product: what lay there at the end of the day",
        "look-back of lookback_days (3); older days from the moment of any document changed since",
        "none",
    ),
    "profit_daily": (
        "Moscow day, product: sums and cost of what was shipped and came back",
        "look-back of lookback_days (3); days of changed shipments; weeks whose sum differs",
        "none",
    ),
    "customer_order_scan": ("order that is in the list", "proven by the count", "none"),
    "counterparty_scan": ("partner that is in the list", "proven by the count", "none"),
}


def _schema(name: str) -> pa.Schema:
    fields = [pa.field("account_id", pa.string(), nullable=False)]
    fields += [spec.field for spec in SPECS[name]]
    if name in WITH_MONEY:
        fields.append(pa.field("currency_code", pa.string(), nullable=False))
    if name not in SCANS and name not in DAILY:
        fields.append(pa.field("payload", pa.string(), nullable=False))
    return pa.schema(fields)


def _resource(name: str) -> Resource:
    grain, restatement, personal = _FACTS[name]
    has_money = name in WITH_MONEY
    return Resource(
        name=name,
        kind="append" if name in WINDOWED else "replace",
        schema=_schema(name),
        day_column=DAILY.get(name),
        control_columns=CONTROLS.get(name, ()),
        facts=ResourceFacts(
            grain=grain,
            time_zone="Moscow at the vendor, UTC instants here; days are Moscow days",
            currency="the document's, in currency_code" if has_money else "no money",
            vat="in, where is_vat_included says so" if has_money else "no money",
            restatement=restatement,
            personal_data=personal,
        ),
    )


RESOURCES = {name: _resource(name) for name in SPECS}

PROFILE = SourceProfile(
    title="MoySklad",
    api="JSON API 1.2 (remap)",
    limits="45 units per 3 s and user; a user's request weighs 4 since December 2026, a stock "
    "report 5; five requests at a time",
    counted_by={"units": "token"},
    credentials={
        "token": "access token of a user or solution; with a login, that user's password",
        "login": "only where token is a password",
    },
)
