"""Associations of the HubSpot stand-in: in batches, of one object, by page."""

from __future__ import annotations

import pytest

from tests.sandbox.hubspot_portal import PortalCaller

CONTACTS = "/crm/v3/objects/contacts"


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def test_associations_of_version_4_are_numbered(portal):
    path = "/crm/v4/associations/deals/contacts/batch/read"
    answer = portal.post(path, {"inputs": [{"id": "1"}]})
    assert answer.status_code == 200
    assert answer.json()["results"] == [
        {
            "from": {"id": "1"},
            "to": [
                {
                    "toObjectId": 21,
                    "associationTypes": [
                        {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}
                    ],
                }
            ],
        }
    ]
    answer = portal.post(path, {"inputs": [{"id": "1"}, {"id": "4"}]})
    assert (answer.status_code, answer.json()["numErrors"]) == (207, 1)
    error = answer.json()["errors"][0]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["context"] == {"fromObjectId": ["4"]}
    assert portal.post(path, {"inputs": 1}).status_code == 400


def test_a_batch_read_says_where_further_associations_begin(portal):
    portal.stage.knobs["hubspot.associations_in_batch"] = 1
    path = "/crm/v4/associations/contacts/deals/batch/read"
    (result,) = portal.post(path, {"inputs": [{"id": "21"}]}).json()["results"]
    assert [to["toObjectId"] for to in result["to"]] == [1]
    assert result["paging"] == {"next": {"after": "1"}}


def test_associations_of_one_object_are_paged(portal):
    path = f"{CONTACTS.replace('v3', 'v4')}/21/associations/deals"
    first = portal.get(path, limit=1).json()
    assert first["results"][0]["toObjectId"] == 1
    assert first["results"][0]["associationTypes"][0]["typeId"] == 4
    last = portal.get(path, limit=1, after=first["paging"]["next"]["after"]).json()
    assert (last["results"][0]["toObjectId"], "paging" in last) == (2, False)
    assert portal.get(f"{CONTACTS}/21/associations/deals").json()["results"][0] == {
        "id": "1",
        "type": "contact_to_deal",
    }
    body = {"inputs": [{"id": "1"}]}
    old = portal.post("/crm/v3/associations/deals/companies/batch/read", body).json()
    assert old["results"][0]["to"] == [{"id": "41", "type": "deal_to_company"}]
    assert portal.get("/crm/v4/objects/contacts/99/associations/deals").status_code == 404
    labels = portal.results("/crm/v4/associations/deals/contacts/labels")
    assert labels[0]["typeId"] == 3
