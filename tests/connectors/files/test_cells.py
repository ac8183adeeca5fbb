"""What a cell's text may be for each type of column."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.protocol import BadInput
from tests.connectors.files.reading import LEADS, read_text

YEARS = (datetime(1971, 1, 1), datetime(2140, 1, 1))  # noqa: DTZ001 - local, without a zone
MONEY = """
entity: customer_revenue
files: x
delimiter: ";"
currency: {column: cur, values: {руб: RUB}}
vat_basis: net
columns: {customer_id: id, revenue_amount: sum}
"""


def amounts(*texts: str, extra: str = "") -> list[Decimal | str | None]:
    """What each text is read as: an amount, NULL, or the reason code."""
    lines = [f"{place};{text};RUB" for place, text in enumerate(texts)]
    answer = read_text("\n".join(["id;sum;cur", *lines]), MONEY + extra)
    found: dict[int, Decimal | str | None] = {
        int(row["customer_id"]): row["revenue_amount"] for row in answer.rows
    }
    found |= {item.line_number - 2: item.reason_code for item in answer.rejected}
    return [found[place] for place in range(len(texts))]


def test_amounts_with_a_dot():
    assert amounts(
        "1", "1.5", "-2.50", "+3", ".5", "1 234.50", "1\u00a0000\u00a0000", "7.1000"
    ) == [
        Decimal("1.00"),
        Decimal("1.50"),
        Decimal("-2.50"),
        Decimal("3.00"),
        Decimal("0.50"),
        Decimal("1234.50"),
        Decimal("1000000.00"),
        Decimal("7.10"),
    ]


def test_amounts_with_a_comma():
    comma = "decimal: comma\n"
    assert amounts("1,5", "1 234,56", "\u22127,00", "12\u202f000", extra=comma) == [
        Decimal("1.50"),
        Decimal("1234.56"),
        Decimal("-7.00"),
        Decimal("12000.00"),
    ]
    assert amounts("1.234", "1.5", extra=comma) == ["bad_decimal", "bad_decimal"]
    assert amounts("1.234.567,80", "1.23,4", extra=comma + "thousands: dot\n") == [
        Decimal("1234567.80"),
        "bad_decimal",
    ]


@pytest.mark.parametrize(
    "text",
    ["1,5", "1e3", "NaN", "inf", "1.555", "1 23", "12 34.00", "0x1", "5.", "12345678901234567"],
)
def test_what_is_not_an_amount_is_never_guessed(text):
    assert amounts("1", text) == [Decimal("1.00"), "bad_decimal"]


def test_currency_words_are_translated_and_others_rejected():
    answer = read_text("id;sum;cur\n1;2;руб\n2;2;usd\n3;2;дублон\n4;2;\n", MONEY)
    assert answer.column("currency_code") == ["RUB", "USD"]
    assert answer.codes == [(4, "bad_currency"), (5, "missing_required")]


def test_only_empty_cells_and_named_words_are_null():
    mapping = LEADS + "null_values: ['-', NULL]\n"
    answer = read_text("id,name\n1,\n2,unknown\n3,-\n4,NULL\n5,null\n", mapping)
    assert answer.column("person_name") == [None, "unknown", None, None, "null"]


def instants(*texts: str, zone: str = "Europe/Moscow", formats: str = "") -> list:
    """What each text is read as: an instant or the reason code."""
    mapping = LEADS.replace("Europe/Moscow", zone) + formats
    lines = [f"{place},{text}" for place, text in enumerate(texts)]
    answer = read_text("\n".join(["id,created", *lines]), mapping)
    found = {int(row["lead_id"]): row["created_at"] for row in answer.rows}
    found |= {item.line_number - 2: item.reason_code for item in answer.rejected}
    return [found[place] for place in range(len(texts))]


def utc(*parts: int) -> datetime:
    """A UTC instant."""
    return datetime(*parts, tzinfo=UTC)


def test_naive_instants_are_in_the_mappings_zone_and_offsets_speak_for_themselves():
    assert instants("2026-03-01 12:00:00") == [utc(2026, 3, 1, 9)]
    assert instants("2026-03-01T12:00", "2026-03-01T12:00:00.5Z", "2026-03-01 12:00+05:00") == [
        utc(2026, 3, 1, 9),
        utc(2026, 3, 1, 12, 0, 0, 500_000),
        utc(2026, 3, 1, 7),
    ]


def test_a_skipped_local_time_is_the_jump_and_a_doubled_one_the_earlier():
    zone = "America/Sao_Paulo"
    # At midnight of 4 November 2018 clocks jumped to 01:00; on 18 February 23:00 came twice.
    texts = ("2018-11-04 00:30:00", "2018-02-17 23:30:00")
    expected = [utc(2018, 11, 4, 3), utc(2018, 2, 18, 1, 30)]
    assert instants(*texts, zone=zone) == expected
    mixed = instants(*texts, "2018-11-04T00:30:00Z", zone=zone)
    assert mixed == [*expected, utc(2018, 11, 4, 0, 30)]


def test_instants_in_several_declared_formats():
    formats = "datetime_format: ['%d.%m.%Y %H:%M:%S', '%d.%m.%y %H:%M', '%d.%m.%Y']\n"
    assert instants("01.02.2026 03:04:05", "1.2.26 3:04", "01.02.2026", formats=formats) == [
        utc(2026, 2, 1, 0, 4, 5),
        utc(2026, 2, 1, 0, 4),
        utc(2026, 1, 31, 21),
    ]


def test_impossible_instants_are_rejected_each_alone():
    formats = "datetime_format: '%d.%m.%Y %H:%M'\n"
    texts = ("30.02.2026 10:00", "01.02.2026 25:00", "2026-02-01", "01.02.2026 10:00", "x")
    bad = "bad_datetime"
    assert instants(*texts, formats=formats) == [bad, bad, bad, utc(2026, 2, 1, 7), bad]
    assert instants("01.01.0001 00:00", "01.01.9999 00:00", formats=formats) == [bad, bad]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.datetimes(*YEARS), min_size=1, max_size=5),
    st.sampled_from(["%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y%m%d %H:%M", "%d %m %Y в %H:%M"]),
)
def test_the_quick_and_the_careful_reading_of_instants_agree(values, pattern):
    formats = f"datetime_format: '{pattern}'\n"
    texts = [value.strftime(pattern) for value in values]
    quick = instants(*texts, formats=formats)
    # One odd cell sends the whole block the careful way.
    careful = instants(*texts, "x", formats=formats)
    assert careful == [*quick, "bad_datetime"]
    assert "bad_datetime" not in quick


def test_days_in_declared_formats():
    mapping = """
