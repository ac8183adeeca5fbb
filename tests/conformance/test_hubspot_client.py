"""hubspot-api-client: lists with history and associations, search, owners, pipelines, errors."""

from __future__ import annotations

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.deals import ApiException, BatchReadInputSimplePublicObjectId, SimplePublicObjectId
from hubspot.crm.deals import PublicObjectSearchRequest as Search


@pytest.fixture
def make_client(stand_ins):
    """Makes a client of loopback for a token."""
    host = stand_ins.base("hubspot")

    def make(access: str = "demo-token") -> HubSpot:
        return HubSpot(access_token=access, host=host)

    return make


@pytest.fixture
def client(make_client) -> HubSpot:
    return make_client()


def test_all_deals_are_read_page_by_page_with_history_and_contacts(client):
    deals, after = [], None
    while True:
        page = client.crm.deals.basic_api.get_page(
            limit=5,
            after=after,
            properties=["amount", "dealstage", "hs_lastmodifieddate"],
            properties_with_history=["dealstage"],
            associations=["contacts"],
        )
        deals += page.results
        if page.paging is None or page.paging.next is None:
            break
        after = page.paging.next.after
    assert len(deals) > 5
    assert sorted(d.id for d in deals) == sorted(d.id for d in client.crm.deals.get_all())
    for deal in deals:
        newest = deal.properties_with_history["dealstage"][0]
        assert newest.value == deal.properties["dealstage"]
    assert any(deal.associations for deal in deals)


def test_a_search_finds_what_changed_since(client):
    everything = client.crm.deals.get_all(properties=["hs_lastmodifieddate"])
    times = sorted(deal.updated_at for deal in everything)
    border = str(int(times[len(times) // 2].timestamp() * 1000))
    condition = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": border}
    found = client.crm.deals.search_api.do_search(
        public_object_search_request=Search(
            filter_groups=[{"filters": [condition]}],
            sorts=["hs_lastmodifieddate"],
            properties=["hs_lastmodifieddate"],
            limit=200,
            after="0",
        )
    )
    assert 0 < found.total == len(found.results) < len(everything)


def test_objects_are_read_by_their_ids(client):
    ids = [deal.id for deal in client.crm.deals.get_all()][:3]
    answer = client.crm.deals.batch_api.read(
        batch_read_input_simple_public_object_id=BatchReadInputSimplePublicObjectId(
            inputs=[SimplePublicObjectId(id=one) for one in ids],
            properties=["dealname"],
            properties_with_history=[],
        )
    )
    assert sorted(deal.id for deal in answer.results) == sorted(ids)


def test_contacts_of_deals_are_found_by_associations(client):
    ids = [deal.id for deal in client.crm.deals.get_all()]
    answer = client.crm.associations.v4.batch_api.get_page(
        from_object_type="deals",
        to_object_type="contacts",
        batch_input_public_fetch_associations_batch_request=(
            BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": one} for one in ids])
        ),
    )
    assert {found._from.id for found in answer.results} <= set(ids)
    assert all(found.to[0].to_object_id for found in answer.results)


def test_dictionaries_are_typed(client):
    owners = client.crm.owners.owners_api.get_page(limit=100)
    pipelines = client.crm.pipelines.pipelines_api.get_all("deals")
    properties = client.crm.properties.core_api.get_all("deals")
    assert owners.results
    stages = [stage for pipeline in pipelines.results for stage in pipeline.stages]
    assert {stage.metadata["isClosed"] for stage in stages} == {"true", "false"}
    assert "dealstage" in {one.name for one in properties.results}


def test_contacts_and_companies_are_listed(client):
    contacts = client.crm.contacts.get_all(properties=["email", "phone"])
    companies = client.crm.companies.get_all(properties=["name", "domain"])
    assert any(contact.properties["email"] for contact in contacts)
    assert any(company.properties["name"] for company in companies)


def test_a_wrong_token_is_an_unauthorized_answer(make_client):
    with pytest.raises(ApiException) as refused:
        make_client("no-such-token").crm.deals.basic_api.get_page()
    assert refused.value.status == 401
