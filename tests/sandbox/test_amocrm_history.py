"""The amoCRM stand-in: events as stage history, calls as notes, tasks, dictionaries."""

from __future__ import annotations

import pytest

from tests.sandbox.amocrm_account import OFFER, AmoCaller, day, make_world, seconds


@pytest.fixture
def amo() -> AmoCaller:
    return AmoCaller()


def test_every_move_of_a_lead_is_an_event_and_its_first_stage_is_not(amo):
    query = "filter[type]=lead_status_changed&filter[entity]=lead&filter[entity_id][]=801"
    events = amo.rows(f"events?{query}&order[created_at]=asc")
    moves = [
        (
            event["created_at"],
            event["value_before"][0]["lead_status"]["id"],
            event["value_after"][0]["lead_status"]["id"],
        )
        for event in events
    ]
    work, qualify = OFFER - 2, OFFER - 1
    assert moves == [
        (seconds(4), work, qualify),
        (seconds(6), qualify, OFFER),
        (seconds(10), OFFER, 143),
        (seconds(12), 143, OFFER),
        (seconds(14), OFFER, 142),
    ]
    (added,) = amo.rows("events?filter[type]=lead_added&filter[entity]=lead&filter[entity_id]=801")
    assert (added["value_after"], added["created_at"]) == ([], seconds(1.5))


def test_an_event_has_a_text_id_and_a_singular_entity(amo):
    (event,) = amo.rows("events?limit=1")
    assert (len(event["id"]), event["id"].isalnum(), event["entity_type"]) == (26, True, "lead")
    assert event["_embedded"]["entity"]["_links"]["self"]["href"].endswith("/leads/801")
    assert amo.get(f"events/{event['id']}").json() == event
    assert amo.ids(f"events?filter[id]={event['id']}") == [event["id"]]


def test_events_of_tomorrow_are_not_told_today(amo):
    amo.go_to(6)
    newest = amo.rows("events?limit=100")[0]
    assert newest["created_at"] == seconds(6)
    amo.go_to(30)
    assert len(amo.rows("events?limit=100")) > 20


def test_deletions_and_merges_are_told_without_the_loser(amo):
    kinds = "lead_deleted,contact_deleted,entity_merged"
    told = [
        (row["type"], row["entity_type"], row["entity_id"])
        for row in amo.rows(f"events?filter[type]={kinds}&order[created_at]=asc")
    ]
    assert told == [
        ("contact_deleted", "contact", 10),
        ("entity_merged", "contact", 9),
        ("lead_deleted", "lead", 802),
        ("entity_merged", "lead", 801),
    ]


def test_changes_of_hands_tags_links_and_tasks_are_events_too(amo):
    (hands,) = amo.rows("events?filter[type][]=entity_responsible_changed")
    assert hands["value_after"] == [{"responsible_user": {"id": 3}}]
    assert hands["value_before"] == [{"responsible_user": {"id": 2}}]
    tags = amo.rows("events?filter[type]=entity_tag_added")
    assert {row["value_after"][0]["tag"]["name"] for row in tags} == {"WEBFORM", "CALL"}
    (link,) = amo.rows("events?filter[type]=entity_linked")
    assert link["value_after"] == [{"link": {"entity": {"type": "contact", "id": 9}}}]
    assert len(amo.rows("events?filter[type]=task_added,task_completed")) == 3
    assert len(amo.rows("events?filter[type]=contact_added,company_added")) == 4


def test_events_are_found_by_their_values_and_authors(amo):
    value = f"[leads_statuses][0][pipeline_id]=10&filter[%s][leads_statuses][0][status_id]={OFFER}"
    after = amo.rows("events?filter[value_after]" + value % "value_after")
    assert [row["created_at"] for row in after] == [seconds(12), seconds(6)]
    before = amo.rows("events?filter[value_before]" + value % "value_before")
    assert [row["created_at"] for row in before] == [seconds(14), seconds(10)]
    assert {row["created_by"] for row in amo.rows("events?filter[created_by]=3")} == {3}


@pytest.mark.parametrize("spelt", ["filter[created_at][from]={0}", "filter[created_at]={0}"])
def test_events_are_found_since_an_instant_inclusive(amo, spelt):
    rows = amo.rows("events?" + spelt.format(seconds(12)))
    assert [row["created_at"] for row in rows] == [seconds(14), seconds(12)]


