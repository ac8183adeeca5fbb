"""Short forms of given names."""

from __future__ import annotations

import pytest

from include.identity.normal import fold, normalise
from include.identity.short_names import FULL_NAMES, SHORT_FORMS


@pytest.mark.parametrize(
    ("short", "full"),
    [("Саша", "Александр"), ("Лёша", "Алексей"), ("НАТАША", "Наталья"), ("Bill", "William")],
)
def test_a_short_form_is_the_name_it_is_short_for(short: str, full: str) -> None:
    assert normalise("given_name", short, "RU") == normalise("given_name", full, "RU")
    told = [normalise("name", f"{one} Zabolotskiy", "RU") for one in (short, full)]
    assert told[0] == told[1]


@pytest.mark.parametrize("name", ["Слава", "Валя", "Alex", "Jack"])
def test_a_short_form_of_several_names_stays(name: str) -> None:
    assert normalise("given_name", name, "RU") == normalise("surname", name, "RU")


def test_a_surname_and_a_firm_are_not_taken_for_short_forms() -> None:
    assert normalise("surname", "Bill", "US") == "bill"
    assert normalise("company", "Вика", "RU") == "vika"


def test_no_full_form_is_itself_short_for_another() -> None:
    assert not FULL_NAMES.keys() & set(FULL_NAMES.values())


def test_no_two_short_forms_of_different_names_are_spelt_alike_in_latin_script() -> None:
    listed = " ".join(SHORT_FORMS.values()).split()
    assert len({fold(short) for short in listed}) == len(listed)
