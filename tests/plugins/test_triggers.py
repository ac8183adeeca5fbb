"""The trigger: wakes the task when the vendor is ready, and whenever it does not know better."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from include.connectors.protocol import Account, Host, Ready, TemporaryFailure, Wait
from throughline import triggers, vault

pytestmark = pytest.mark.airflow


async def _no_pause(seconds: float) -> None:
    _PAUSES.append(seconds)


_PAUSES: list[float] = []


@pytest.fixture(autouse=True)
def instant_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    _PAUSES.clear()
    # Only the trigger's own pauses: a server of another test may run in a thread beside this one.
    own = SimpleNamespace(sleep=_no_pause, to_thread=asyncio.to_thread)
    monkeypatch.setattr(triggers, "asyncio", own)


def _first_event(trigger: triggers.VendorReady) -> Any:
    async def take() -> Any:
        async for event in trigger.run():
            return event.payload
        return None

    return asyncio.run(take())


def _trigger(monkeypatch: pytest.MonkeyPatch, *looks: Any) -> triggers.VendorReady:
    trigger = triggers.VendorReady("files", "one", [{"report": "r1"}], 5.0)
    queue = list(looks)

    async def look() -> list[Any]:
        answer = queue.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(trigger, "_look", look)
    return trigger


def test_the_task_is_woken_when_the_vendor_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    trigger = _trigger(monkeypatch, [Wait({}, 9.0)], [Ready({})])
    assert _first_event(trigger) == {"reason": "ready"}
    assert _PAUSES == [5.0, 9.0]


def test_one_ready_answer_among_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _first_event(_trigger(monkeypatch, [Wait({}, 9.0), Ready({})])) == {"reason": "ready"}


def test_an_error_of_the_vendor_wakes_the_task_to_tell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    event = _first_event(_trigger(monkeypatch, TemporaryFailure("503")))
    assert event == {"reason": "the vendor answered with an error"}


def test_a_vendor_that_never_gets_ready_does_not_hold_the_task_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = _first_event(_trigger(monkeypatch, *([[Wait({}, 3600.0)]] * 100)))
    assert event == {"reason": "waited long enough to look again"}
    assert sum(_PAUSES) <= triggers.LONGEST_WAIT_SECONDS + triggers.LONGEST_LOOK_SECONDS


def _connect(monkeypatch: pytest.MonkeyPatch, connector: Any) -> None:
    """Let the trigger look through ``connector``, for an account whose connection has a token."""

    async def account(_: object) -> Account:
        return Account("yandex_direct", "one", credentials={"token": "of the connection"})

    monkeypatch.setattr(triggers, "find_connector", lambda _: connector)
    monkeypatch.setattr(triggers, "require_account", lambda *_: None)
    monkeypatch.setattr(triggers, "with_credentials_async", account)


def test_a_look_uses_the_token_a_task_has_exchanged_meanwhile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    used: list[str] = []

    class Toy:
        def __init__(self, account: Account, now: object, host: Host) -> None:
            assert host.vault is not None
            used.append(host.vault.read()["token"])

        def poll(self, token: Any) -> Ready | Wait:
            if len(used) == 1:
                task = vault.VariableVault(account, tmp_path)
                task.renew(task.read(), lambda held: {**held, "token": "exchanged"})
                return Wait(token, 5.0)
            return Ready(token)

    kept: dict[str, str] = {}
    variables = SimpleNamespace(
        get=lambda key, default: kept.get(key, default),
        set=lambda key, value, description: kept.update({key: value}),
    )
    account = Account("yandex_direct", "one", credentials={"token": "of the connection"})
    monkeypatch.setattr(vault, "Variable", variables)
    monkeypatch.setenv("THROUGHLINE_HOME", str(tmp_path))
    _connect(monkeypatch, Toy)
    trigger = triggers.VendorReady("yandex_direct", "one", [{"report": "r1"}], 5.0)
    assert _first_event(trigger) == {"reason": "ready"}
    assert used == ["of the connection", "exchanged"]


def test_each_look_goes_on_from_what_the_one_before_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A report asked for again by one look must not be asked for again by the next."""
    seen: list[Any] = []

    class Toy:
        def __init__(self, *_: object) -> None: ...

        def poll(self, token: Any) -> Ready | Wait:
            seen.append(token["report"])
            return Ready(token) if len(seen) == 3 else Wait({"report": f"r{len(seen) + 1}"}, 5.0)

    _connect(monkeypatch, Toy)
    monkeypatch.setattr(triggers, "make_polling_host", lambda _: None)
    trigger = triggers.VendorReady("files", "one", [{"report": "r1"}], 5.0)
    assert _first_event(trigger) == {"reason": "ready"}
    assert seen == ["r1", "r2", "r3"]


def test_any_other_trouble_wakes_the_task_to_tell_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    event = _first_event(_trigger(monkeypatch, LookupError("no such connection")))
    assert event == {"reason": "looking at the vendor failed"}


def test_another_triggerer_goes_on_with_what_was_stored() -> None:
    trigger = triggers.VendorReady("files", "one", [{"report": "r1"}], 5.0)
    path, arguments = trigger.serialize()
    assert path.rpartition(".")[2] == "VendorReady"
    assert triggers.VendorReady(**arguments).serialize() == (path, arguments)
