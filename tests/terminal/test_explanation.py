"""`make explain-person` and `-company` print what joins records, plain to who holds the key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from include import cli
from include.warehouse.client import ClickHouseTarget, connect

pytestmark = pytest.mark.engine

KEY = "the identity key"
PHONE = "79990001122"


def _hash(value: str, key: str = KEY) -> str:
    return hmac.new(key.encode(), value.encode(), hashlib.sha256).hexdigest()


LINKS = [
    ("lead:1", "lead_id", "lead:1", "p", "record_lead_id", "1.00", "2026-01-01 10:00:00"),
    ("lead:1", "phone", _hash(PHONE), "p", "same_phone_hash", "0.90", "2026-01-01 10:00:00"),
    ("call:2", "phone", _hash(PHONE), "p", "same_phone_hash", "0.90", "2026-01-03 10:00:00"),
    ("call:2", "email", _hash("a@b.ru"), "p", "same_email_hash", "0.95", "2026-01-03 10:00:00"),
    ("form:3", "email", _hash("a@b.ru"), "p", "same_email_hash", "0.95", "2026-01-02 10:00:00"),
    ("chat:4", "phone", "cut", "q", "same_phone_hash", "0.90", "2026-01-02 10:00:00"),
    ("chat:5", "phone", "cut", "r", "same_phone_hash", "0.90", "2026-01-02 10:00:00"),
]
CARDS = [
    ("company:1", "tax_number", f"{'a' * 64}:{_hash(PHONE)}", "c", "same_tax_number", "0.99",
     "2026-01-01 10:00:00"),
    ("company:2", "tax_number", f"{'a' * 64}:{_hash(PHONE)}", "c", "same_tax_number", "0.99",
     "2026-01-02 10:00:00"),
    ("company:3", "record", "company:3", "d", "company_record", "1.00", "2026-01-02 10:00:00"),
]  # fmt: skip
TO_FORM = [
    ("1", "lead:1", "phone", "same_phone_hash", "0.90"),
    ("2", "call:2", "phone", "same_phone_hash", "0.90"),
    ("3", "call:2", "email", "same_email_hash", "0.95"),
    ("4", "form:3", "email", "same_email_hash", "0.95"),
]


@pytest.fixture(scope="module")
def warehouse(house_target: ClickHouseTarget) -> Iterator[Client]:
    """One person of three records, and two people who share a cut phone."""
    client = connect(house_target)
    rows = ", ".join(map(str, LINKS))
    client.command(
        "insert into core.core_person_link (record_key, identifier_kind, identifier_key,"
        f" person_key, rule_id, confidence, seen_at) values {rows}"
    )
    contacts = [("phone", "8 999 000-11-22", PHONE), ("email", "A@b.ru", "a@b.ru")]
    values = ", ".join(str((kind, raw, plain, _hash(plain))) for kind, raw, plain in contacts)
    rows = ", ".join(map(str, CARDS))
    client.command(
        "insert into core.core_company_link (record_key, identifier_kind, identifier_key,"
        f" company_key, rule_id, confidence, seen_at) values {rows}"
    )
    client.command(
        "insert into stg.stg_contact_key (kind, raw_value, normalised_value, key_hash)"
        f" values {values}"
    )
    client.command(
        "insert into ops.published_id (subject_kind, record_key, subject_key)"
        " values ('person', 'form:3', 'gone'), ('company', 'company:2', 'gone-company')"
    )
    yield client
    client.close()


@pytest.fixture(autouse=True)
def installation(
    monkeypatch: pytest.MonkeyPatch, house_target: ClickHouseTarget, warehouse: Client
) -> None:
    """The environment of an installation on that engine, without the identity key."""
    for name in ("host", "port", "user", "password"):
        monkeypatch.setenv(
            f"THROUGHLINE_CLICKHOUSE_{name.upper()}", str(getattr(house_target, name))
        )
    monkeypatch.delenv("THROUGHLINE_IDENTITY_KEY", raising=False)


def _explain(
    capfd: pytest.CaptureFixture[str], *typed: str, kind: str = "person"
) -> list[dict[str, str]]:
    assert cli.main([f"explain-{kind}", *typed]) == 0
    header, *lines = capfd.readouterr().out.splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def _refusal(capfd: pytest.CaptureFixture[str], *typed: str, kind: str = "person") -> str:
    assert cli.main([f"explain-{kind}", *typed]) == 1
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def _steps(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    columns = ("step", "record_key", "identifier_kind", "rule_id", "confidence")
    return [tuple(row[column] for column in columns) for row in rows]


@pytest.mark.parametrize("key", ["lead:1", "p"])
def test_a_path_names_every_row_of_evidence_between_two_records(
    capfd: pytest.CaptureFixture[str], key: str
) -> None:
    rows = _explain(capfd, "--id", key, "--to", "form:3")
    assert _steps(rows) == TO_FORM
    assert rows[1]["seen_at_utc"] == "2026-01-03 10:00:00"
    assert rows[1]["identifier_first_seen_utc"] == "2026-01-01 10:00:00"
    assert rows[1]["identifier_last_seen_utc"] == "2026-01-03 10:00:00"
    assert rows[0]["identifier"] == _hash(PHONE)[:10]


def test_two_identifiers_are_joined_by_who_carries_both(
    capfd: pytest.CaptureFixture[str],
) -> None:
    rows = _explain(capfd, "--id", _hash(PHONE), "--to", _hash("a@b.ru")[:10])
    assert [step[1:] for step in _steps(rows)] == [step[1:] for step in TO_FORM[1:3]]


@pytest.mark.parametrize("to", [(), ("--to", "p")])
def test_without_a_partner_every_record_of_the_person_has_its_path(
    capfd: pytest.CaptureFixture[str], to: tuple[str, ...]
) -> None:
    rows = _explain(capfd, "--id", "p", *to)
    assert [(row["path_to"], row["step"]) for row in rows] == [
        ("call:2", "1"), ("call:2", "2"),
        ("form:3", "1"), ("form:3", "2"), ("form:3", "3"), ("form:3", "4"),
        ("lead:1", "0"),
    ]  # fmt: skip


def test_who_holds_the_key_sees_plain_values_and_nobody_else(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ("--id", "p", "--to", "form:3", "--plain", "yes")
    assert "THROUGHLINE_IDENTITY_KEY" in _refusal(capfd, *typed)
    monkeypatch.setenv("THROUGHLINE_IDENTITY_KEY", "another key")
    assert "is not the key" in _refusal(capfd, *typed)
    monkeypatch.setenv("THROUGHLINE_IDENTITY_KEY", KEY)
    assert [row["identifier"] for row in _explain(capfd, *typed)] == [
        PHONE, PHONE, "a@b.ru", "a@b.ru",
    ]  # fmt: skip
    shown = _explain(capfd, *typed[:4])
    assert PHONE not in str(shown)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ((), "ID="),
        (("--id", PHONE), "no person, record or identifier"),
        (("--id", "p", "--to", "nobody"), "no person, record or identifier"),
        (("--id", "p", "--to", "chat:4"), "is of person q, not p"),
        (("--id", "cut"), "2 people: q, r"),
        (("--id", "gone"), "now of p"),
    ],
)
def test_a_key_that_names_nobody_here_is_one_line(
    capfd: pytest.CaptureFixture[str], typed: tuple[str, ...], told: str
) -> None:
    error = _refusal(capfd, *typed)
    assert told in error
    assert PHONE not in error


def test_a_word_that_asks_for_nothing_known_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert "write PLAIN=yes" in _refusal(capfd, "--id", "lead:1", "--plain", "ja")


@pytest.mark.parametrize("key", ["company:1", "c"])
def test_companies_are_explained_by_their_own_evidence(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    typed = ("--id", key, "--to", "company:2")
    rows = _explain(capfd, *typed, kind="company")
    assert _steps(rows) == [
        ("1", "company:1", "tax_number", "same_tax_number", "0.99"),
        ("2", "company:2", "tax_number", "same_tax_number", "0.99"),
    ]
    assert rows[0]["identifier"] == f"{'a' * 10}:{_hash(PHONE)[:10]}"
    monkeypatch.setenv("THROUGHLINE_IDENTITY_KEY", KEY)
    (plain, _) = _explain(capfd, *typed, "--plain", "yes", kind="company")
    assert plain["identifier"] == f"{'a' * 10}:{PHONE}"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ((), "make explain-company ID="),
        (("--id", "lead:1"), "core.core_company_link"),
        (("--id", "c", "--to", "company:3"), "is of company d, not c"),
        (("--id", "gone-company"), "now of c"),
    ],
)
def test_a_key_that_names_no_company_is_one_line(
    capfd: pytest.CaptureFixture[str], typed: tuple[str, ...], told: str
) -> None:
    assert told in _refusal(capfd, *typed, kind="company")
