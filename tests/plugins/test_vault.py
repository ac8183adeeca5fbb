"""A token the vendor exchanged is stored before it is used, and a person's new one wins."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from include.connectors.protocol import Account, BadInput, TemporaryFailure
from throughline import vault as vault_module
from throughline.vault import ReadingVault, VariableVault

GIVEN = {"client_id": "c", "refresh_token": "first"}


class _Variables:
    """Airflow's Variables as far as the vault uses them."""

    kept: dict[str, str]

    def __init__(self) -> None:
        self.kept = {}

    def get(self, key: str, default: str) -> str:
        return self.kept.get(key, default)

    def set(self, key: str, value: str, description: str) -> None:
        assert description
        self.kept[key] = value


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> _Variables:
    kept = _Variables()
    monkeypatch.setattr(vault_module, "Variable", kept)
    return kept


def _vault(folder: Path, credentials: Mapping[str, str] = GIVEN) -> VariableVault:
    return VariableVault(Account("amocrm", "main", credentials=credentials), folder)


def _exchange(credentials: Mapping[str, str]) -> Mapping[str, str]:
    return {**credentials, "refresh_token": credentials["refresh_token"] + "+"}


def test_what_was_exchanged_is_read_by_the_next_process(
    variables: _Variables, tmp_path: Path
) -> None:
    first = _vault(tmp_path)
    first.renew(first.read(), _exchange)
    assert _vault(tmp_path).read()["refresh_token"] == "first+"


def test_the_variable_is_one_airflow_masks(variables: _Variables, tmp_path: Path) -> None:
    vault = _vault(tmp_path)
    vault.renew(vault.read(), _exchange)
    (name,) = variables.kept
    assert "token" in name
    assert "main" not in name


def test_new_credentials_of_the_connection_win_over_what_was_stored(
    variables: _Variables, tmp_path: Path
) -> None:
    old = _vault(tmp_path)
    old.renew(old.read(), _exchange)
    fresh = _vault(tmp_path, {**GIVEN, "refresh_token": "given anew"})
    assert fresh.read()["refresh_token"] == "given anew"


def test_of_several_that_renew_at_once_one_asks_and_all_get_its_answer(
    variables: _Variables, tmp_path: Path
) -> None:
    asked: list[str] = []
    answers: list[str] = []

    def ask(credentials: Mapping[str, str]) -> Mapping[str, str]:
        asked.append(credentials["refresh_token"])
        return _exchange(credentials)

    def work() -> None:
        answers.append(_vault(tmp_path).renew(GIVEN, ask)["refresh_token"])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert asked == ["first"]
    assert answers == ["first+"] * 4


def test_an_exchange_that_failed_leaves_what_was_stored(
    variables: _Variables, tmp_path: Path
) -> None:
    vault = _vault(tmp_path)

    def refuse(_: Mapping[str, str]) -> Mapping[str, str]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        vault.renew(GIVEN, refuse)
    assert vault.read() == GIVEN


@pytest.mark.parametrize("text", ["s3cr3t", '["s3cr3t"]', '{"credentials": "s3cr3t"}'])
def test_a_variable_someone_wrote_over_is_told_without_showing_it(
    variables: _Variables, tmp_path: Path, text: str
) -> None:
    vault = VariableVault(Account("toy", "acme", credentials=GIVEN), tmp_path)
    vault.renew(GIVEN, lambda _: {**GIVEN, "refresh_token": "second"})
    (name,) = variables.kept
    variables.kept[name] = text
    another = VariableVault(Account("toy", "acme", credentials=GIVEN), tmp_path)
    with pytest.raises(BadInput, match=f"{name}.*delete it") as raised:
        another.read()
    assert "s3cr3t" not in str(raised.value)
    assert raised.value.__context__ is None


def test_connectors_may_read_before_every_request_without_asking_airflow_each_time(
    variables: _Variables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    get = variables.get

    def count(key: str, default: str) -> str:
        looks.append(key)
        return get(key, default)

    monkeypatch.setattr(variables, "get", count)
    vault = _vault(tmp_path)
    for _ in range(50):
        vault.read()
    assert len(looks) == 1
    assert vault.renew(GIVEN, _exchange)["refresh_token"] == "first+"
    assert vault.read()["refresh_token"] == "first+"
    assert len(looks) == 2


def test_who_only_reads_gets_what_tasks_exchanged_and_exchanges_nothing(
    variables: _Variables, tmp_path: Path
) -> None:
    reading = ReadingVault(Account("amocrm", "main", credentials=GIVEN))
    assert reading.read() == GIVEN
    with pytest.raises(TemporaryFailure, match=r"amocrm account main.*only a task"):
        reading.renew(GIVEN, lambda _: pytest.fail("it asked the vendor"))
    task = _vault(tmp_path)
    task.renew(GIVEN, _exchange)
    assert reading.renew(GIVEN, _exchange)["refresh_token"] == "first+"
    assert reading.read()["refresh_token"] == "first+"
    assert ReadingVault(Account("amocrm", "main", credentials=GIVEN)).read() == task.read()
