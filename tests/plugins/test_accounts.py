"""Accounts: credentials come from the connection, and the run's parameters choose among them."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk import Connection

from include.connectors.protocol import BadInput
from throughline import accounts

pytestmark = pytest.mark.airflow

SOURCES = """
sources:
  files:
    - {account: east, options: {folder: /data/east}}
    - {account: west, options: {folder: /data/west, mapping_folders: [/own]}}
  yandex_direct:
    - {account: login, connection: some_direct}
"""


@pytest.fixture(autouse=True)
def sources_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(SOURCES, "utf-8")
    monkeypatch.setenv("THROUGHLINE_SOURCES_FILE", str(path))


def test_a_run_pulls_every_account_of_its_source_unless_told_otherwise() -> None:
    assert accounts.chosen_accounts("files", {}) == ["east", "west"]
    assert accounts.chosen_accounts("files", {"accounts": ["west"]}) == ["west"]


def test_an_account_that_is_not_configured_is_refused_with_those_that_are() -> None:
    with pytest.raises(BadInput, match=r"'north'.*east, west"):
        accounts.chosen_accounts("files", {"accounts": ["north"]})


def test_the_token_is_the_connections_password(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(
        conn_id="some_direct", conn_type="generic", password="secret", extra='{"region": "ru"}'
    )
    monkeypatch.setattr(accounts.BaseHook, "get_connection", lambda conn_id: connection)
    account = accounts.with_credentials(accounts.require_account("yandex_direct", "login"))
    assert account.credentials == {"token": "secret", "region": "ru"}
    assert "secret" not in repr(account)


def test_a_number_in_the_extra_is_a_credential_too() -> None:
    connection = Connection(
        conn_id="c", conn_type="generic", password="secret", extra='{"app": 51, "on": true}'
    )
    assert accounts.credentials_of(connection) == {"token": "secret", "app": "51"}


@pytest.mark.parametrize("extra", ['{"client_secret": "hush-hush"', '["hush-hush"]', '"hush-hush"'])
def test_an_extra_that_is_no_json_object_is_told_without_showing_it(
    extra: str, caplog: pytest.LogCaptureFixture
) -> None:
    connection = Connection(conn_id="odd", conn_type="generic", extra=extra)
    with pytest.raises(BadInput, match=r"connection 'odd'.*JSON object") as raised:
        accounts.credentials_of(connection)
    assert "hush" not in f"{raised.value!r} {caplog.text}"
    assert raised.value.__context__ is None


def test_an_account_without_connection_asks_airflow_for_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(accounts.BaseHook, "get_connection", lambda conn_id: pytest.fail(conn_id))
    account = accounts.with_credentials(accounts.require_account("files", "east"))
    assert account.credentials == {}


def test_file_accounts_get_the_projects_mappings_unless_they_name_their_own() -> None:
    known = accounts.configured_accounts("files")
    assert known["east"].account.options["mapping_folders"][0].endswith("mappings")
    assert known["west"].account.options["mapping_folders"] == ["/own"]