entity: lead
files: x
date_format: ["%d.%m.%Y", "%d/%m/%y"]
columns: {lead_id: id, created_date: day}
"""
    answer = read_text(
        "id,day\n1,05.11.2026\n2,5/11/26\n3,2026-11-05\n4,2026-11-05 00:00:00\n5,11.05\n"
        "6,2026-11-05 10:00\n7,31.11.2026\n8,\n",
        mapping,
    )
    assert answer.column("created_date") == [date(2026, 11, 5)] * 4 + [None]
    assert answer.codes == [(6, "bad_date"), (7, "bad_date"), (8, "bad_date")]


def test_statuses_are_translated_and_unknown_ones_rejected():
    mapping = """
entity: deal
files: x
currency: RUB
vat_basis: gross
columns: {deal_id: id, status: status}
status_values: {Успешно: won, Отказ: lost, В работе: open}
"""
    answer = read_text("id,status\n1,Успешно\n2,ОТКАЗ \n3,в работе\n4,Думает\n5,\n6,won\n", mapping)
    assert answer.column("status") == ["won", "lost", "open"]
    assert answer.codes == [(5, "unknown_status"), (6, "missing_required"), (7, "unknown_status")]


def test_constants_and_words_fill_columns():
    mapping = """
entity: lead
files: x
columns:
  lead_id: id
  source_label: {const: Выставка}
  created_date: {const: "2026-03-01"}
  utm_medium: {column: kind, values: {реклама: cpc, "пусто": ""}}
"""
    answer = read_text("id,kind\n1,Реклама\n2,прочее\n3,пусто\n", mapping)
    assert answer.column("utm_medium") == ["cpc", "прочее", None]
    assert answer.column("source_label") == ["Выставка"] * 3
    assert answer.column("created_date") == [date(2026, 3, 1)] * 3


def test_a_constant_that_does_not_fit_its_column_is_the_mappings_fault():
    mapping = "entity: lead\nfiles: x\ncolumns: {lead_id: id, created_date: {const: soon}}\n"
    with pytest.raises(BadInput, match=r"m\.yaml:3: the constant of created_date"):
        read_text("id\n1\n", mapping)


PLAN = """
entity: budget_plan
files: x
delimiter: ";"
decimal: comma
date_format: ["%m.%Y", "%d.%m.%Y"]
currency: RUB
vat_basis: net
columns:
  period_from: month
  period_kind: {column: kind, values: {мес.: month, кв.: quarter}}
  channel_label: channel
  planned_cost_amount: cost
"""


def test_a_month_is_its_first_day_where_the_mapping_says_so():
    lines = [
        "month;kind;channel;cost",
        "03.2026;мес.;a;1",
        "01.04.2026;кв.;a;2",
        "13.2026;мес.;a;3",
    ]
    answer = read_text("\n".join(lines), PLAN)
    assert answer.column("period_from") == [date(2026, 3, 1), date(2026, 4, 1)]
    assert answer.codes == [(4, "bad_date")]


def test_a_column_of_few_words_takes_no_other_word():
    lines = ["month;kind;channel;cost", "03.2026;МЕС.;a;1", "03.2026;week;a;2", "03.2026;;a;3"]
    answer = read_text("\n".join(lines), PLAN)
    assert answer.column("period_kind") == ["month"]
    assert answer.codes == [(3, "unknown_period_kind"), (4, "missing_required")]


COSTS = """
entity: product_cost
files: x
delimiter: ";"
currency: RUB
vat_basis: net
columns: {sku: sku, valid_from: day, unit_cost: {first_of: [new, old]}}
"""


def test_a_number_has_up_to_six_decimals_and_stands_in_one_of_two_columns():
    lines = [
        "sku;day;new;old",
        "a;2026-03-01;1.123456;",
        "b;2026-03-01;;1234567890123456.5",
        "c;2026-03-01;1.1234567;",
        "d;2026-03-01;1;1",
        "e;2026-03-01;;",
    ]
    answer = read_text("\n".join(lines), COSTS)
    assert answer.column("unit_cost") == [Decimal("1.123456"), Decimal("1234567890123456.5")]
    assert answer.codes == [(4, "bad_decimal"), (5, "two_filled"), (6, "missing_required")]
    assert all("'new' or 'old'" in item.reason for item in answer.rejected)
