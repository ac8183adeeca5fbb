"""What people say or type about themselves: short, wrong, borrowed or made up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from include.sandbox.world.names import (
    THROWAWAY_MAIL,
    mistype_phone,
    respell_company,
    retype_phone,
    swap_letters,
    transliterate,
)
from include.sandbox.world.sizes import Size

TEST_NAMES = ("Тест", "test", "Тестовая заявка", "qwe")
SPAM_NAMES = ("Продвижение сайтов", "SEO Promotion", "Займы онлайн", "Cheap traffic")
TITLE_SHARE = {"form": 0.5, "call": 0.4, "chat": 0.3, "exhibition": 0.95, "outbound_call": 0.8}
SWITCHBOARD_SHARE = 0.5
NOBODYS_PHONE = "+79990000000"


@dataclass(frozen=True)
class Typed:
    """As typed; ``caller_phone`` is the E.164 number a call would come from."""

    name: str
    phone: str
    email: str
    company_title: str
    caller_phone: str
    is_phone_wrong: bool = False
    is_email_wrong: bool = False


def type_about_oneself(
    rng: np.random.Generator,
    size: Size,
    kind: str,
    person: Mapping[str, Any],
    company: Mapping[str, Any] | None,
) -> Typed:
    """What ``person`` asking for ``company`` leaves in an enquiry of that kind."""
    caller = person["mobile"]
    if company and person["has_shared_phone"] and rng.random() < SWITCHBOARD_SHARE:
        caller = company["phone"]
    is_typed = kind in ("form", "chat")
    phone, email = caller, ""
    is_phone_wrong = is_email_wrong = False
    if is_typed:
        is_phone_wrong = bool(rng.random() < size.typo_share)
        phone = retype_phone(mistype_phone(caller, rng) if is_phone_wrong else caller, rng)
        phone = "" if rng.random() < (0.08 if kind == "form" else 0.45) else phone
    if is_typed or kind == "exhibition" or rng.random() < 0.25:
        email = "" if rng.random() < 0.3 and phone else person["email"]
        if email and rng.random() < size.typo_share:
            name, at, domain = email.partition("@")
            email = f"{swap_letters(name, rng)}{at}{domain}"
            is_email_wrong = email != person["email"]
        elif email and is_typed and rng.random() < size.throwaway_email_share:
            mailer = THROWAWAY_MAIL[rng.integers(len(THROWAWAY_MAIL))]
            email = f"{transliterate(person['first_name'])}{rng.integers(10**6)}@{mailer}"
        elif email and rng.random() < 0.15:
            email = email.capitalize()
    title = ""
    if company and rng.random() < TITLE_SHARE[kind]:
        title = respell_company(company["legal_name"], company["bare_name"], rng)
    name = type_name(rng, person["first_name"], person["last_name"])
    return Typed(name, phone, email, title, caller, is_phone_wrong, is_email_wrong)


def type_name(rng: np.random.Generator, first: str, last: str) -> str:
    """First name, both names in either order, or neither capital nor last name."""
    forms = (first, f"{first} {last}", f"{last} {first}", first.lower(), f"{first} {last[0]}.")
    return forms[rng.choice(5, p=(0.4, 0.3, 0.12, 0.1, 0.08))]


def type_test(rng: np.random.Generator) -> Typed:
    """A lead that marketers leave to see whether the form works."""
    name = TEST_NAMES[rng.integers(len(TEST_NAMES))]
    return Typed(name, NOBODYS_PHONE, "test@test.example", "", NOBODYS_PHONE)


def type_spam(rng: np.random.Generator) -> Typed:
    """Somebody who sells instead of buying."""
    name = SPAM_NAMES[rng.integers(len(SPAM_NAMES))]
    phone = f"+7958{rng.integers(10**7):07d}"
    return Typed(name, phone, f"promo{rng.integers(1000)}@seo.example", "", phone)
