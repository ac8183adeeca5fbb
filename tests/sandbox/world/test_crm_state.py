"""What a CRM holds at any instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.sandbox.world.crm_state import crm_rows, crm_stages
from include.sandbox.world.tables import TABLES
from include.sandbox.world.world import World

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def hour(number: float) -> datetime:
    """So many hours after the start."""
    return START + timedelta(hours=number)


def stage(stage_id: str, semantics: str, **more: Any) -> dict[str, Any]:
    """A stage of the default pipeline."""
    keys = {"crm": "bitrix24", "pipeline_id": 0, "stage_id": stage_id, "name": stage_id}
    return keys | {"semantics": semantics} | more


def event(stage_id: str, at: float, entity_id: int = 1, **more: Any) -> dict[str, Any]:
    """An entry of a deal into a stage, so many hours after the start."""
    keys = {"crm": "bitrix24", "event_id": int(at * 10), "entity": "deal", "entity_id": entity_id}
    keys |= {"pipeline_id": 0, "stage_id": stage_id, "manager_id": 5, "occurred_at": hour(at)}
    return keys | more


def deal(**more: Any) -> dict[str, Any]:
    """A deal that ended won twenty hours after it was made, by manager 6."""
    return {
        "crm": "bitrix24",
        "deal_id": 1,
        "pipeline_id": 0,
        "stage_id": "won",
        "manager_id": 6,
        "lead_id": 3,
        "contact_id": 4,
        "company_id": 0,
        "lost_reason": "",
        "created_at": hour(0),
        "updated_at": hour(30),
        "closed_at": hour(20),
    } | more


STAGES = [stage("new", "open"), stage("talk", "open"), stage("won", "won"), stage("lost", "lost")]
STAGES += [stage("junk", "lost", pipeline_id=-1), stage("fresh", "open", pipeline_id=-1)]
PATH = [event("new", 0), event("lost", 4), event("talk", 9), event("won", 20, manager_id=6)]


@pytest.fixture
def world() -> World:
    """One deal that was lost, reopened, handed over and won."""
    return World.of(crm_stage=STAGES, crm_deal=[deal()], crm_stage_event=PATH)


def read(world: World, now: datetime, entity: str = "deal") -> list[dict[str, Any]]:
    """Rows of an entity at an instant."""
    return crm_rows(world, "bitrix24", entity, now).to_pylist()


def test_an_entity_appears_at_the_instant_of_its_creation(world: World) -> None:
    assert read(world, hour(0) - MOMENT) == []
    assert [row["deal_id"] for row in read(world, hour(0))] == [1]


def test_the_stage_is_that_of_the_last_event_that_has_happened(world: World) -> None:
    seen = [read(world, hour(at))[0]["stage_id"] for at in (0, 3.9, 4, 8.9, 9, 20, 900)]
    assert seen == ["new", "new", "lost", "lost", "talk", "won", "won"]


def test_a_deal_is_closed_only_while_its_stage_is_a_closed_one(world: World) -> None:
    seen = [read(world, hour(at))[0]["closed_at"] for at in (0, 4, 8, 9, 19, 20, 31)]
    assert seen == [None, hour(4), hour(4), None, None, hour(20), hour(20)]


def test_moving_between_closed_stages_keeps_the_first_closing() -> None:
    path = [event("new", 0), event("lost", 4), event("won", 20)]
    world = World.of(crm_stage=STAGES, crm_deal=[deal()], crm_stage_event=path)
    assert read(world, hour(25))[0]["closed_at"] == hour(4)


def test_the_manager_is_the_one_of_the_last_event(world: World) -> None:
    assert [read(world, hour(at))[0]["manager_id"] for at in (3, 20)] == [5, 6]


def test_an_event_without_a_manager_leaves_the_manager() -> None:
    path = [event("new", 0, manager_id=None)]
    world = World.of(crm_stage=STAGES, crm_deal=[deal()], crm_stage_event=path)
    assert read(world, hour(1))[0]["manager_id"] == 6


def test_the_last_change_never_lies_ahead_and_never_goes_back(world: World) -> None:
    instants = [hour(at) for at in (0, 2, 4, 9, 10, 20, 25, 30, 40)]
    seen = [read(world, now)[0]["updated_at"] for now in instants]
    assert seen == [hour(at) for at in (0, 0, 4, 9, 9, 20, 20, 30, 30)]


def test_a_deal_without_events_keeps_its_stage_and_hides_its_closing() -> None:
    world = World.of(crm_stage=STAGES, crm_deal=[deal(stage_id="talk")])
    assert read(world, hour(1))[0]["stage_id"] == "talk"
    assert [read(world, hour(at))[0]["closed_at"] for at in (19, 20)] == [None, hour(20)]


def test_before_its_first_event_a_deal_already_stands_in_that_stage() -> None:
    world = World.of(crm_stage=STAGES, crm_deal=[deal()], crm_stage_event=[event("talk", 2)])
    row = read(world, hour(1))[0]
    assert (row["stage_id"], row["updated_at"]) == ("talk", hour(0))


def test_the_reason_of_a_loss_is_hidden_until_it_is_lost() -> None:
    path = [event("new", 0), event("lost", 4)]
    deals = [deal(stage_id="lost", lost_reason="price", closed_at=hour(4))]
    world = World.of(crm_stage=STAGES, crm_deal=deals, crm_stage_event=path)
    assert [read(world, hour(at))[0]["lost_reason"] for at in (3, 4)] == ["", "price"]


def test_a_deletion_is_shown_from_its_instant_on() -> None:
    world = World.of(crm_stage=STAGES, crm_deal=[deal(deleted_at=hour(50))])
    before, after = read(world, hour(50) - MOMENT)[0], read(world, hour(50))[0]
    assert (before["deleted_at"], before["updated_at"]) == (None, hour(30))
    assert (after["deleted_at"], after["updated_at"]) == (hour(50), hour(50))


def test_a_merge_is_shown_with_the_instant_at_which_the_row_went() -> None:
    contact = {"crm": "bitrix24", "contact_id": 4, "created_at": hour(0)}
    gone = contact | {"contact_id": 7, "merged_into_id": 4, "updated_at": hour(6)}
    world = World.of(crm_contact=[contact, gone])
    before, after = (read(world, hour(at), "contact")[1] for at in (5, 6))
    assert (before["merged_into_id"], before["deleted_at"]) == (0, None)
    assert (after["merged_into_id"], after["deleted_at"]) == (4, hour(6))


def test_nothing_points_at_an_entity_that_does_not_exist_yet() -> None:
    lead = {"crm": "bitrix24", "lead_id": 3, "created_at": hour(0), "deal_id": 1, "contact_id": 4}
    lead |= {"updated_at": hour(5), "first_reply_at": hour(2), "stage_id": "fresh"}
    contact = {"crm": "bitrix24", "contact_id": 4, "created_at": hour(3)}
    world = World.of(
        crm_stage=STAGES,
        crm_lead=[lead],
        crm_contact=[contact],
        crm_deal=[deal(created_at=hour(5))],
    )
    keys = ("deal_id", "contact_id", "first_reply_at", "updated_at")
    seen = [tuple(read(world, hour(at), "lead")[0][k] for k in keys) for at in (1, 2, 3, 5)]
    assert seen == [
        (0, 0, None, hour(0)),
        (0, 0, hour(2), hour(2)),
        (0, 4, hour(2), hour(3)),
        (1, 4, hour(2), hour(5)),
    ]


def test_a_lead_is_closed_by_the_statuses_of_leads() -> None:
    lead = {"crm": "bitrix24", "lead_id": 1, "created_at": hour(0), "stage_id": "junk"}
    path = [event("fresh", 0, entity="lead"), event("junk", 3, entity="lead")]
    world = World.of(crm_stage=STAGES, crm_lead=[lead], crm_stage_event=path)
    assert [read(world, hour(at), "lead")[0]["closed_at"] for at in (2, 3)] == [None, hour(3)]


def test_other_crms_and_other_entities_are_kept_apart(world: World) -> None:
    assert crm_rows(world, "amocrm", "deal", hour(5)).num_rows == 0
    for entity in ("lead", "contact", "company"):
        rows = crm_rows(world, "bitrix24", entity, hour(5))
        assert rows.schema.equals(TABLES[f"crm_{entity}"]) and rows.num_rows == 0
    with pytest.raises(KeyError, match="task"):
        crm_rows(world, "bitrix24", "task", hour(5))


def test_an_instant_between_two_changes_has_the_answer_of_the_change_before(world: World) -> None:
    assert crm_rows(world, "bitrix24", "deal", hour(5)) is crm_rows(
        world, "bitrix24", "deal", hour(5.5)
    )
    moscow = hour(5).astimezone(datetime.fromisoformat("2026-01-01T00:00:00+03:00").tzinfo)
    assert read(world, moscow) == read(world, hour(5))
    assert read(world, hour(4) - MOMENT) != read(world, hour(4)) == read(world, hour(5))


def test_events_of_one_deal_do_not_move_another() -> None:
    deals = [deal(), deal(deal_id=2), deal(deal_id=9)]
    path = [*PATH, event("talk", 1, entity_id=9)]
    world = World.of(crm_stage=STAGES, crm_deal=deals, crm_stage_event=path)
    assert [row["stage_id"] for row in read(world, hour(2))] == ["new", "won", "talk"]


def test_of_two_events_at_one_instant_the_later_written_one_holds() -> None:
    path = [event("talk", 2, event_id=8), event("new", 2, event_id=7)]
    world = World.of(crm_stage=STAGES, crm_deal=[deal()], crm_stage_event=path)
    assert read(world, hour(2))[0]["stage_id"] == "talk"


def test_a_stage_bears_its_old_name_until_it_is_renamed() -> None:
    renamed = stage("talk", "open", name="Talks", old_name="Calls", renamed_at=hour(8))
    world = World.of(crm_stage=[renamed, stage("won", "won")])
    names = [crm_stages(world, "bitrix24", hour(at))["name"].to_pylist() for at in (7, 8)]
    assert names == [["Calls", "won"], ["Talks", "won"]]


def test_a_contact_has_a_further_phone_from_the_lead_that_said_it() -> None:
    contact = {"crm": "bitrix24", "contact_id": 4, "created_at": hour(0), "updated_at": hour(5)}
    contact |= {"phones": ["+71", "+72", "+73"], "emails": None}
    lead = {"crm": "bitrix24", "lead_id": 3, "contact_id": 4, "created_at": hour(5), "phone": "+72"}
    world = World.of(crm_contact=[contact, contact | {"contact_id": 5}], crm_lead=[lead])
    before, after = (read(world, hour(at), "contact") for at in (4, 5))
    assert [row["phones"] for row in before] == [["+71", "+73"], ["+71", "+72", "+73"]]
    assert [row["phones"] for row in after] == [["+71", "+72", "+73"]] * 2
    assert (before[0]["updated_at"], after[0]["updated_at"]) == (hour(0), hour(5))
    assert before[0]["emails"] is None


def test_a_merge_brings_the_phone_of_the_other_contact() -> None:
    contact = {"crm": "bitrix24", "contact_id": 4, "created_at": hour(0), "phones": ["+71", "+72"]}
    other = {"crm": "bitrix24", "contact_id": 7, "created_at": hour(1), "phones": ["+72"]}
    other |= {"merged_into_id": 4, "deleted_at": hour(6)}
    world = World.of(crm_contact=[contact, other])
    seen = [read(world, hour(at), "contact")[0] for at in (5, 6)]
    assert [row["phones"] for row in seen] == [["+71"], ["+71", "+72"]]
    assert [row["updated_at"] for row in seen] == [hour(0), hour(6)]


def test_the_first_email_of_a_contact_with_a_phone_may_come_later() -> None:
    contact = {"crm": "bitrix24", "contact_id": 4, "created_at": hour(0), "phones": ["+71"]}
    by_email = contact | {"contact_id": 5, "phones": [], "emails": ["a@b.example"]}
    lead = {"crm": "bitrix24", "lead_id": 3, "contact_id": 4, "created_at": hour(5)}
    leads = [lead | {"email": "a@b.example", "contact_id": contact_id} for contact_id in (4, 5)]
    contacts = [contact | {"emails": ["a@b.example"]}, by_email]
    world = World.of(crm_contact=contacts, crm_lead=leads)
    seen = [[row["emails"] for row in read(world, hour(at), "contact")] for at in (4, 5)]
    assert seen == [[[], ["a@b.example"]], [["a@b.example"], ["a@b.example"]]]
