"""Object types: their names in addresses and messages, and the numbers of their associations."""

from __future__ import annotations

from dataclasses import dataclass

from include.sandbox.vendors.hubspot.errors import ApiError

ACTIVITIES = ("calls", "tasks", "meetings", "notes", "communications", "postal_mail")


@dataclass(frozen=True)
class ObjectType:
    """``plural`` is the word of addresses; ``label`` the key of associations in answers."""

    plural: str
    singular: str
    number: str
    defaults: tuple[str, ...]
    modified: str = "hs_lastmodifieddate"
    created: str = "hs_createdate"

    @property
    def label(self) -> str:
        """The key under which a list shows what it is associated with."""
        return self.plural.replace("_", " ")

    @property
    def scope(self) -> str:
        """What a token needs to read it; activities go with contacts."""
        if self.plural == "emails":
            return "sales-email-read"
        if self.plural == "tickets":
            return "tickets"
        is_activity = self.plural in ACTIVITIES
        return f"crm.objects.{'contacts' if is_activity else self.plural}.read"


def _make(plural: str, singular: str, number: str, *defaults: str) -> ObjectType:
    return ObjectType(plural, singular, number, defaults)


UNUSED_TYPES = (
    _make("tickets", "ticket", "0-5", "subject", "content", "hs_pipeline", "hs_pipeline_stage"),
    _make("quotes", "quote", "0-14", "hs_title", "hs_expiration_date", "hs_status"),
    _make("orders", "order", "0-123", "hs_order_name"),
    _make("carts", "cart", "0-142"),
    _make("subscriptions", "subscription", "0-69"),
    _make("communications", "communication", "0-18"),
    _make("postal_mail", "postal_mail", "0-116"),
    _make("deal_splits", "deal_split", "0-72"),
    _make("goal_targets", "goal_target", "0-74"),
    _make("feedback_submissions", "feedback_submission", "0-19"),
    _make("discounts", "discount", "0-84"),
    _make("fees", "fee", "0-85"),
    _make("taxes", "tax", "0-86"),
    _make("commerce_payments", "commerce_payment", "0-101"),
    _make("forms", "form", "0-28"),
    _make("marketing_events", "marketing_event", "0-54"),
)
"""Standard types the portal keeps nothing in: connectors that read them all find empty lists."""
UNUSED = frozenset(kind.plural for kind in UNUSED_TYPES)

OBJECT_TYPES: dict[str, ObjectType] = {
    kind.plural: kind
    for kind in (
        ObjectType(
            "contacts",
            "contact",
            "0-1",
            ("email", "firstname", "lastname"),
            modified="lastmodifieddate",
            created="createdate",
        ),
        ObjectType("companies", "company", "0-2", ("domain", "name"), created="createdate"),
        ObjectType(
            "deals",
            "deal",
            "0-3",
            ("amount", "closedate", "dealname", "dealstage", "pipeline"),
            created="createdate",
        ),
        _make("leads", "lead", "0-136", "hs_lead_name"),
        _make("products", "product", "0-7", "name", "price", "description"),
        _make("line_items", "line_item", "0-8", "quantity", "amount", "price"),
        _make("invoices", "invoice", "0-53"),
        _make("calls", "call", "0-48"),
        _make("tasks", "task", "0-27"),
        _make("meetings", "meeting", "0-47"),
        _make("emails", "email", "0-49"),
        _make("notes", "note", "0-46"),
        *UNUSED_TYPES,
    )
}
ASSOCIATION_NUMBERS: dict[tuple[str, str], int] = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
    ("deals", "line_items"): 19,
    ("line_items", "deals"): 20,
    ("calls", "contacts"): 194,
    ("contacts", "calls"): 193,
    ("calls", "deals"): 206,
    ("deals", "calls"): 205,
    ("tasks", "contacts"): 204,
    ("contacts", "tasks"): 203,
    ("tasks", "deals"): 216,
    ("deals", "tasks"): 215,
    ("meetings", "contacts"): 200,
    ("contacts", "meetings"): 199,
    ("meetings", "deals"): 212,
    ("deals", "meetings"): 211,
    ("emails", "contacts"): 198,
    ("contacts", "emails"): 197,
    ("emails", "deals"): 210,
    ("deals", "emails"): 209,
    ("leads", "contacts"): 578,
    ("contacts", "leads"): 579,
    ("leads", "companies"): 610,
    ("companies", "leads"): 611,
    ("leads", "deals"): 583,
    ("deals", "leads"): 584,
    ("invoices", "deals"): 175,
    ("deals", "invoices"): 176,
    ("tickets", "contacts"): 16,
    ("contacts", "tickets"): 15,
    ("tickets", "companies"): 26,
    ("companies", "tickets"): 25,
    ("tickets", "deals"): 28,
    ("deals", "tickets"): 27,
    ("quotes", "deals"): 64,
    ("deals", "quotes"): 63,
}
"""(from, to) → the type id of the vendor's own association."""


def find_type(word: str) -> ObjectType:
    """The type of a plural, singular or numbered name; VALIDATION_ERROR for another."""
    folded = word.lower().replace(" ", "_")
    for kind in OBJECT_TYPES.values():
        if folded in (kind.plural, kind.singular, kind.number):
            return kind
    raise ApiError("VALIDATION_ERROR", f"Unable to infer object type from: {word}")


def association_name(source: ObjectType, target: ObjectType) -> str:
    """How version 3 calls an association."""
    return f"{source.singular}_to_{target.singular}"
