"""Bodies of writing requests → columns of rows, or a refusal that names item and path.

Codes other than ``NotSupportedChoice`` are not published; the same few are used throughout.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from include.sandbox.vendors.amocrm.account_book import AccountBook, Row
from include.sandbox.vendors.amocrm.custom_fields import Field, find_field
from include.sandbox.vendors.amocrm.dictionaries import Dictionaries
from include.sandbox.vendors.amocrm.entities import MICROS
from include.sandbox.vendors.amocrm.errors import ApiError
from include.sandbox.vendors.amocrm.stage_book import LOST, WON, StageBook, unsorted_status

MOST_ITEMS = 250


def read_items(body: Any) -> list[Row]:
    """The items of a body: 1 to 250 objects."""
    if not isinstance(body, list) or not body or not all(isinstance(one, dict) for one in body):
        raise ApiError(400, "An array of objects is expected", issues=[("InvalidType", "")])
    if len(body) > MOST_ITEMS:
        raise ApiError(400, f"{MOST_ITEMS} entities at most", issues=[("TooMany", "")])
    return body


class Draft:
    """One item of a body, read field by field."""

    def __init__(self, item: Row, place: int) -> None:
        self.item = item
        self.request_id = str(item.get("request_id", place))

    def refuse(self, code: str, path: str, detail: str) -> ApiError:
        """A refusal of this item."""
        return ApiError(400, detail, issues=[(code, path)], request_id=self.request_id)

    def value(self, name: str, kind: type, is_needed: bool = False) -> Any:
        """A field of the right type; None where there is none."""
        given = self.item.get(name)
        if given is None:
            if is_needed:
                raise self.refuse("FieldMissing", name, "This field is missing.")
            return None
        if not isinstance(given, kind) or (kind is int and isinstance(given, bool)):
            raise self.refuse("InvalidType", name, f"{name} must be {kind.__name__}")
        return given

    def instant(self, name: str, is_needed: bool = False) -> datetime | None:
        """A field of Unix seconds."""
        given = self.value(name, int, is_needed)
        return None if given is None else datetime.fromtimestamp(given, UTC)

    def choice(self, name: str, allowed: Collection[int]) -> int | None:
        """A field that is one of ``allowed``."""
        given = self.value(name, int)
        if given is not None and given not in allowed:
            raise self.refuse("NotSupportedChoice", name, "The value is not a valid choice.")
        return given

    def linked(self, kind: str, present: Collection[int]) -> int | None:
        """The first of the ``_embedded`` entities of a kind."""
        given = (self.item.get("_embedded") or {}).get(kind) or []
        if not given:
            return None
        number = given[0].get("id") if isinstance(given[0], dict) else None
        if number not in present:
            path = f"_embedded.{kind}.0.id"
            raise self.refuse("NotSupportedChoice", path, f"There is no such {kind}")
        return number

    def fields(self, kind: str) -> dict[int, list[Row]]:
        """``custom_fields_values``: field id → entries as they will be shown."""
        found: dict[int, list[Row]] = {}
        for place, given in enumerate(self.value("custom_fields_values", list) or []):
            path = f"custom_fields_values.{place}"
            field = find_field(kind, given.get("field_id"), given.get("field_code"))
            if field is None:
                detail = "The value is not a valid choice."
                raise self.refuse("NotSupportedChoice", f"{path}.field_id", detail)
            found[field.id] = [
                self._entry(field, value, f"{path}.values.{number}")
                for number, value in enumerate(given.get("values") or [])
            ]
        return found

    def _entry(self, field: Field, given: Row, path: str) -> Row:
        value = given.get("value")
        if field.enums:
            names = dict(field.enums)
            by_code = {code: number for number, code in field.enums}
            told = given.get("enum_code", value if field.type == "select" else None)
            number = given.get("enum_id", by_code.get(told, None if told else field.enums[0][0]))
            if number not in names:
                raise self.refuse("NotSupportedChoice", f"{path}.value", "No such choice.")
            shown = names[number] if field.type == "select" else value
            return {"value": shown, "enum_id": number, "enum_code": names[number]}
        wanted = {"checkbox": bool, "date": int}.get(field.type)
        if wanted is not None and type(value) is not wanted:
            raise self.refuse("InvalidType", f"{path}.value", f"must be {wanted.__name__}")
        return {"value": value}


def read_lead(
    draft: Draft, book: AccountBook, words: Dictionaries, stages: StageBook, base: Row | None
) -> Row:
    """Columns of a lead; of a new one (``base`` is None) all of them."""
    pipelines = [row["pipeline_id"] for row in stages.pipelines]
    pipeline = draft.choice("pipeline_id", pipelines)
    home = pipeline or (base["pipeline_id"] if base else stages.main_pipeline)
    statuses = {unsorted_status(home), WON, LOST, *(one[0] for one in stages.kept.get(home, []))}
    status = draft.choice("status_id", statuses)
    price = draft.value("price", int)
    columns: Row = {
        "name": draft.value("name", str),
        "price_micros": None if price is None else price * MICROS,
        "manager_id": draft.choice(
            "responsible_user_id", [row["manager_id"] for row in words.managers]
        ),
        "contact_id": draft.linked("contacts", book.contacts),
        "company_id": draft.linked("companies", book.companies),
        "closed_at": draft.instant("closed_at"),
    }
    if status is None and (base is None or pipeline is not None):
        status = stages.first_status(home)
    columns |= {"status_id": status, "pipeline_id": None if status is None else home}
    reason = draft.choice("loss_reason_id", words.loss_reason_ids.values())
    if reason is not None:
        names = {number: text for text, number in words.loss_reason_ids.items()}
        columns["lost_reason"] = names[reason]
    given = {name: value for name, value in columns.items() if value is not None}
    if status not in (None, WON, LOST):
        given |= {"closed_at": None, "lost_reason": None}
    return given


def read_card(draft: Draft, kind: str, book: AccountBook, words: Dictionaries) -> Row:
    """Columns of a contact or a company."""
    managers = [row["manager_id"] for row in words.managers]
    name = draft.value("name", str)
    columns: Row = {"manager_id": draft.choice("responsible_user_id", managers)}
    if kind == "companies":
        columns["title"] = name
    else:
        columns |= {
            "first_name": draft.value("first_name", str) or name,
            "last_name": draft.value("last_name", str),
            "company_id": draft.linked("companies", book.companies),
        }
    return {name: value for name, value in columns.items() if value is not None}


def read_task(draft: Draft, book: AccountBook, words: Dictionaries, is_new: bool) -> Row:
    """Columns of a task."""
    owner = draft.value("entity_id", int)
    if owner is not None and owner not in book.leads:
        raise draft.refuse("NotSupportedChoice", "entity_id", "There is no such lead")
    result = draft.value("result", dict)
    columns: Row = {
        "subject": draft.value("text", str, is_new),
        "due_at": draft.instant("complete_till", is_new),
        "entity_id": owner,
        "task_type_id": draft.value("task_type_id", int),
        "manager_id": draft.choice(
            "responsible_user_id", [row["manager_id"] for row in words.managers]
        ),
        "is_completed": draft.value("is_completed", bool),
        "result": result.get("text") if result else None,
    }
    return {name: value for name, value in columns.items() if value is not None}
