"""Ids, links, instants and money as MoySklad spells them.

Instants are Moscow time without an offset; money is a float of kopecks; ids are UUIDs.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

Row = dict[str, Any]
ROOT = "/api/remap/1.2"
MOSCOW = timezone(timedelta(hours=3))
SPACE = uuid.UUID("6f2c1f5e-0a80-11ea-8a84-bae500000000")
MICROS_PER_KOPECK = 10_000


@lru_cache(maxsize=500_000)
def make_id(kind: str, key: str) -> str:
    """The UUID of one object, the same in every run."""
    return str(uuid.uuid5(SPACE, f"{kind}/{key}"))


ACCOUNT_ID = make_id("account", "demo")


def spell_instant(at: datetime) -> str:
    """With milliseconds."""
    return at.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def spell_moment(at: datetime) -> str:
    """The moment of a document: its seconds are always zero."""
    return at.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:00.000")


def read_instant(text: str) -> datetime:
    """An instant of a query; ``ValueError`` for another shape. A day alone is its midnight."""
    for shape in ("%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip(), shape).replace(tzinfo=MOSCOW)
        except ValueError:
            continue
    raise ValueError(f"no instant: {text}")


def spell_money(micros: int | None) -> float:
    """Kopecks."""
    return (micros or 0) / MICROS_PER_KOPECK


class Links:
    """Links under one address, as clients reach the stand-in by more than one."""

    def __init__(self, address: str) -> None:
        self.api = f"{address}{ROOT}"

    def meta(self, path: str, kind: str, **more: Any) -> Row:
        """``{"meta": …}`` of anything."""
        meta: Row = {"href": f"{self.api}/{path}"}
        if path.startswith("entity/"):
            meta["metadataHref"] = f"{self.api}/entity/{path.split('/')[1]}/metadata"
        return {"meta": {**meta, "type": kind, "mediaType": "application/json", **more}}

    def entity(self, kind: str, number: str, **more: Any) -> Row:
        """``{"meta": …}`` of an entity."""
        return self.meta(f"entity/{kind}/{number}", kind, **more)

    def context(self) -> Row:
        """Who asked."""
        href = f"{self.api}/context/employee"
        return {
            "employee": {
                "meta": {
                    "href": href,
                    "metadataHref": f"{self.api}/entity/employee/metadata",
                    "type": "employee",
                    "mediaType": "application/json",
                }
            }
        }
