"""How the lists of the Bitrix24 stand-in are filtered, ordered, selected and paged."""

from __future__ import annotations

import pytest

from tests.sandbox.bitrix24_portal import METRICA_FIELD, PortalCaller, many_deals


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def test_pages_of_fifty_follow_each_other_to_the_last():
    portal = many_deals(120)
    first = portal.post("crm.deal.list").json()
    assert (len(first["result"]), first["total"], first["next"]) == (50, 120, 50)
    last = portal.post("crm.deal.list", {"start": 100}).json()
    assert (len(last["result"]), last["total"], "next" in last) == (20, 120, False)
    assert portal.post("crm.deal.list", {"start": 150}).json()["result"] == []


def test_start_minus_one_counts_nothing_and_goes_on_by_id():
    portal = many_deals(120)
    seen: list[int] = []
    while True:
        answer = portal.post(
            "crm.deal.list",
            {
                "start": -1,
                "order": {"ID": "ASC"},
                "filter": {">ID": seen[-1] if seen else 0},
                "select": ["ID"],
            },
        ).json()
        assert (answer["total"], "next" in answer) == (0, False)
        seen += [int(row["ID"]) for row in answer["result"]]
        if len(answer["result"]) < 50:
            break
    assert seen == list(range(1, 121))
    portal.stage.knobs["bitrix24.counts_uncounted"] = False
    assert "total" not in portal.post("crm.deal.list", {"start": -1}).json()


def test_start_minus_one_walks_downward_as_well():
    portal = many_deals(120)
    body = {"start": -1, "order": {"ID": "DESC"}, "select": ["ID"]}
    assert portal.ids("crm.deal.list", **body)[:2] == ["120", "119"]
    below = portal.ids("crm.deal.list", **body, filter={"<ID": 11})
    assert below == [str(number) for number in range(10, 0, -1)]
    assert portal.ids("crm.deal.list", **body, filter={"<=ID": 1}) == ["1"]


@pytest.mark.parametrize(
    ("conditions", "ids"),
    [
        ({"ID": 2}, ["2"]),
        ({"=ID": "2"}, ["2"]),
        ({"ID": [1, 3]}, ["1", "3"]),
        ({"@ID": [1, 3]}, ["1", "3"]),
        ({"!@ID": [1, 3]}, ["2", "4"]),
        ({"!ID": 1}, ["2", "3", "4"]),
        ({"!=ID": 1}, ["2", "3", "4"]),
        ({">ID": 2}, ["3", "4"]),
        ({">=ID": 2, "<ID": 4}, ["2", "3"]),
        ({"<=ID": "1"}, ["1"]),
        ({"><ID": [2, 3]}, ["2", "3"]),
        ({">ID": ""}, ["1", "2", "3", "4"]),
        ({"%TITLE": "EAL 4"}, ["4"]),
        ({"=%TITLE": "deal%"}, ["1", "2", "3", "4"]),
        ({"%=TITLE": "%3"}, ["3"]),
        ({"=%TITLE": "eal"}, []),
        ({"!%TITLE": "4"}, ["1", "2", "3"]),
        ({"!=%TITLE": "%4"}, ["1", "2", "3"]),
        ({">OPPORTUNITY": 5000}, ["4"]),
        ({"STAGE_ID": "C2:OFFER"}, ["4"]),
        ({"stage_id": "won"}, ["2"]),
        ({"STAGE_SEMANTIC_ID": ["S", "F"]}, ["2", "3"]),
        ({"CLOSED": "Y"}, ["2", "3"]),
        ({"LEAD_ID": ""}, ["2", "3", "4"]),
        ({"!LEAD_ID": None}, ["1"]),
        ({METRICA_FIELD: "17"}, ["1"]),
        ({">=DATE_MODIFY": "2026-11-17T12:00:00+03:00"}, ["1", "2", "3"]),
        ({">=DATE_MODIFY": "2026-11-17T09:00:01Z"}, ["1", "3"]),
        ({"<DATE_MODIFY": "2026-11-17"}, ["4"]),
        ({"<DATE_MODIFY": "17.11.2026 12:00:00"}, ["4"]),
        ({"NO_SUCH_FIELD": "x"}, ["1", "2", "3", "4"]),
        ({"logic": "OR", "0": {"ID": 1}}, ["1", "2", "3", "4"]),
        ({"ID": 99}, []),
    ],
)
def test_a_filter_keeps_the_rows_its_prefix_says(portal, conditions, ids):
    order = {"ID": "ASC"}
    assert portal.ids("crm.deal.list", filter=conditions, order=order) == ids
    assert portal.ids("crm.deal.list", filter=conditions, order=order, start=-1) == ids


