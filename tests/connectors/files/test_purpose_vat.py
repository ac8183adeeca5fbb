"""VAT is read from a payment's purpose as it is written, and never guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.connectors.files.purpose_vat import read_vat


@pytest.mark.parametrize(
    ("purpose", "expected"),
    [
        ("Оплата по счету 5, в т.ч. НДС 22% - 220.00", ("gross", "220.00")),
        ("Оплата. В том числе НДС (20%) 200-00 руб.", ("gross", "200.00")),
        ("Сумма 1220-00, В т.ч. НДС(22%)=220,00", ("gross", "220.00")),
        ("по договору 22, в т.ч. НДС 22/122 220.00", ("gross", "220.00")),
        ("в том числе НДС в сумме 58.10", ("gross", "58.10")),
        ("НДС 5 % 58.10", ("gross", "58.10")),
        ("в т.ч. НДС 22%", ("gross", "")),
        ("Оплата услуг. НДС не облагается.", ("none", "")),
        ("Оплата услуг. Без НДС", ("none", "")),
        ("Аванс, без налога (НДС)", ("none", "")),
        ("НДС не предусмотрен", ("none", "")),
        ("Оплата по договору 17", ("unknown", "")),
        ("НДС 22% 220.00, НДС 10% 10.00", ("unknown", "")),
        ("Часть без НДС, часть НДС 22% 20.00", ("unknown", "")),
        ("в т.ч. НДС 22% - 221.00", ("unknown", "")),
        ("", ("unknown", "")),
    ],
)
def test_the_words_of_the_purpose_decide(purpose, expected):
    assert read_vat(purpose, Decimal("1220.00")) == expected


def test_groups_of_three_are_one_amount():
    assert read_vat("НДС 22% 44 000,00", Decimal("244000")) == ("gross", "44000.00")


def test_a_stated_amount_is_not_believed_without_the_sum_it_is_part_of():
    assert read_vat("НДС 22% 220.00", None) == ("unknown", "")