def test_events_are_found_between_two_instants(amo):
    rows = amo.rows(f"events?filter[created_at]={seconds(10)},{seconds(12)}")
    assert [row["created_at"] for row in rows] == [seconds(12), seconds(10)]


@pytest.mark.parametrize(
    "query",
    [
        "filter[value_after][status]=143",
        "filter[value_after]=143",
        "filter[entity_id]=801",
        "filter[entity]=lead,contact&filter[entity_id]=801",
        "filter[entity]=lead&filter[entity_id]=" + ",".join(map(str, range(11))),
        "limit=251",
    ],
)
def test_events_refuse_other_shapes_of_filters(amo, query):
    assert amo.get(f"events?{query}").status_code == 400


def test_more_than_a_hundred_events_a_page_become_fifty(amo):
    tasks = [
        {"task_id": n, "entity": "deal", "entity_id": 801, "created_at": day(1 + n / 1440)}
        for n in range(120)
    ]
    amo.stage.world = make_world(crm_task=tasks)
    query = "events?filter[type]=task_added&limit="
    assert [len(amo.rows(f"{query}{limit}")) for limit in (100, 101, 250)] == [100, 50, 50]
    third = amo.get(f"{query}250&page=3").json()
    assert (len(third["_embedded"]["events"]), "next" in third["_links"]) == (20, False)


def test_calls_are_notes_of_the_newest_lead_or_else_of_the_contact(amo):
    notes = amo.rows("leads/notes?filter[note_type][]=call_in&filter[note_type][]=call_out")
    assert [(n["entity_id"], n["note_type"], n["params"]["uniq"]) for n in notes] == [
        (801, "call_in", "92"),
        (801, "call_out", "93"),
    ]
    (early,) = amo.rows("contacts/notes")
    assert (early["entity_id"], early["params"]["call_status"]) == (9, 4)
    assert early["params"]["duration"] == 60
    assert [n["params"]["call_status"] for n in notes] == [6, 7]
    assert amo.rows("companies/notes") == []


def test_notes_are_found_by_entity_kind_instant_and_id(amo):
    assert len(amo.rows("leads/801/notes")) == 2
    assert amo.rows("leads/804/notes") == []
    (note,) = amo.rows("leads/notes?filter[note_type]=call_out")
    assert amo.get(f"leads/notes/{note['id']}").json() == note
    assert amo.get(f"leads/801/notes/{note['id']}").json() == note
    since = note["updated_at"]
    assert amo.ids(f"leads/notes?filter[updated_at][from]={since}") == [note["id"]]
    assert len(amo.rows("leads/notes?filter[entity_id][]=801&order[updated_at]=desc")) == 2


def test_a_call_event_points_at_its_note(amo):
    (event,) = amo.rows("events?filter[type]=outgoing_call")
    (note,) = amo.rows("leads/notes?filter[note_type]=call_out")
    assert event["value_after"] == [{"note": {"id": note["id"]}}]


def test_an_open_task_has_an_empty_list_for_a_result(amo):
    amo.go_to(5)
    (task,) = amo.rows("tasks")
    assert (task["result"], task["is_completed"], task["task_type_id"]) == ([], False, 1)
    amo.go_to(30)
    done, opened = amo.rows("tasks")
    assert (done["result"], opened["result"]) == ({"text": "Выполнено"}, [])
    assert done["updated_at"] == seconds(6)
    assert (opened["entity_id"], opened["entity_type"]) == (801, "leads")


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("filter[is_completed]=1", [1]),
        ("filter[is_completed]=0", [2]),
        ("filter[task_type_id]=2&filter[task_type]=2", [2]),
        ("filter[responsible_user_id]=2", [1]),
        (f"filter[updated_at][from]={seconds(7)}", [2]),
        ("filter[entity_type]=leads&filter[entity_id][]=801", [1, 2]),
        ("filter[entity_type]=contacts", []),
        ("order[complete_till]=desc", [2, 1]),
    ],
)
def test_tasks_are_filtered_and_ordered(amo, query, ids):
    assert amo.ids(f"tasks?{query}") == ids
    assert amo.get("tasks/1").json()["id"] == 1


