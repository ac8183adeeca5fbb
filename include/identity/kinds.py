"""What a column of a record may be, by any of its usual names, and what is expected of each kind.

``EXPECTED`` is how two records of one entity are thought to agree before anything was seen, from
levels "differs" to "equal" (see ``sql/match/patterns.sql``); the data correct it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ALIASES = {
    "company": "company organisation organization organisation_name organization_name company_name"
    " firm legal_name business site_name org account"
    " компания организация юрлицо контрагент название наименование",
    "given_name": "given_name first_name forename firstname givenname middle_name patronymic"
    " имя отчество",
    "surname": "surname last_name family_name lastname фамилия",
    "name": "name full_name fullname person person_name title фио фамилия_имя_отчество полное_имя",
    "phone": "phone telephone mobile phone_number tel fax телефон мобильный тел",
    "email": "email e_mail mail email_address почта электронная_почта эл_почта",
    "address": "address street street_address addr address_1 address_2 address_line location"
    " адрес улица",
    "house_number": "house_number street_number house building номер_дома",
    "postcode": "postcode zip zip_code postal_code zipcode индекс почтовый_индекс",
    "birth_date": "birth_date date_of_birth dob birthday birthdate date"
    " дата_рождения день_рождения",
    "tax_id": "tax_id inn ssn soc_sec_id national_id vat_id ein id_number number"
    " registration_number identifier"
    " ogrn snils инн огрн снилс",
    "city": "city suburb town locality place город",
    "state": "state region province country category gender sex type регион область пол",
    "domain": "domain website url web site сайт домен",
    "text": "text other description string текст описание комментарий",
}
KINDS = {alias: kind for kind, aliases in _ALIASES.items() for alias in aliases.split()}

EXPECTED = {
    "company": (0.08, 0.07, 0.12, 0.13, 0.60),
    "name": (0.08, 0.07, 0.12, 0.13, 0.60),
    "given_name": (0.10, 0.04, 0.06, 0.10, 0.70),
    "surname": (0.08, 0.03, 0.05, 0.09, 0.75),
    "phone": (0.20, 0.02, 0.03, 0.05, 0.70),
    "email": (0.20, 0.03, 0.07, 0.10, 0.60),
    "address": (0.15, 0.07, 0.08, 0.15, 0.55),
    "house_number": (0.12, 0.01, 0.01, 0.06, 0.80),
    "postcode": (0.10, 0.02, 0.05, 0.08, 0.75),
    "birth_date": (0.08, 0.02, 0.05, 0.10, 0.75),
    "tax_id": (0.05, 0.01, 0.02, 0.07, 0.85),
    "city": (0.15, 0.03, 0.05, 0.07, 0.70),
    "state": (0.08, 0.01, 0.01, 0.05, 0.85),
    "domain": (0.15, 0.01, 0.02, 0.02, 0.80),
    "text": (0.25, 0.10, 0.10, 0.15, 0.40),
}

NAMING = frozenset({"company", "name", "address", "domain", "email", "phone", "tax_id"})
"""Kinds whose values are an entity's own: people and companies share them by exception."""

PERSONAL = frozenset({"given_name", "surname", "name", "birth_date"})
"""Kinds in which people of one employer are no more alike than others."""


def naming_alone(kinds: Sequence[str]) -> int | None:
    """The place of the only column that is no free text, if it is one of :data:`NAMING`."""
    told = [place for place, kind in enumerate(kinds) if kind != "text"]
    return told[0] if len(told) == 1 and kinds[told[0]] in NAMING else None


def tells_companies(kinds: Sequence[str]) -> bool:
    """Whether a record is a company's name, with nothing beside it but free texts."""
    alone = naming_alone(kinds)
    return alone is not None and kinds[alone] == "company"


def names_nobody(kinds: Sequence[str]) -> bool:
    """Whether no column says whose a phone or a mailbox is."""
    return {"company", "name", "address", "surname", "given_name"}.isdisjoint(kinds)


def employer(kinds: Sequence[str]) -> int | None:
    """The place of the one company column of a file that tells people, which colleagues share."""
    is_of_people = not PERSONAL.isdisjoint(kinds)
    return kinds.index("company") if is_of_people and kinds.count("company") == 1 else None


def homes(kinds: Sequence[str]) -> list[list[int]]:
    """What people of one household share: the places of the address, or of surname and postcode.

    In a file that tells names of people and has one column of addresses: in the public sets that
    have several each tells something, and to tell households apart costs more than it brings.
    """
    address = [place for place, kind in enumerate(kinds) if kind == "address"]
    if {"given_name", "name"}.isdisjoint(kinds) or len(address) != 1:
        return []
    family = [kinds.index(kind) for kind in ("surname", "postcode") if kinds.count(kind) == 1]
    return [address, family] if len(family) == 2 else [address]


def kind_of(words: object) -> str | None:
    """The kind meant by ``words`` (``e-mail``, ``First name``, ``Телефон``), or None."""
    return KINDS.get(re.sub(r"[^a-zа-яё0-9]+", "_", str(words).strip().lower()).strip("_"))
