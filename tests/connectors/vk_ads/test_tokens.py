"""Tokens of VK Ads: asked for once, renewed in place, never confused between cabinets."""

from __future__ import annotations

import pytest

from include.connectors.protocol import AccessDenied, MemoryVault
from include.sandbox.vendors.faults import Fault
from tests.connectors.vk_ads.cabinet import AGENCY, CREDENTIALS, OTHER
from tests.connectors.vk_ads.conftest import MakeReader

GIVEN = {"token": "demo-token"}


def test_one_token_serves_every_process_of_a_run(make_reader: MakeReader) -> None:
    reader = make_reader()
    for _ in range(3):
        reader.read()
    grants = reader.server.vendors["vk_ads"].access._grants
    assert len([grant for grant in grants if not grant.is_given]) == 1


def test_an_expired_token_is_renewed_and_kept_for_the_others(make_reader: MakeReader) -> None:
    reader = make_reader()
    reader.read()
    assert isinstance(reader.vault, MemoryVault)
    first = reader.vault.read()
    reader.server.stage.clock.advance(25 * 3600)
    reader.read()
    renewed = reader.vault.read()
    assert renewed["token"] != first["token"]
    assert renewed["refresh_token"] == first["refresh_token"]


def test_a_token_another_process_has_replaced_is_read_from_the_vault(
    make_reader: MakeReader,
) -> None:
    reader = make_reader()
    slow = reader.connect()
    now = reader.server.stage.clock.now()
    slow.plan([], now, None)
    list(slow.check())
    assert reader.vault is not None
    stored = reader.vault.read()
    quick = reader.connect()
    reader.server.stage.faults.plant(Fault("expired_token", "vk_ads"))
    assert all(one.is_allowed for one in quick.check())
    assert reader.vault.read()["token"] != stored["token"]
    assert all(one.is_allowed for one in slow.check())
    grants = reader.server.vendors["vk_ads"].access._grants
    assert len([grant for grant in grants if not grant.is_given]) == 1


def test_a_pair_forgotten_after_a_month_is_replaced_by_a_first_token(
    make_reader: MakeReader,
) -> None:
    reader = make_reader()
    reader.read()
    reader.server.stage.clock.advance(32 * 86_400)
    reader.read()
    assert reader.landed()


def test_five_tokens_taken_elsewhere_are_told_with_their_cure(make_reader: MakeReader) -> None:
    reader = make_reader()
    for _ in range(5):
        form = {"grant_type": "client_credentials", **CREDENTIALS}
        reader.server.vendors["vk_ads"].access.give(form)
    with pytest.raises(AccessDenied, match="five tokens exist already"):
        reader.read()


def test_a_bare_token_that_nobody_can_renew_says_what_to_store(make_reader: MakeReader) -> None:
    reader = make_reader(credentials=GIVEN)
    reader.read()
    assert reader.landed()
    reader.server.stage.faults.plant(Fault("expired_token", "vk_ads"))
    with pytest.raises(AccessDenied, match="client_id and client_secret"):
        reader.read()


def test_a_revoked_token_is_not_renewed(make_reader: MakeReader) -> None:
    reader = make_reader()
    reader.server.stage.faults.plant(Fault("revoked_token", "vk_ads", "statistics"))
    with pytest.raises(AccessDenied, match="taken back"):
        reader.read()


def test_both_shapes_of_a_refusal_are_understood(make_reader: MakeReader) -> None:
    reader = make_reader(knobs={"vk_ads.nested_401": True})
    reader.server.stage.faults.plant(Fault("expired_token", "vk_ads", "statistics"))
    reader.read()
    assert reader.landed()


def test_a_token_of_another_cabinet_lands_nothing(make_reader: MakeReader) -> None:
    reader = make_reader(credentials={**AGENCY, "agency_client_id": OTHER})
    with pytest.raises(AccessDenied, match="opens cabinet 5002"):
        reader.read()
    assert not reader.manifests


def test_an_agency_names_its_client_in_the_connection(make_reader: MakeReader) -> None:
    named = make_reader(credentials={**AGENCY, "agency_client_name": "5001@agency_client"})
    named.read()
    assert named.landed()
    alone = make_reader(credentials=dict(AGENCY))
    with pytest.raises(AccessDenied, match="opens cabinet 4000"):
        alone.read()