def test_won_and_lost_are_the_same_in_every_pipeline_and_names_change(amo):
    amo.go_to(10)
    answer = amo.get("leads/pipelines").json()
    assert (answer["_total_items"], "_page" in answer) == (2, False)
    main, other = answer["_embedded"]["pipelines"]
    assert (main["id"], main["is_main"], other["is_main"]) == (10, True, False)
    names = [status["name"] for status in main["_embedded"]["statuses"]]
    assert names[:4] == ["Неразобранное", "В работе", "Квалификация", "КП"]
    for pipeline in (main, other):
        ids = [status["id"] for status in pipeline["_embedded"]["statuses"]]
        assert ids[-2:] == [142, 143]
        assert pipeline["_embedded"]["statuses"][0]["type"] == 1
    amo.go_to(21)
    renamed = amo.get("leads/pipelines/10").json()["_embedded"]["statuses"][3]
    assert (renamed["id"], renamed["name"]) == (OFFER, "Предложение")
    assert len(amo.rows("leads/pipelines/10/statuses")) == 6
    assert amo.get("leads/pipelines/99").status_code == 204
    assert amo.get("leads/pipelines/10/statuses/142").json()["name"] == "Успешно реализовано"
    assert amo.get("leads/pipelines/10/statuses/1").status_code == 204


def test_users_and_custom_fields_carry_totals(amo):
    users = amo.get("users?limit=2&with=role,group,uuid,amojo_id,user_rank").json()
    assert (users["_total_items"], users["_page_count"], users["_page"]) == (3, 2, 1)
    first = users["_embedded"]["users"][0]
    assert first["rights"]["is_admin"] and set(first["_embedded"]) == {"roles", "groups"}
    assert {"uuid", "amojo_id", "user_rank"} <= set(first)
    assert amo.get("users/2").json()["name"] == "Олег Ворон"
    fields = amo.get("leads/custom_fields?limit=250").json()
    assert fields["_total_items"] == len(fields["_embedded"]["custom_fields"]) == 22
    field = fields["_embedded"]["custom_fields"][0]
    assert (field["type"], field["group_id"], field["is_api_only"]) == (
        "tracking_data",
        "statistic",
        True,
    )
    assert amo.get(f"leads/custom_fields/{field['id']}").json() == field
    codes = [row["code"] for row in amo.rows("contacts/custom_fields")]
    assert codes == ["POSITION", "PHONE", "EMAIL"]


def test_loss_reasons_and_the_account_are_told(amo):
    reasons = amo.rows("leads/loss_reasons")
    assert [row["name"] for row in reasons] == ["Дорого", "Спам"]
    assert amo.get(f"leads/loss_reasons/{reasons[0]['id']}").json()["name"] == "Дорого"
    bare = amo.get("account").json()
    assert (bare["currency"], "_embedded" in bare) == ("RUB", False)
    told = amo.get("account?with=task_types,datetime_settings,users_groups,version").json()
    assert told["_embedded"]["datetime_settings"]["timezone"] == "Asia/Yekaterinburg"
    assert told["version"] == 11


def test_goods_and_invoices_are_catalogs(amo):
    assert [row["type"] for row in amo.rows("catalogs")] == ["products", "invoices"]
    (bolt,) = amo.rows("catalogs/1001/elements")
    prices = [f for f in bolt["custom_fields_values"] if f["field_code"] == "PRICE"]
    assert (bolt["id"], prices[0]["values"]) == (31, [{"value": "12.50"}])
    assert amo.ids("catalogs/1002/elements") == [61]
    assert amo.get("catalogs/1001/elements/31").json()["name"] == "Болт М8"
    amo.go_to(14)
    assert amo.rows("catalogs/1002/elements") == []


def test_links_name_both_ends(amo):
    links = amo.rows("leads/801/links")
    targets = [(link["to_entity_type"], link["to_entity_id"]) for link in links]
    assert targets == [("contacts", 9), ("companies", 7), ("catalog_elements", 31)]
    assert amo.rows("leads/links?filter[entity_id][]=801&filter[entity_id][]=1") == links
    assert len(amo.rows("leads/links?filter[entity_id]=801&filter[to_entity_type]=companies")) == 1
    assert [link["to_entity_type"] for link in amo.rows("contacts/9/links")] == [
        "companies",
        "leads",
    ]
    assert len(amo.rows("companies/7/links")) == 2
