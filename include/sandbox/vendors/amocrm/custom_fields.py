"""Custom fields: their dictionaries, and the values of leads, contacts and companies.

The marks of a visit are predefined lead fields of type ``tracking_data`` with fixed codes.
``custom_fields_values`` is null, not an empty list, where nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from include.sandbox.vendors.amocrm.access import ACCOUNT_ID

Row = dict[str, Any]
TRACKING_CODES = (
    "UTM_CONTENT",
    "UTM_MEDIUM",
    "UTM_CAMPAIGN",
    "UTM_SOURCE",
    "UTM_TERM",
    "UTM_REFERRER",
    "ROISTAT",
    "REFERRER",
    "OPENSTAT_SERVICE",
    "OPENSTAT_CAMPAIGN",
    "OPENSTAT_AD",
    "OPENSTAT_SOURCE",
    "FROM",
    "GCLIENTID",
    "_YM_UID",
    "_YM_COUNTER",
    "YCLID",
    "GCLID",
    "FBCLID",
)


@dataclass(frozen=True)
class Field:
    """One field of one kind of entity."""

    id: int
    name: str
    code: str | None
    type: str
    entity: str
    sort: int
    enums: tuple[tuple[int, str], ...] = ()

    def render(self, api: str) -> dict[str, Any]:
        """The entry of the dictionary."""
        is_tracking = self.type == "tracking_data"
        is_predefined = is_tracking or self.code is not None
        enums = [
            {"id": number, "value": value, "sort": 500 + place, "code": value}
            for place, (number, value) in enumerate(self.enums)
        ]
        href = f"{api}/{self.entity}/custom_fields/{self.id}"
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "account_id": ACCOUNT_ID,
            "code": self.code,
            "sort": self.sort,
            "is_api_only": is_tracking,
            "enums": enums or None,
            "group_id": "statistic" if is_tracking else None,
            "required_statuses": [],
            "is_deletable": not is_predefined,
            "is_predefined": is_predefined,
            "entity_type": self.entity,
            "_links": {"self": {"href": href}},
        }

    def fill(self, values: Iterable[Any]) -> Row | None:
        """An entry of ``custom_fields_values``; None when every value is empty."""
        filled: list[Row] = []
        for value in values:
            if value in (None, "", 0):
                continue
            entry: Row = {"value": value}
            if self.enums:
                number, code = self.enums[0]
                entry |= {"enum_id": number, "enum_code": code}
            filled.append(entry)
        return self.wrap(filled)

    def wrap(self, filled: list[Row]) -> Row | None:
        """The same for entries that are ready."""
        if not filled:
            return None
        return {
            "field_id": self.id,
            "field_name": self.name,
            "field_code": self.code,
            "field_type": self.type,
            "is_computed": False,
            "values": filled,
        }


def _work_phone_or_mail(entity: str, first: int) -> tuple[Field, Field]:
    work = ((first + 10, "WORK"), (first + 11, "MOB"), (first + 12, "OTHER"))
    mail = ((first + 20, "WORK"), (first + 21, "PRIV"), (first + 22, "OTHER"))
    return (
        Field(first, "Телефон", "PHONE", "multitext", entity, 4, work),
        Field(first + 1, "Email", "EMAIL", "multitext", entity, 6, mail),
    )


CLIENT_KINDS = ((188_671, "Завод"), (188_672, "Дилер"))
FIELDS: dict[str, tuple[Field, ...]] = {
    "leads": (
        *(
            Field(188_637 + place, code.lower(), code, "tracking_data", "leads", 530 + place)
            for place, code in enumerate(TRACKING_CODES)
        ),
        Field(188_660, "Тип клиента", None, "select", "leads", 600, CLIENT_KINDS),
        Field(188_661, "Нужна доставка", None, "checkbox", "leads", 601),
        Field(188_662, "Дата отгрузки", None, "date", "leads", 602),
    ),
    "contacts": (
        Field(188_600, "Должность", "POSITION", "text", "contacts", 2),
        *_work_phone_or_mail("contacts", 188_601),
    ),
    "companies": (
        *_work_phone_or_mail("companies", 188_701),
        Field(188_703, "Web", "WEB", "url", "companies", 8),
        Field(188_704, "ИНН", None, "text", "companies", 511),
        Field(188_705, "КПП", None, "text", "companies", 512),
    ),
}
_BY_NAME = {
    (entity, field.code or field.name): field
    for entity, fields in FIELDS.items()
    for field in fields
}


def render_values(
    entity: str, values: dict[str, list[Any]], written: dict[int, list[Row]] | None = None
) -> list[Row] | None:
    """``values`` by field code, or by name where there is no code.

    ``written`` has, by field id, the entries somebody wrote through the API; they win.
    """
    filled = {
        field.id: field.fill(given)
        for field, given in ((_BY_NAME[entity, name], given) for name, given in values.items())
    }
    known = {field.id: field for field in FIELDS[entity]}
    filled |= {number: known[number].wrap(given) for number, given in (written or {}).items()}
    return [entry for entry in filled.values() if entry is not None] or None


def find_field(entity: str, number: Any, code: Any) -> Field | None:
    """The field of an id, or of a code where no id is given."""
    for field in FIELDS[entity]:
        if field.id == number or (number is None and code is not None and field.code == code):
            return field
    return None


def read_lead_values(row: dict[str, Any]) -> dict[str, list[Any]]:
    """Marks of the visit behind a lead. Click ids tell by their look whose they are."""
    click = row["click_id"] or ""
    kind = "YCLID" if click.isdigit() else "FBCLID" if click.startswith("fb") else "GCLID"
    visitor = row["metrica_client_id"]
    return {
        **{
            name.upper(): [row[name]]
            for name in ("utm_content", "utm_medium", "utm_campaign", "utm_source", "utm_term")
        },
        "GCLIENTID": [row["ga_client_id"]],
        "_YM_UID": [str(visitor) if visitor else None],
        kind: [click],
    }


def read_contact_values(row: dict[str, Any]) -> dict[str, list[Any]]:
    """Phones and e-mails as they were typed."""
    return {"PHONE": row["phones"] or [], "EMAIL": row["emails"] or []}


def read_company_values(row: dict[str, Any]) -> dict[str, list[Any]]:
    """Phone, site and the numbers of the tax office."""
    return {
        "PHONE": [row["phone"]],
        "WEB": [row["domain"]],
        "ИНН": [row["inn"]],
        "КПП": [row["kpp"]],
    }
