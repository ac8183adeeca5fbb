"""What a column may be called in a specification."""

from __future__ import annotations

import pytest

from include.identity.kinds import KINDS, kind_of


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("E-mail", "email"),
        ("First Name", "given_name"),
        ("Телефон", "phone"),
        ("ФИО", "name"),
        ("Фамилия, имя, отчество", "name"),
        ("дата рождения", "birth_date"),
        ("Эл. почта", "email"),
        ("ИНН", "tax_id"),
        ("цвет", None),
        (None, None),
    ],
)
def test_a_kind_is_known_by_its_usual_names_in_english_and_russian(
    words: object, kind: str | None
) -> None:
    assert kind_of(words) == kind


def test_every_usual_name_is_found_as_it_is_written() -> None:
    assert {name: kind_of(name) for name in KINDS} == KINDS
