"""Contacts and companies of one CRM, found again by what was typed, and wrongly so at times.

A phone typed wrongly makes a second contact of the same person; a switchboard shared by a whole
company makes contacts with the same phone, or one contact of two people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from include.sandbox.world.crm_records import NEVER, NOBODY, Company, Contact, Enquiry

JOINS_STRANGERS = 0.2
"""Chance that a manager takes a known phone for the same person, whatever the name."""
MERGED_LATER = 0.45
MERGE_DELAY_SECONDS = 20 * 86_400
KNOWS_TAX_NUMBER = 0.85
FORGETS_COMPANY = 0.3


class PeopleBook:
    """``true_companies`` maps a company id of the population to its row."""

    def __init__(
        self, true_companies: Mapping[int, Mapping[str, Any]], rng: np.random.Generator
    ) -> None:
        self.contacts: list[Contact] = []
        self.companies: list[Company] = []
        self._true = true_companies
        self._rng = rng
        self._by_key: dict[str, list[int]] = {}
        self._by_person: dict[int, int] = {}
        self._by_title: dict[str, int] = {}
        self._by_true_company: dict[int, int] = {}

    def find_contact(self, enquiry: Enquiry) -> int:
        """The contact who has this phone or e-mail and, if both are said, this name."""
        for key in contact_keys(enquiry):
            for place in self._by_key.get(key, ()):
                name = self.contacts[place].enquiry["name"]
                if not name or not enquiry["name"] or _folds(name) == _folds(enquiry["name"]):
                    return place
        return NOBODY

    def take_contact(self, enquiry: Enquiry, at: int) -> int:
        """The known contact, or a new one; a known one learns another phone or e-mail."""
        place = self.find_contact(enquiry)
        strangers = [p for key in contact_keys(enquiry) for p in self._by_key.get(key, ())]
        if place == NOBODY and strangers and self._rng.random() < JOINS_STRANGERS:
            place = strangers[0]
        if place == NOBODY:
            return self._add_contact(enquiry, at)
        # requests are played one by one, so a contact may be known to come of an earlier one
        self.contacts[place].created_at = min(self.contacts[place].created_at, at)
        self._learn(place, enquiry, at)
        return place

    def take_company(self, enquiry: Enquiry, at: int, is_deal: bool) -> int:
        """The company of that title, or a new one; deals also know whom to send an invoice."""
        true = self._true.get(enquiry["company_id"])
        title = enquiry["company_title"]
        if not title and true and is_deal and self._rng.random() >= FORGETS_COMPANY:
            title = true["legal_name"]
        if not title:
            return NOBODY
        place = self._by_title.get(_folds(title), NOBODY)
        if place == NOBODY:
            place = self._add_company(title, enquiry["company_id"], at)
        company = self.companies[place]
        company.created_at = min(company.created_at, at)
        if is_deal and true and not company.inn and company.true_id == true["company_id"]:
            company.domain, company.phone = true["domain"], true["phone"]
            if self._rng.random() < KNOWS_TAX_NUMBER:
                company.inn, company.kpp = true["inn"], true["kpp"]
            company.updated_at = max(company.updated_at, at)
        return place

    def true_company(self, company_id: int) -> Mapping[str, Any] | None:
        """The population's row of a company, None for private people."""
        return self._true.get(company_id)

    def settle_merges(self, until: int) -> None:
        """Give survivors what the records merged into them before ``until`` knew."""
        for contact in self.contacts:
            if contact.merged_into != NOBODY and contact.deleted_at < until:
                survivor = self.contacts[contact.merged_into]
                survivor.phones += [p for p in contact.phones if p not in survivor.phones]
                survivor.emails += [e for e in contact.emails if e not in survivor.emails]
                survivor.person_ids |= contact.person_ids
                survivor.updated_at = max(survivor.updated_at, contact.deleted_at)
        for company in self.companies:
            if company.merged_into != NOBODY and company.deleted_at < until:
                kept = self.companies[company.merged_into]
                for name in ("inn", "kpp", "domain", "phone"):
                    setattr(kept, name, getattr(kept, name) or getattr(company, name))
                kept.updated_at = max(kept.updated_at, company.deleted_at)

    def _add_contact(self, enquiry: Enquiry, at: int) -> int:
        person_id = enquiry["person_id"]
        place = len(self.contacts)
        company = self.take_company(enquiry, at, is_deal=False)
        contact = Contact(enquiry, at, company, set(), enquiry["company_id"], updated_at=at)
        self.contacts.append(contact)
        self._learn(place, enquiry, at)
        twin = self._by_person.get(person_id, NOBODY)
        if person_id and twin != NOBODY and self._rng.random() < MERGED_LATER:
            delay = int(self._rng.exponential(MERGE_DELAY_SECONDS))
            both_at = max(at, self.contacts[twin].created_at)
            contact.merged_into, contact.deleted_at = twin, both_at + 3600 + delay
        elif person_id:
            self._by_person.setdefault(person_id, place)
        return place

    def _learn(self, place: int, enquiry: Enquiry, at: int) -> None:
        contact = self.contacts[place]
        if contact.merged_into != NOBODY and at >= contact.deleted_at:
            self._learn(contact.merged_into, enquiry, at)
            return
        contact.person_ids.add(enquiry["person_id"])
        for value, values in (
            (enquiry["phone"], contact.phones),
            (enquiry["email"], contact.emails),
        ):
            if value and value not in values:
                values.append(value)
                contact.updated_at = max(contact.updated_at, at)
        for key in contact_keys(enquiry):
            places = self._by_key.setdefault(key, [])
            if place not in places:
                places.append(place)

    def _add_company(self, title: str, true_id: int, at: int) -> int:
        place = len(self.companies)
        company = Company(title, at, true_id, updated_at=at)
        self.companies.append(company)
        self._by_title[_folds(title)] = place
        twin = self._by_true_company.get(true_id, NOBODY)
        if true_id and twin != NOBODY and self._rng.random() < MERGED_LATER:
            delay = int(self._rng.exponential(MERGE_DELAY_SECONDS))
            both_at = max(at, self.companies[twin].created_at)
            company.merged_into, company.deleted_at = twin, both_at + 3600 + delay
        elif true_id:
            self._by_true_company.setdefault(true_id, place)
        return place

    def survivor(self, places: list[Contact] | list[Company], place: int, until: int) -> int:
        """Whom a pointer at ``place`` points to once the merges before ``until`` are done."""
        if place == NOBODY:
            return NOBODY
        record = places[place]
        is_gone = record.merged_into != NOBODY and record.deleted_at < until
        return record.merged_into if is_gone and record.deleted_at != NEVER else place


def contact_keys(enquiry: Enquiry) -> list[str]:
    """What a CRM compares: the last ten digits of the phone, the e-mail in small letters."""
    digits = "".join(letter for letter in enquiry["phone"] or "" if letter.isdigit())
    email = (enquiry["email"] or "").strip().lower()
    keys = [f"phone/{digits[-10:]}"] if len(digits) >= 10 else []
    return [*keys, f"email/{email}"] if email else keys


def _folds(name: str) -> str:
    return " ".join(name.lower().replace("ё", "е").split())
