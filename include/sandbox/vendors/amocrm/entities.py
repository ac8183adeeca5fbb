"""Leads, contacts and companies as the API words them, with what ``with`` asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from include.sandbox.vendors.amocrm.access import ACCOUNT_ID
from include.sandbox.vendors.amocrm.account_book import AccountBook, Row
from include.sandbox.vendors.amocrm.custom_fields import (
    read_company_values,
    read_contact_values,
    read_lead_values,
    render_values,
)
from include.sandbox.vendors.amocrm.dictionaries import Dictionaries

MICROS = 1_000_000
GOODS_CATALOG = 1001
PRICE_FIELD = 189_003


def stamp(at: datetime | None) -> int | None:
    """Unix seconds."""
    return None if at is None else int(at.timestamp())


class Renderer:
    """Words the rows of one book; ``api`` is the address up to and with ``/api/v4``."""

    def __init__(self, book: AccountBook, words: Dictionaries, api: str) -> None:
        self._book = book
        self.words = words
        self._api = api

    def lead(self, row: Row, wanted: set[str]) -> dict[str, Any]:
        """A lead; contacts, loss reason and goods only where wanted."""
        reason = self.words.loss_reason_ids.get(row["lost_reason"] or "")
        embedded: dict[str, Any] = {
            "tags": self.words.tag(row["source"]),
            "companies": self._refer("companies", [row["company_id"]], self._book.companies),
        }
        if "contacts" in wanted:
            contacts = self._refer("contacts", [row["contact_id"]], self._book.contacts)
            embedded["contacts"] = [{**contact, "is_main": True} for contact in contacts]
        if "loss_reason" in wanted:
            embedded["loss_reason"] = (
                [self.words.loss_reason(reason, self._api)] if reason is not None else []
            )
        if "catalog_elements" in wanted:
            embedded["catalog_elements"] = [
                {
                    "id": line["product_id"],
                    "metadata": {
                        "quantity": line["quantity"],
                        "catalog_id": GOODS_CATALOG,
                        "price_id": PRICE_FIELD,
                    },
                    "_links": self._self(f"catalogs/{GOODS_CATALOG}/elements/{line['product_id']}"),
                }
                for line in self.words.goods_of_deal.get(row["id"], ())
            ]
        lead: dict[str, Any] = {
            "id": row["id"],
            "name": row["name"],
            "price": round(row["price_micros"] / MICROS),
            "responsible_user_id": row["manager_id"],
            "group_id": 0,
            "status_id": row["status_id"],
            "pipeline_id": row["pipeline_id"],
            "loss_reason_id": reason,
            "created_by": 0,
            "updated_by": row["manager_id"],
            "created_at": stamp(row["created_at"]),
            "updated_at": stamp(row["updated_at"]),
            "closed_at": stamp(row["closed_at"]),
            "closest_task_at": None,
            "is_deleted": False,
            "custom_fields_values": render_values(
                "leads", read_lead_values(row), row.get("fields")
            ),
            "score": None,
            "account_id": ACCOUNT_ID,
            "labor_cost": None,
        }
        if "source_id" in wanted:
            lead["source_id"] = self.words.source_ids.get(row["source"] or "")
        if "is_price_modified_by_robot" in wanted:
            lead["is_price_modified_by_robot"] = False
        return {**lead, "_links": self._self(f"leads/{row['id']}"), "_embedded": embedded}

    def deleted_lead(self, row: Row) -> dict[str, Any]:
        """The little a lead in the bin still shows."""
        return {
            "id": row["id"],
            "updated_by": row["manager_id"],
            "updated_at": stamp(row["updated_at"]),
            "is_deleted": True,
            "account_id": ACCOUNT_ID,
            "_links": self._self(f"leads/{row['id']}"),
        }

    def contact(self, row: Row, wanted: set[str]) -> dict[str, Any]:
        """A contact; its leads only where wanted."""
        first, last = row["first_name"] or "", row["last_name"] or ""
        embedded: dict[str, Any] = {
            "tags": [],
            "companies": self._refer("companies", [row["company_id"]], self._book.companies),
        }
        if "leads" in wanted:
            leads = self._book.leads_of_contact.get(row["id"], [])
            embedded["leads"] = self._refer("leads", leads, self._book.leads)
        return {
            "id": row["id"],
            "name": f"{first} {last}".strip(),
            "first_name": first,
            "last_name": last,
            **self._shared(row),
            "is_unsorted": False,
            "custom_fields_values": render_values(
                "contacts", read_contact_values(row), row.get("fields")
            ),
            "account_id": ACCOUNT_ID,
            "_links": self._self(f"contacts/{row['id']}"),
            "_embedded": self._with_rest(embedded, wanted),
        }

    def company(self, row: Row, wanted: set[str]) -> dict[str, Any]:
        """A company; its leads and contacts only where wanted."""
        embedded: dict[str, Any] = {"tags": []}
        if "leads" in wanted:
            leads = self._book.leads_of_company.get(row["id"], [])
            embedded["leads"] = self._refer("leads", leads, self._book.leads)
        if "contacts" in wanted:
            contacts = self._book.contacts_of_company.get(row["id"], [])
            embedded["contacts"] = self._refer("contacts", contacts, self._book.contacts)
        return {
            "id": row["id"],
            "name": row["title"] or "",
            **self._shared(row),
            "custom_fields_values": render_values(
                "companies", read_company_values(row), row.get("fields")
            ),
            "account_id": ACCOUNT_ID,
            "_links": self._self(f"companies/{row['id']}"),
            "_embedded": self._with_rest(embedded, wanted),
        }

    def links(self, entity: str, row: Row) -> list[dict[str, Any]]:
        """Everything linked to one entity, contacts and companies first."""
        book = self._book
        targets: list[tuple[str, int, dict[str, Any] | None]] = []
        if entity == "leads":
            if row["contact_id"] in book.contacts:
                targets.append(("contacts", row["contact_id"], {"main_contact": True}))
            if row["company_id"] in book.companies:
                targets.append(("companies", row["company_id"], None))
            targets += [
                ("catalog_elements", line["product_id"], self._line_metadata(line))
                for line in self.words.goods_of_deal.get(row["id"], ())
            ]
        elif entity == "contacts":
            if row["company_id"] in book.companies:
                targets.append(("companies", row["company_id"], None))
            leads = book.leads_of_contact.get(row["id"], [])
            targets += [("leads", lead, {"main_contact": True}) for lead in leads]
        else:
            contacts = book.contacts_of_company.get(row["id"], [])
            targets += [("contacts", contact, None) for contact in contacts]
            leads = book.leads_of_company.get(row["id"], [])
            targets += [("leads", lead, None) for lead in leads]
        return [
            {
                "entity_id": row["id"],
                "entity_type": entity,
                "to_entity_id": target,
                "to_entity_type": kind,
                "metadata": metadata,
            }
            for kind, target, metadata in targets
        ]

    @staticmethod
    def _line_metadata(line: Row) -> dict[str, Any]:
        return {
            "quantity": line["quantity"],
            "catalog_id": GOODS_CATALOG,
            "price_id": PRICE_FIELD,
        }

    @staticmethod
    def _with_rest(embedded: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
        return embedded | {name: [] for name in ("customers", "catalog_elements") if name in wanted}

    @staticmethod
    def _shared(row: Row) -> dict[str, Any]:
        return {
            "responsible_user_id": row.get("manager_id") or 0,
            "group_id": 0,
            "created_by": 0,
            "updated_by": 0,
            "created_at": stamp(row["created_at"]),
            "updated_at": stamp(row["updated_at"]),
            "is_deleted": False,
            "closest_task_at": None,
        }

    def _self(self, path: str) -> dict[str, Any]:
        return {"self": {"href": f"{self._api}/{path}"}}

    def _refer(self, kind: str, ids: list[int], present: dict[int, Row]) -> list[dict[str, Any]]:
        return [{"id": one, "_links": self._self(f"{kind}/{one}")} for one in ids if one in present]
