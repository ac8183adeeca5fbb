"""A wrong mapping is refused with file, line and cure."""

from __future__ import annotations

import pytest

from include.connectors.files.drop_folder import matches
from include.connectors.files.mapping import parse_mapping
from include.connectors.protocol import BadInput

GOOD = """description: Deals of the CRM.
entity: deal
files: deals_*.csv
time_zone: Europe/Moscow
currency: RUB
vat_basis: gross
columns:
  deal_id: id
  status: status
  closed_at: closed
status_values: {Yes: won, no: lost}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("entity: deal", "entity: deals", r"m\.yaml:2: entity is 'deals'.*Did you mean 'deal'"),
        ("files: deals", "file: deals", r"m\.yaml:3: .*no key 'file'.*Did you mean 'files'"),
        ("time_zone: Europe/Moscow", "time_zone: Moscow", r"m\.yaml:4: 'Moscow' is not an IANA"),
        ("time_zone: Europe/Moscow\n", "", r"m\.yaml:1: the key 'time_zone' is missing.*closed_at"),
        ("currency: RUB\n", "", r"the key 'currency' is missing"),
        ("currency: RUB", "currency: rubles", r"m\.yaml:5: .*ISO 4217"),
        ("vat_basis: gross", "vat_basis: brutto", r"m\.yaml:6: .*net, gross, none, unknown"),
        ("  deal_id: id", "  deal: id", r"m\.yaml:8: deal has no column 'deal'.*'deal_id'"),
        ("  deal_id: id\n", "", r"columns lacks 'deal_id'"),
        ("  deal_id: id", "  deal_id: {col: id}", r"m\.yaml:8: .*no key 'col'"),
        ("  deal_id: id", "  deal_id: {values: {a: b}}", r"exactly one of `column` and `const`"),
        ("  deal_id: id", "  deal_id: [id]", r"m\.yaml:8: .*"),
        ("no: lost", "no: gone", r"m\.yaml:11: the status for 'no' is 'gone'"),
        ("vat_basis: gross", "vat_basis: gross\nvat_basis: net", r"m\.yaml:7: .*twice.*line 6"),
        ("entity", "\tentity", r"m\.yaml:2: not valid YAML"),
        ("entity", "encoding: cp125\nentity", r"m\.yaml:2: encoding 'cp125' is not known"),
        ("entity", "encoding: base64\nentity", r"m\.yaml:2: .*not a text encoding"),
        ("entity", "delimiter: ab\nentity", r"m\.yaml:2: delimiter 'ab' must be one sign"),
        ("entity", "header_row: 0\nentity", r"m\.yaml:2: header_row is the 1-based row"),
        ("entity", "date_format: '%d %b'\nentity", r"%b is not supported"),
        ("entity", "date_format: '%Y-%d-%m'\nentity", r"year-day-month"),
        ("entity", "datetime_format: '%d.%m.%Y %H'\nentity", r"both %H and %M"),
        ("entity", "decimal: comma\nthousands: comma\nentity", r"the same sign"),
        ("entity", "personal: [closed]\nentity", r"'closed' is personal but mapped to closed_at"),
        ("entity", "personal: [a]\nkeep_extra: [a]\nentity", r"may not be kept in extra"),
        (GOOD, "", r"m\.yaml:1: the file is empty"),
        (GOOD, "- a\n", r"m\.yaml:1: a mapping must be keys and values"),
    ],
)
def test_a_wrong_mapping_names_its_line_and_the_cure(old, new, message):
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(BadInput, match=message):
        parse_mapping(text, "m.yaml", "m")


PAYMENT = """entity: payment
files: bank_*.csv
currency: RUB
vat_basis: gross
columns:
  paid_date: day
  direction: {by_filled: {credit: in, debit: out}}
  amount: {first_of: [credit, debit]}
  counterparty_name: payer
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  paid_date: day\n", "", r"m\.yaml:6: columns lacks 'paid_date' and 'paid_at'.*one of"),
        ("credit: in", "credit: inn", r"m\.yaml:7: the direction for 'credit' is 'inn'.*in, out"),
        ("{by_filled: {credit: in, debit: out}}", "{const: both}", r"direction must be one of in"),
        ("{first_of: [", "{column: a, first_of: [", r"m\.yaml:8: .*exactly one of"),
        ("entity", "personal: [credit]\nentity", r"'credit' is personal but mapped to direction"),
        ("entity", "totals: maybe\nentity", r"m\.yaml:1: totals is 'maybe'.*check, ignore"),
        ("currency: RUB\n", "", r"the key 'currency' is missing"),
        ("  amount:", "  vat_basis: x\n  amount:", r"use the key 'vat_basis' of the mapping"),
    ],
)
def test_a_wrong_mapping_of_payments_is_refused_too(old, new, message):
    text = PAYMENT.replace(old, new, 1)
    assert text != PAYMENT
    with pytest.raises(BadInput, match=message):
        parse_mapping(text, "m.yaml", "m")


def test_a_personal_column_may_fill_what_is_declared_personal():
    mapping = parse_mapping(PAYMENT + "personal: [payer]\n", "m.yaml", "m")
    assert mapping.entity.personal == ("counterparty_name", "purpose")


def test_yaml_words_stay_the_words_that_were_written():
    mapping = parse_mapping(GOOD + "null_values: [null, no, 007]\n", "m.yaml", "m")
    assert mapping.null_values == ("null", "no", "007")
    assert mapping.columns["status"].values == {"Yes": "won", "no": "lost"}


def test_the_fingerprint_covers_meaning_not_comments():
    first = parse_mapping(GOOD, "m.yaml", "m").fingerprint
    commented = GOOD.replace("Deals of", "All deals of") + "# a comment\n"
    assert parse_mapping(commented, "m.yaml", "m").fingerprint == first
    assert parse_mapping(GOOD.replace("gross", "net"), "m.yaml", "m").fingerprint != first


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("leads*.csv", "leads_1.csv", True),
        ("leads*.csv", "LEADS_1.CSV", True),
        ("leads*.csv", "2026/03/leads_1.csv", True),
        ("leads*.csv", "leads_1.csv.gz", False),
        ("2026/*.csv", "2026/a.csv", True),
        ("2026/*.csv", "2026/03/a.csv", False),
        ("2026/**/*.csv", "2026/03/a.csv", True),
        ("2026/**/*.csv", "2026/a.csv", True),
        ("2026/*.csv", "x/2026/a.csv", False),
    ],
)
def test_a_glob_stays_inside_its_folder_unless_it_says_otherwise(pattern, name, expected):
    assert matches(pattern, name) is expected
