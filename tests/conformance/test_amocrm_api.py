"""amocrm-api: tokens whose end is read from the JWT, entities by page, filters, notes, events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from amocrm.v2 import Contact, Event, Lead, Pipeline, Task, User, filters, tokens
from amocrm.v2.exceptions import NotFound

HOST = "https://demo.amocrm.ru"


def _begin_at(stand_ins: Any, now: datetime) -> None:
    """A fresh account at an instant: its code lives twenty minutes from there."""
    _go_to(stand_ins, now)
    requests.post(f"{stand_ins.url}/_control/reset", timeout=10).raise_for_status()


def _go_to(stand_ins: Any, now: datetime) -> None:
    # the client sends as fast as it can: a limit of seven a second is another's to prove
    body = {"now": now.isoformat(), "factor": 1000}
    requests.post(f"{stand_ins.url}/_control/clock", json=body, timeout=10).raise_for_status()


@pytest.fixture
def storage(stand_ins, monkeypatch) -> tokens.MemoryTokensStorage:
    """A client with a pair of tokens; its fixed host leads to loopback.

    The client compares the end of a token with the clock of this machine, so the vendor's clock
    is set to it.
    """
    send = requests.adapters.HTTPAdapter.send

    def redirect(adapter: Any, request: requests.PreparedRequest, **settings: Any) -> Any:
        request.url = str(request.url).replace(HOST, stand_ins.base("amocrm"))
        return send(adapter, request, **settings)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", redirect)
    _begin_at(stand_ins, datetime.now(UTC))
    manager, kept = tokens.default_token_manager, tokens.MemoryTokensStorage()
    monkeypatch.setattr(manager, "_storage", kept)
    manager("demo-app", "demo-secret", "demo", "https://example.org/back")
    manager.init("demo-code")
    return kept


@pytest.mark.usefixtures("storage")
def test_leads_know_their_stage_contacts_and_calls():
    leads = list(Lead.objects.all())
    assert len(leads) > 20
    stages = {(stage.id, line.id) for line in Pipeline.objects.all() for stage in line.statuses}
    assert {(lead.status.id, lead.pipeline.id) for lead in leads[:3]} <= stages
    assert any(list(lead.contacts) for lead in leads[:5])
    notes = [note for lead in leads[:5] for note in lead.notes.objects.all()]
    assert all(note.duration >= 0 for note in notes if note.note_type == "call_in")


@pytest.mark.usefixtures("storage")
def test_filters_narrow_and_order_turns():
    since, until = datetime(2025, 12, 20), datetime(2026, 1, 10)  # noqa: DTZ001 - of the client
    changed = filters.DateRangeFilter("updated_at")(since, until)
    moments = [lead.updated_at for lead in Lead.objects.filter(filters=[changed])]
    assert moments
    assert since - timedelta(days=1) < min(moments) <= max(moments) < until + timedelta(days=1)
    won = filters.FiltersByPipelineAndStatus("statuses")(1, 142)
    assert {lead.status.id for lead in Lead.objects.filter(filters=[won])} == {142}
    ids = [task.id for task in Task.objects.filter(order={"id": "desc"})]
    assert ids == sorted(ids, reverse=True)


@pytest.mark.usefixtures("storage")
def test_events_come_a_hundred_at_a_time():
    kind = filters.SingleFilter("type")("lead_status_changed")
    changes = list(Event.objects.filter(filters=[kind]))
    assert {event.type for event in changes} == {"lead_status_changed"}
    assert all({"id", "pipeline_id"} <= set(event.value_after) for event in changes)
    assert len(list(Event.objects.all())) > 200


@pytest.mark.usefixtures("storage")
def test_people_are_found_and_strangers_are_not():
    assert all(user.email for user in User.objects.all())
    contact = next(Contact.objects.all())
    assert Contact.objects.get(query=contact.name).name == contact.name
    with pytest.raises(NotFound):
        Lead.objects.get(999_999_999)


def test_a_token_past_its_end_is_renewed_and_replaced(storage, stand_ins):
    refresh = storage.get_refresh_token()
    _begin_at(stand_ins, datetime.now(UTC) - timedelta(days=2))
    tokens.default_token_manager.init("demo-code")
    old = storage.get_access_token()
    _go_to(stand_ins, datetime.now(UTC))
    assert next(Lead.objects.all()).id
    assert storage.get_access_token() != old
    assert storage.get_refresh_token() != refresh
