"""Ad plans, groups and banners as whole lists; the urls of banners that changed.

A list shows deleted objects only when asked for them. A banner may name its urls by number alone;
each is then read by itself, which is why only changed banners are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from include.connectors._change_windows import ChangeWindow
from include.connectors._records import RecordReader
from include.connectors.protocol import Batch
from include.connectors.vk_ads.answers import MOSCOW, Refusal
from include.connectors.vk_ads.client import Client, Record
from include.connectors.vk_ads.schema import BANNER_URL, COLUMNS, KNOWN_VALUES, LISTS, RESOURCES

BATCH_ROWS = 5_000
WITH_CURRENCY = "currency_code"


class Objects:
    """Reads the dictionaries of one cabinet."""

    def __init__(self, client: Client, page_size: int) -> None:
        self._client = client
        self._page_size = page_size

    def read_list(self, resource: str) -> Iterator[Batch]:
        """Every object of a list, deleted ones too."""
        fields = ",".join(column.path or column.name for column in COLUMNS[resource])
        found = self._client.list_objects(LISTS[resource], {"fields": fields}, self._page_size)
        yield from self._to_batches(resource, found)

    def read_urls(self, window: ChangeWindow) -> Iterator[Batch]:
        """The urls of banners changed within a window, one row a slot."""
        found = self._client.list_objects(
            "banners",
            {
                "fields": "id,urls,updated",
                "_updated__gte": _show(window.changed_from),
                "_updated__lt": _show(window.changed_to),
            },
            self._page_size,
        )
        records = [
            {
                "banner_id": banner["id"],
                "url_slot": slot,
                "url_id": url["id"],
                "url": url.get("url") or self._read_url(str(url["id"])),
                "updated": banner.get("updated"),
            }
            for banner in found
            for slot, url in sorted((banner.get("urls") or {}).items())
        ]
        yield from self._to_batches(BANNER_URL, records)

    def _read_url(self, number: str) -> str | None:
        """None for a url the vendor has forgotten."""
        try:
            text = self._client.get(f"v2/urls/{number}", {}).get("url")
        except Refusal as refusal:
            if refusal.code == "ERR_WRONG_IDS":
                return None
            raise
        return None if text is None else str(text)

    def _to_batches(self, resource: str, records: Sequence[Record]) -> Iterator[Batch]:
        schema = RESOURCES[resource].schema
        constants: dict[str, Any] = {"account_id": self._client.who}
        if WITH_CURRENCY in schema.names:
            constants[WITH_CURRENCY] = self._client.currency
        reader = RecordReader(f"vk_ads/{resource}", schema, COLUMNS[resource], constants)
        told: set[str] = set()
        for start in range(0, len(records), BATCH_ROWS):
            some = records[start : start + BATCH_ROWS]
            batch = reader.read(some, start + 1)
            fresh = _find_unknown(some) - told
            told |= fresh
            yield Batch(batch.rows, batch.rejected, (*batch.findings, *sorted(fresh)))


def _find_unknown(records: Iterable[Mapping[str, Any]]) -> set[str]:
    """Values of the vendor's vocabularies that it does not document."""
    found: set[str] = set()
    for name, known in KNOWN_VALUES.items():
        values = {record[name] for record in records if record.get(name) is not None}
        found.update(f"unknown {name} {value}" for value in values - known)
    return found


def _show(instant: datetime) -> str:
    return f"{instant.astimezone(MOSCOW):%Y-%m-%d %H:%M:%S}"
