"""Tokens a vendor rotates survive the command that was given them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from include.terminal.credentials_file import CredentialsFile, UnreadableCredentials

OLD = {"refresh_token": "r-1", "access_token": "a-1"}
NEW = {"refresh_token": "r-2", "access_token": "a-2"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "amocrm.json"
    path.write_text(json.dumps(OLD), "utf-8")
    return path


def test_the_exchanged_token_is_in_the_file_before_anybody_uses_it(path):
    vault = CredentialsFile(path)
    assert vault.renew(OLD, lambda used: NEW) == NEW
    assert CredentialsFile(path).read() == NEW


def test_an_exchange_that_fails_leaves_the_file_as_it_was(path):
    def refuse(used):
        raise ConnectionError("no answer")

    with pytest.raises(ConnectionError):
        CredentialsFile(path).renew(OLD, refuse)
    assert CredentialsFile(path).read() == OLD


def test_two_users_of_one_file_exchange_a_rotating_token_once(path):
    asked = []

    def exchange(used):
        asked.append(dict(used))
        return NEW

    with ThreadPoolExecutor(4) as pool:
        renewed = list(pool.map(lambda _: CredentialsFile(path).renew(OLD, exchange), range(4)))
    assert renewed == [NEW] * 4
    assert asked == [OLD]


def test_nobody_else_on_the_machine_can_read_the_rewritten_file(path):
    CredentialsFile(path).renew(OLD, lambda used: NEW)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content", ['{"token": "t-secret"', '["t-secret"]', '{"token": {"deep": "t-secret"}}']
)
def test_a_file_that_is_no_object_of_texts_is_named_and_not_quoted(path, content):
    path.write_text(content, "utf-8")
    with pytest.raises(UnreadableCredentials) as raised:
        CredentialsFile(path).read()
    assert str(path) in str(raised.value)
    assert "t-secret" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableCredentials, match=r"nothing\.json.*FileNotFoundError"):
        CredentialsFile(tmp_path / "nothing.json").read()
