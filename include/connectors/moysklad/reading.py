"""Streams the rows of one resource: windows of changes, days of reports, snapshots, scans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from include.connectors._change_windows import ChangeWindow
from include.connectors._day_plan import business_day
from include.connectors._records import Column, Record, RecordReader, texts
from include.connectors.moysklad.api import (
    LONGEST_EXPANDED_PAGE,
    MOSCOW,
    Api,
    read_moscow,
    tail,
)
from include.connectors.moysklad.columns import attribute
from include.connectors.moysklad.schema import (
    CONTROLS,
    DOCUMENT_TYPES,
    IGNORED,
    POSITION_TYPES,
    PRODUCT_TYPES,
    RESOURCES,
    SCANS,
    SPECS,
    STOCK_MOVERS,
    WITH_MONEY,
)
from include.connectors.protocol import Batch, IncompleteAnswer, Interval, RequestRefused

ROWS_PER_BATCH = 500
MOST_SCANS = 3
BOTH_BINS = ";isDeleted=true;isDeleted=false"
BOTH_ARCHIVES = "archived=true;archived=false"
EVERY_LEVEL = "quantityMode=all;stockMode=all"
LEVELS = ("stock", "reserve", "inTransit")


class DocumentChanges(NamedTuple):
    """Days that documents touched: those of sales and returns, and the first of any kind."""

    sales_days: frozenset[date]
    earliest: date | None


class Reading:
    """Reads for one account; ``custom`` names the attribute behind a column of ours."""

    def __init__(self, api: Api, name: str, custom: Mapping[str, str], may_lose_many: bool) -> None:
        self._api = api
        self._name = name
        self._custom = custom
        self._may_lose_many = may_lose_many

    @cached_property
    def currencies(self) -> Mapping[str, str]:
        """UUID → ISO code; the account's own currency under the empty text."""
        found = {}
        for page in self._api.walk("entity/currency", {}):
            for row in page:
                found[row["id"]] = row["isoCode"]
                if row.get("default"):
                    found[""] = row["isoCode"]
        if "" not in found:
            raise RequestRefused(f"MoySklad account {self._name} names no currency of its own")
        return found

    def read_window(self, resource: str, key: str) -> Iterator[Batch]:
        """Versions that changed within a window."""
        window = ChangeWindow.from_key(key)
        span = (window.changed_from, window.changed_to)
        if resource == "customer_order":
            pages = self._api.walk_changes("entity/customerorder", span, BOTH_BINS, {})
            yield from self._type(resource, pages)
        elif resource == "counterparty":
            both = f";{BOTH_ARCHIVES}"
            pages = self._api.walk_changes("entity/counterparty", span, both, {})
            yield from self._type(resource, pages)
        elif resource == "document":
            pages = self._read_documents(DOCUMENT_TYPES, span, {})
            yield from self._type(resource, pages)
        else:
            yield from self._type(resource, self._read_positions(span))

    def read_days(self, resource: str, interval: Interval) -> Iterator[Batch]:
        """A report of each day; days end as Moscow's do."""
        day = interval.date_from
        read = self._read_stock if resource == "stock_daily" else self._read_profit
        while day < interval.date_to:
            yield from self._type(resource, read(day))
            day += timedelta(days=1)

    def read_snapshot(self, resource: str) -> Iterator[Batch]:
        """A dictionary, whole."""
        if resource == "product":
            pages = self._read_products()
        elif resource == "order_state":
            told = self._api.get("entity/customerorder/metadata", {})
            pages = iter([told.get("states") or []])
        else:
            pages = self._api.walk("entity/store", {"filter": BOTH_ARCHIVES})
        yield from self._type(resource, pages)

    def read_scan(self, resource: str, known_rows: int) -> Iterator[Batch]:
        """All ids of a list, as many as the vendor counts."""
        kind, condition = SCANS[resource]
        for attempt in range(MOST_SCANS):
            pages = self._api.walk(f"entity/{kind}", {"filter": condition, "order": "created,asc"})
            try:
                found = [row["id"] for page in pages for row in page]
                break
            except IncompleteAnswer:
                if attempt == MOST_SCANS - 1:
                    raise
        if len(found) * 2 < known_rows and not self._may_lose_many:
            raise IncompleteAnswer(
                f"MoySklad account {self._name} shows {len(found)} of {kind} where {known_rows} "
                "were known: more than half are gone. If they were really deleted, set the option "
                "allow_mass_deletion for one run; else see what the user may read"
            )
        accounts = pa.repeat(pa.scalar(self._name), len(found))
        schema = RESOURCES[resource].schema
        yield Batch(pa.RecordBatch.from_arrays([accounts, pa.array(found)], schema=schema))

    def find_changes(self, since: datetime, now: datetime) -> DocumentChanges:
        """What the stock documents entered or changed ``since`` say of days gone by."""
        days: dict[str, set[date]] = {}
        for kind in STOCK_MOVERS:
            pages = self._api.walk_changes(f"entity/{kind}", (since, now), BOTH_BINS, {})
            moments = [read_moscow(row["moment"]) for page in pages for row in page]
            days[kind] = {business_day(moment, MOSCOW) for moment in moments}
        sales = days["demand"] | days["salesreturn"]
        return DocumentChanges(frozenset(sales), min(set().union(*days.values()), default=None))

    def sum_profit(self, interval: Interval) -> dict[str, Decimal]:
        """The control columns of ``profit_daily`` over several days, in one report."""
        wanted = [spec for spec in SPECS["profit_daily"] if spec.name in CONTROLS["profit_daily"]]
        sums = dict.fromkeys((spec.name for spec in wanted), Decimal(0))
        last = interval.date_to - timedelta(days=1)
        for page in self._walk_profit(interval.date_from, last):
            for spec in wanted:
                values = spec.decode([row.get(spec.path) for row in page]).to_pylist()
                sums[spec.name] += sum(value for value in values if value is not None)
        return sums

    def _read_documents(
        self, kinds: Iterable[str], span: tuple[datetime, datetime], params: Mapping[str, Any]
    ) -> Iterator[list[Record]]:
        longest = {"longest": LONGEST_EXPANDED_PAGE} if "expand" in params else {}
        for kind in kinds:
            path = f"entity/{kind}"
            for page in self._api.walk_changes(path, span, BOTH_BINS, params, **longest):
                yield [{**row, "document_type": kind} for row in page]

    def _read_positions(self, span: tuple[datetime, datetime]) -> Iterator[list[Record]]:
        expand = {"expand": "positions"}
        for documents in self._read_documents(POSITION_TYPES, span, expand):
            found: list[Record] = []
            for document in documents:
                of_document = {
                    "document_type": document["document_type"],
                    "document_id": document["id"],
                    "document_moment": document["moment"],
                    "document_updated": document["updated"],
                    "is_document_deleted": document.get("deleted") is not None,
                    "rate": document.get("rate"),
                }
                found += [{**row, **of_document} for row in self._list_positions(document)]
            yield found

    def _list_positions(self, document: Record) -> list[Record]:
        """Those that came with the document, or asked for when they did not all fit."""
        told = document["positions"]
        rows = told.get("rows") or []
        if len(rows) == told["meta"]["size"]:
            return list(rows)
        path = f"entity/{document['document_type']}/{document['id']}/positions"
        return [row for page in self._api.walk(path, {}) for row in page]

    def _read_stock(self, day: date) -> Iterator[list[Record]]:
        """Stores in which a product has anything; the report has a row a product."""
        end = spell_end(day)
        filters = f"moment={end};{EVERY_LEVEL}"
        for page in self._api.walk("report/stock/bystore", {"filter": filters}):
            yield [
                {
                    "stock_date": day.isoformat(),
                    "product": {"meta": row["meta"]},
                    "store": {"meta": store["meta"]},
                    **{level: store[level] for level in LEVELS},
                }
                for row in page
                for store in row["stockByStore"]
                if any(store[level] for level in LEVELS)
            ]

    def _read_profit(self, day: date) -> Iterator[list[Record]]:
        for page in self._walk_profit(day, day):
            yield [{**row, "sales_date": day.isoformat()} for row in page]

    def _walk_profit(self, first: date, last: date) -> Iterator[list[Record]]:
        params = {"momentFrom": f"{first} 00:00:00", "momentTo": spell_end(last)}
        yield from self._api.walk("report/profit/byproduct", params, name=_name_of_assortment)

    def _read_products(self) -> Iterator[list[Record]]:
        for kind in PRODUCT_TYPES:
            for page in self._api.walk(f"entity/{kind}", {"filter": BOTH_ARCHIVES}):
                yield [{**row, "product_type": kind} for row in page]

    def _type(self, resource: str, pages: Iterable[list[Record]]) -> Iterator[Batch]:
        schema = RESOURCES[resource].schema
        columns: list[Column] = [
            spec.to_column(
                attribute(self._custom[spec.name]) if spec.name in self._custom else None
            )
            for spec in SPECS[resource]
        ]
        if resource in WITH_MONEY:
            columns.append(Column("currency_code", texts, read=self._find_currency(resource)))
        has_payload = "payload" in schema.names
        reader = RecordReader(
            f"MoySklad {resource}",
            schema,
            columns,
            {"account_id": self._name},
            "payload" if has_payload else "",
            (*IGNORED[resource].split(), "rate", "deleted"),
        )
        number = 1
        for rows in _gather(pages):
            yield reader.read(rows, number)
            number += len(rows)

    def _find_currency(self, resource: str) -> Callable[[Record], str | None]:
        """Reads a row's currency; reports are in the account's own."""
        currencies = self.currencies

        def read(record: Record) -> str | None:
            linked = (record.get("rate") or {}).get("currency")
            if resource == "product":
                prices = record.get("salePrices") or [record.get("buyPrice") or {}]
                linked = prices[0].get("currency")
            return currencies.get(tail(linked["meta"]["href"]) if linked else "")

        return read


def spell_end(day: date) -> str:
    """The last second of a Moscow day, as filters want it."""
    return f"{day} 23:59:59"


def _name_of_assortment(row: Record) -> str:
    return tail(row["assortment"]["meta"]["href"])


def _gather(pages: Iterable[list[Record]]) -> Iterator[list[Record]]:
    """Pages put together, as a batch of a few rows costs as much as one of many."""
    gathered: list[Record] = []
    for page in pages:
        gathered += page
        if len(gathered) >= ROWS_PER_BATCH:
            yield gathered
            gathered = []
    if gathered:
        yield gathered
