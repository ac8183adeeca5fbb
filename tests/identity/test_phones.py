"""Phones become E.164, or say why not; they never become another phone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from include.identity.phones import POSSIBLE, read_phone, read_phones

MOBILES = st.integers(900_000_0000, 999_999_9999).map(str)


@given(MOBILES, st.sampled_from(["+7 {}", "8 ({})", "{}", "7{}", "+8{}"]))
def test_every_way_to_type_a_russian_mobile_is_one_number(number: str, how: str) -> None:
    assert read_phone(how.format(number), "") == (f"7{number}", POSSIBLE)


@given(st.text(max_size=30), st.sampled_from(["", "RU", "US", "GB"]))
def test_any_text_gives_a_number_that_reads_as_itself_or_a_reason(text: str, region: str) -> None:
    digits, verdict = read_phone(text, region)
    assert (digits is None) == (verdict != POSSIBLE)
    if digits is not None:
        assert read_phone(f"+{digits}", region) == (digits, POSSIBLE)


def test_a_country_nobody_has_is_not_taken_for_a_call_at_home() -> None:
    assert read_phone("+999 123 45 67", "") == (None, "invalid_country_code")
    assert read_phone("+8 916 123 45 67", "US") == (None, "invalid_country_code")


def test_rows_keep_what_was_typed() -> None:
    assert read_phones([("US", " 212-200-8138", "212-200-8138")]) == [
        ("US", " 212-200-8138", "212-200-8138", "12122008138", POSSIBLE)
    ]
