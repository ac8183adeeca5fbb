"""Nothing secret or personal may survive redaction, in any text around it."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from include.alerts.redaction import (
    EMAIL,
    LONGEST_READ,
    PHONE,
    SECRET,
    redact,
    redact_first_line,
)

AROUND = st.text(max_size=60)
"""Any text; a separator keeps generated neighbours from changing what the value itself is."""

RUSSIAN_SPELLINGS = (
    "+7{a}{b}{c}{d}",
    "7{a}{b}{c}{d}",
    "8{a}{b}{c}{d}",
    "{a}{b}{c}{d}",
    "+7 ({a}) {b}-{c}-{d}",
    "+7({a}){b}-{c}-{d}",
    "8 ({a}) {b} {c} {d}",
    "8-{a}-{b}-{c}-{d}",
    "8 {a} {b}-{c}{d}",
    "+7 {a} {b} {c} {d}",
    "+7\u00a0{a}\u00a0{b}\u2011{c}\u2011{d}",
    "+7.{a}.{b}.{c}.{d}",
    "8 - ({a}) - {b} - {c} - {d}",
    "007{a}{b}{c}{d}",
    "%2B7{a}{b}{c}{d}",
    "({a}) {b}-{c}-{d}",
)


@st.composite
def russian_phones(draw: st.DrawFn) -> str:
    """A Russian number in one of the ways people and CRMs write it."""
    area = draw(st.sampled_from("3489")) + draw(st.from_regex(r"[0-9]{2}", fullmatch=True))
    parts = [draw(st.from_regex(rf"[0-9]{{{n}}}", fullmatch=True)) for n in (3, 2, 2)]
    spelling = draw(st.sampled_from(RUSSIAN_SPELLINGS))
    return spelling.format(a=area, b=parts[0], c=parts[1], d=parts[2])


@st.composite
def international_phones(draw: st.DrawFn) -> str:
    """A number with a plus, a country code and 8 to 15 digits in groups."""
    country = draw(st.sampled_from([1, 20, 34, 44, 49, 86, 90, 91, 371, 375, 380, 971, 994, 998]))
    groups = draw(st.lists(st.from_regex(r"[0-9]{2,4}", fullmatch=True), min_size=4, max_size=4))
    assume(8 <= len(str(country)) + sum(map(len, groups)) <= 15)
    return f"+{country}" + "".join(draw(st.sampled_from(" -.")) + group for group in groups)


@st.composite
def tokens(draw: st.DrawFn) -> str:
    """A generated key: 24 to 80 URL-safe characters with both cases and digits."""
    token = draw(st.text(string.ascii_letters + string.digits + "_-", min_size=24, max_size=80))
    assume(any(c.isdigit() for c in token))
    assume(any(c.islower() for c in token) and any(c.isupper() for c in token))
    return token


def digits_of(text: str) -> str:
    """The decimal digits of ``text``, to look for a number whatever stands between them."""
    return "".join(c for c in text if c.isdigit())


@given(AROUND, russian_phones(), AROUND)
def test_no_russian_phone_survives_in_any_text(before: str, phone: str, after: str) -> None:
    cleaned = redact(f"{before};{phone};{after}")
    assert phone not in cleaned
    assert PHONE in cleaned


@given(international_phones())
def test_no_international_phone_leaves_a_digit_behind(phone: str) -> None:
    assert digits_of(redact(f"call <{phone}> failed")) == ""


@given(russian_phones())
def test_no_russian_phone_leaves_a_digit_behind(phone: str) -> None:
    assert digits_of(redact(f"call <{phone}> failed")) == ""


@given(AROUND, st.emails(), AROUND)
def test_no_email_survives_in_any_text(before: str, email: str, after: str) -> None:
    cleaned = redact(f"{before} {email} {after}")
    assert email not in cleaned
    assert EMAIL in cleaned
    assert f"@{email.rpartition('@')[2]}" not in cleaned


@given(AROUND, tokens(), AROUND)
def test_no_bare_token_survives_in_any_text(before: str, token: str, after: str) -> None:
    assert token not in redact(f"{before} {token} {after}")


@given(
    st.sampled_from(["token", "password", "api_key", "client_secret", "OAUTH_TOKEN", "passwd"]),
    st.sampled_from(["{k}={v}", "{k}: {v}", '"{k}": "{v}"', "'{k}': '{v}'", "x?{k}={v}&y=1"]),
    st.text(string.ascii_letters + string.digits + "!@#$%^*_-+/", min_size=4, max_size=40),
)
def test_no_value_of_a_secret_key_survives_however_short(key: str, form: str, value: str) -> None:
    assume(value not in f"{form} {key} {SECRET} {EMAIL} {PHONE}")
    assert value not in redact(form.format(k=key, v=value))


@given(AROUND)
def test_redaction_is_idempotent(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@given(st.integers(0, 100 * 365 * 24 * 3600 * 10**6), st.uuids())
def test_instants_uuids_and_load_ids_come_through(microseconds: int, uuid: UUID) -> None:
    moment = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    load_id = f"{moment:%Y%m%dT%H%M%S%f}-{uuid.hex[:8]}"
    text = f"load {load_id} of build {uuid} at {moment.isoformat()} for {moment:%Y-%m-%d}"
    assert redact(text) == text


@given(st.integers(0, 999_999_999))
def test_counts_below_a_billion_come_through(count: int) -> None:
    text = f"expected {count} rows, got {count + 1} ({count / 7:.2f} %)"
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "core.core_ad_spend_daily__next: 12 of 8,000 rows break revenue_is_conserved",
        "raw.raw_yandex_direct__ad_performance_daily has 1 234 567 890 rows",
        "[2026-01-01, 2026-01-02) of manual__2026-11-22T05:00:43.123456+00:00",
        "HTTP 503 from api.direct.yandex.com after 5 tries, 127.0.0.1:8123, ClickHouse 26.9.2.1",
        "business_zone=Europe/Moscow definition_id=cost_net",
    ],
)
def test_ordinary_error_lines_come_through(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET https://shop.bitrix24.ru/rest/1/a1b2c3d4e5f6g7h8/crm.deal.list", "a1b2c3d4e5f6g7h8"),
        ("POST https://hooks.slack.com/services/T01/B02/abc", "T01/B02/abc"),
        ("https://api.telegram.org/bot123456789:AAF-abcdefghijklmnopqrstuvwxyz01234/send", "AAF-"),
        ("clickhousedb://throughline:pa55@127.0.0.1:8123/mart", "pa55"),
        ("Authorization: Bearer y0_AgAAAABkQz", "y0_AgAAAABkQz"),
        ("headers {'Authorization': 'OAuth AQAAAAAB-short'}", "AQAAAAAB-short"),
        ("login failed with password=hunter2, user=bi", "hunter2"),
        ("https://x.ru/cb?access_token=abc123&state=1", "abc123"),
        ("token is 0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
    ],
)
def test_secrets_in_known_places_are_removed(text: str, secret: str) -> None:
    cleaned = redact(text)
    assert secret not in cleaned
    assert SECRET in cleaned


def test_what_stands_around_a_secret_stays_readable() -> None:
    text = "GET https://shop.bitrix24.ru/rest/1/a1b2c3d4e5f6g7h8/crm.deal.list answered 401"
    assert redact(text) == (
        f"GET https://shop.bitrix24.ru/rest/1/{SECRET}/crm.deal.list answered 401"
    )


def test_a_token_cut_in_half_by_the_length_limit_does_not_survive() -> None:
    token = "aB3" * 30
    line = redact_first_line(f"{'x' * 200} {token}", limit=230)
    assert "aB3" not in line


def test_only_the_first_line_of_an_error_is_told() -> None:
    error = ValueError("\n  the day 2026-01-01 is empty  \nTraceback: ivan@example.ru")
    assert redact_first_line(error) == "the day 2026-01-01 is empty"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", ["a", "a.", "1 ", "token", "x@", "9", "://a", "'a", "=-"])
def test_a_very_long_text_is_redacted_in_time(unit: str) -> None:
    text = unit * (30_000 // len(unit)) + " ivan@example.ru"
    assert "ivan@example.ru" not in redact(text)


def test_a_token_or_phone_cut_in_half_by_the_reading_limit_does_not_survive() -> None:
    for tail in ("aB3" * 20, "+7 999 123-45-67", "ivan.petrov@example.ru"):
        for kept in range(1, len(tail)):
            text = "\n" * (LONGEST_READ - kept) + tail + " and more"
            assert redact_first_line(text) == ""