def test_multiple_fields_match_by_exact_value_only(portal):
    assert portal.ids("crm.contact.list", filter={"PHONE": "+79160000002"}) == ["21"]
    assert portal.ids("crm.contact.list", filter={"PHONE": "+7916"}) == []
    assert portal.ids("crm.contact.list", filter={"EMAIL": "ivan@example.com"}) == ["21"]


def test_the_order_may_be_of_several_fields_and_descending(portal):
    order = {"ASSIGNED_BY_ID": "DESC", "OPPORTUNITY": "DESC"}
    assert portal.ids("crm.deal.list", order=order) == ["2", "4", "3", "1"]
    assert portal.ids("crm.deal.list", order={"ID": "desc"}, start=-1) == ["4", "3", "2", "1"]


def test_a_star_leaves_out_custom_and_multiple_fields(portal):
    lead = portal.rows("crm.lead.list", {"select": ["*"]})[0]
    assert "TITLE" in lead
    assert not {"PHONE", "EMAIL", METRICA_FIELD} & set(lead)
    assert set(portal.rows("crm.lead.list")[0]) == set(lead)
    lead = portal.rows("crm.lead.list", {"select": ["UF_*", "PHONE"]})[0]
    assert lead[METRICA_FIELD] == "1700000000000000001"
    assert "TITLE" not in lead
    assert lead["PHONE"] == [
        {"ID": "11", "VALUE_TYPE": "WORK", "VALUE": "8 (495) 000-00-01", "TYPE_ID": "PHONE"}
    ]


def test_the_id_comes_whatever_is_selected(portal):
    assert portal.rows("crm.deal.list", {"select": ["TITLE"]})[0] == {"ID": "1", "TITLE": "Deal 1"}


def test_contact_ids_are_announced_but_never_listed(portal):
    assert "CONTACT_IDS" in portal.rows("crm.deal.fields")
    assert "CONTACT_IDS" not in portal.rows("crm.deal.list", {"select": ["*", "CONTACT_IDS"]})[0]


def test_a_filter_or_order_that_is_no_object_is_refused(portal):
    for name in ("filter", "order"):
        answer = portal.post("crm.deal.list", {name: "ID"})
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "",
            "error_description": f"Parameter '{name}' must be array.",
        }


def test_parameters_may_come_in_a_query_or_a_form(portal):
    query = "filter%5B%3E%3DID%5D=2&order%5BID%5D=DESC&select%5B%5D=ID&start=-1"
    ids = [
        [row["ID"] for row in answer.json()["result"]]
        for answer in (
            portal.http.get(f"{portal.hook}/crm.deal.list?{query}"),
            portal.http.post(
                f"{portal.hook}/crm.deal.list",
                content=query,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            ),
            portal.http.post(
                f"{portal.hook}/crm.deal.list",
                data={"filter[>=ID]": "2", "order[ID]": "DESC"},
                files={"ignored": b""},
            ),
        )
    ]
    assert ids == [["4", "3", "2"]] * 3


def test_an_unescaped_equals_sign_in_a_query_loses_its_condition(portal):
    answer = portal.http.get(f"{portal.hook}/crm.deal.list?filter[>=ID]=2")
    assert answer.json()["total"] == 4


def test_get_shows_everything_of_one_record(portal):
    contact = portal.rows("crm.contact.get", {"ID": 21})
    assert [one["VALUE"] for one in contact["PHONE"]] == ["+74950000001", "+79160000002"]
    assert contact[METRICA_FIELD] == "17"
    assert "IM" not in contact


@pytest.mark.parametrize(
    ("number", "description"),
    [(0, "ID is not defined or invalid"), (99, "Not found"), (5, "Not found")],
)
def test_get_of_what_is_not_there_has_an_empty_code(portal, number, description):
    answer = portal.post("crm.deal.get", {"id": number})
    assert answer.status_code == 400
    assert answer.json() == {"error": "", "error_description": description}
