"""Records of one CRM while they are being played, before they get numbers and become tables.

Instants are whole seconds since 1970; ``NEVER`` is none. Other records are pointed at by their
place in the book's lists, ``NOBODY`` is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NEVER = 2**62
NOBODY = -1
Enquiry = Mapping[str, Any]
"""A row of ``ENQUIRY`` whose ``at`` is its ``occurred_at`` in seconds."""


@dataclass(frozen=True)
class Step:
    """An entry into a stage."""

    at: int
    pipeline_id: int
    stage_id: str
    manager_id: int


@dataclass
class Company:
    """``true_id`` is the company it really is, 0 where nobody knows."""

    title: str
    created_at: int
    true_id: int
    inn: str = ""
    kpp: str = ""
    domain: str = ""
    phone: str = ""
    updated_at: int = 0
    deleted_at: int = NEVER
    merged_into: int = NOBODY


@dataclass
class Contact:
    """``person_ids`` are those who really stand behind it; more than one by mistake."""

    enquiry: Enquiry
    created_at: int
    company: int
    person_ids: set[int]
    true_company_id: int
    phones: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    updated_at: int = 0
    deleted_at: int = NEVER
    merged_into: int = NOBODY


@dataclass
class Lead:
    """``spoiled`` says that the sales team lost somebody who would have bought."""

    enquiry: Enquiry
    created_at: int
    manager_id: int
    contact: int = NOBODY
    company: int = NOBODY
    deal: int = NOBODY
    steps: list[Step] = field(default_factory=list)
    first_reply_at: int = NEVER
    lost_reason: str = ""
    edited_at: int = 0
    deleted_at: int = NEVER
    merged_into: int = NOBODY
    is_spoiled: bool = False

    @property
    def closed_at(self) -> int:
        """When its last step was."""
        return self.steps[-1].at


@dataclass
class Deal:
    """``enquiry`` is None for repeated sales that nobody asked for on the site."""

    enquiry: Enquiry | None
    created_at: int
    manager_id: int
    lead: int
    contact: int
    company: int
    person_id: int
    true_company_id: int
    amount_micros: int
    title: str
    source: str
    steps: list[Step] = field(default_factory=list)
    rows: list[tuple[int, int, int]] = field(default_factory=list)
    payments: list[tuple[int, int, int]] = field(default_factory=list)
    """When, micros with VAT (negative for refunds), VAT of them."""
    lost_reason: str = ""
    edited_at: int = 0
    deleted_at: int = NEVER
    merged_into: int = NOBODY

    @property
    def closed_at(self) -> int:
        """When its last step was."""
        return self.steps[-1].at


@dataclass(frozen=True)
class Task:
    """Something a manager was to do about a lead or a deal."""

    entity: str
    place: int
    kind: str
    subject: str
    manager_id: int
    created_at: int
    due_at: int
    done_at: int
