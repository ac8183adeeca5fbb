"""Credentials: wanted in plain words, refused in plain words, shown to nobody."""

from __future__ import annotations

import logging

import pytest

from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    ConnectorError,
    TemporaryFailure,
)
from include.sandbox.vendors.faults import Fault
from tests.connectors.contract import situations
from tests.connectors.contract.conftest import Set
from tests.connectors.contract.reading import Reader, sort_rows


def test_an_account_without_credentials_says_what_to_put_where(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    reader.credentials = {}
    with pytest.raises(AccessDenied) as raised:
        reader.connect()
    assert reader.account in str(raised.value)
    assert "connection" in str(raised.value)


def test_wrong_credentials_are_refused_once_and_for_all(enact: Set) -> None:
    reader = _with_wrong_credentials(enact)
    with pytest.raises(AccessDenied) as raised:
        reader.read()
    text = str(raised.value)
    assert len(text) > 40, "says what happened and what to do"
    assert not any(secret in text for secret in _wrong(reader).values())


def test_a_check_tells_what_can_be_read(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    capabilities = list(reader.connect().check())
    assert capabilities
    assert all(capability.is_allowed for capability in capabilities), capabilities


def test_a_check_with_wrong_credentials_tells_what_to_do(enact: Set) -> None:
    capabilities = list(_with_wrong_credentials(enact).connect().check())
    refused = [capability for capability in capabilities if not capability.is_allowed]
    assert refused
    assert all(capability.detail for capability in refused)


def test_no_secret_shows_up_in_logs_tokens_slices_or_rows(
    enact: Set, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reader = enact(situations.PLAIN)
    reader.read()
    shown = [*map(str, reader.tokens), *map(str, reader.slices), repr(reader.connect())]
    shown += [str(manifest) for manifest in reader.manifests]
    shown += [record.getMessage() for record in caplog.records]
    for secret in reader.case.secrets:
        assert not any(secret in text for text in shown), f"found {secret!r}"


@pytest.mark.parametrize("status", [400, 404, 503])
def test_no_secret_shows_up_in_errors(
    enact: Set, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reader = enact(situations.PLAIN)
    reader.server.stage.faults.plant(
        Fault("status", reader.case.source, "", 500, 0, {"status": status})
    )
    with pytest.raises(ConnectorError) as raised:
        reader.read()
    error: BaseException | None = raised.value
    while error is not None:
        shown = f"{error} {error!r}"
        assert not any(secret in shown for secret in reader.case.secrets)
        error = error.__cause__ or error.__context__
    texts = [record.getMessage() for record in caplog.records]
    assert not any(secret in text for secret in reader.case.secrets for text in texts)


def test_a_vendor_that_cannot_be_reached_is_a_passing_trouble(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    reader.options["base_url"] = "http://127.0.0.1:9"
    with pytest.raises(TemporaryFailure) as raised:
        reader.read()
    assert "later" in str(raised.value)


def test_a_wrong_option_names_itself_and_its_account(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    reader.options["history_from"] = "some day"
    with pytest.raises(BadInput) as raised:
        reader.connect().plan([], reader.server.stage.clock.now(), None)
    assert "history_from" in str(raised.value)
    assert reader.account in str(raised.value)


def test_two_accounts_side_by_side_do_not_mix(enact: Set) -> None:
    reader = enact(situations.PLAIN)
    other = reader.case.other_account()
    if isinstance(other, str):
        pytest.skip(f"{reader.case.source}: {other}")
    name, credentials, world, first, second = other
    reader.server.stage.world = world
    reader.read()
    assert reader.landed() == sort_rows(first)
    beside = Reader(
        reader.case,
        reader.play,
        reader.server,
        reader.landing,
        account=name,
        credentials=credentials,
    )
    beside.read()
    assert beside.landed() == sort_rows(second)
    assert reader.landed() == sort_rows(first)


def _wrong(reader: Reader) -> dict[str, str]:
    return {name: f"wrong-{name}-0123456789" for name in reader.case.credentials}


def _with_wrong_credentials(enact: Set) -> Reader:
    reader = enact(situations.PLAIN)
    reader.credentials = _wrong(reader)
    reader.__post_init__()
    return reader
