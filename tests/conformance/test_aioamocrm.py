"""aioamocrm: typed lists page by page, dictionaries, OAuth pairs that rotate, refused rates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aioamocrm import (
    AmoCRMClient,
    AuthError,
    LongLivedToken,
    MemoryTokenStorage,
    OAuth2,
    RateLimitError,
    RetryPolicy,
    TokenSet,
)

Work = Callable[[AmoCRMClient], Awaitable[Any]]


@pytest.fixture
def run(stand_ins):
    """Runs one piece of work with a client of the stand-in."""
    base = stand_ins.base("amocrm")

    def run(work: Work, auth: Any = None, **options: Any) -> Any:
        async def inside() -> Any:
            entry = auth or LongLivedToken("demo-token")
            async with AmoCRMClient(base_url=base, auth=entry, **options) as client:
                return await work(client)

        return asyncio.run(inside())

    return run


def test_leads_of_all_pages_are_those_of_one(run):
    async def read(client: AmoCRMClient) -> tuple[list[Any], list[Any]]:
        small = [lead async for lead in client.leads.iterate(limit=7, with_=["contacts"])]
        return small, [lead async for lead in client.leads.iterate(limit=250)]

    by_sevens, at_once = run(read)
    assert len(at_once) > 7
    assert [lead.id for lead in by_sevens] == [lead.id for lead in at_once]
    assert any(lead.embedded and lead.embedded.contacts for lead in by_sevens)


def test_leads_changed_since_are_a_part_of_all(run):
    async def read(client: AmoCRMClient) -> tuple[list[Any], list[Any]]:
        everything = [lead async for lead in client.leads.iterate()]
        border = sorted(lead.updated_at for lead in everything)[len(everything) // 2]
        since = {"updated_at": {"from": border}}
        return everything, [lead async for lead in client.leads.iterate(filter=since)]

    everything, changed = run(read)
    assert 0 < len(changed) < len(everything)


def test_dictionaries_and_people_are_typed(run):
    async def read(client: AmoCRMClient) -> dict[str, Any]:
        return {
            "pipelines": await client.pipelines.list(),
            "users": [user async for user in client.users.iterate()],
            "contacts": [one async for one in client.contacts.iterate()],
            "companies": [one async for one in client.companies.iterate()],
            "tasks": [one async for one in client.tasks.iterate()],
            "fields": [one async for one in client.leads.custom_fields.iterate()],
            "account": await client.account.get(),
        }

    read_back = run(read)
    assert all(read_back.values())
    statuses = [s for p in read_back["pipelines"] for s in p.embedded.statuses]
    assert {142, 143} <= {status.id for status in statuses}
    assert "YCLID" in {field.code for field in read_back["fields"]}


def test_a_list_with_nothing_in_it_is_empty(run):
    async def read(client: AmoCRMClient) -> list[Any]:
        return [lead async for lead in client.leads.iterate(filter={"id": [999_999_999]})]

    assert run(read) == []


def test_a_wrong_token_is_an_authorization_error(run):
    async def read(client: AmoCRMClient) -> Any:
        return await client.account.get()

    with pytest.raises(AuthError):
        run(read, LongLivedToken("no-such-token"))


def test_a_dead_pair_is_renewed_once_and_its_successor_kept(run):
    storage = MemoryTokenStorage(TokenSet("dead", "demo-refresh", expires_at=0.0))
    auth = OAuth2(
        client_id="demo-app",
        client_secret="demo-secret",
        redirect_uri="https://example.com/",
        storage=storage,
    )

    async def read(client: AmoCRMClient) -> str:
        return (await client.account.get()).name

    assert run(read, auth)
    kept = asyncio.run(storage.load())
    assert kept.refresh_token != "demo-refresh"
    assert kept.access_token != "dead"


def test_a_refused_rate_is_retried_by_the_client(run, stand_ins):
    stand_ins.plant(kind="status", vendor="amocrm", status=429, count=2)

    async def read(client: AmoCRMClient) -> str:
        return (await client.account.get()).name

    assert run(read, retry=RetryPolicy(max_attempts=4, backoff_base=0.05))


@pytest.mark.parametrize("limit", [None, 5.0])
def test_only_a_client_that_keeps_the_vendors_rate_is_never_refused(run, limit):
    async def read(client: AmoCRMClient) -> list[Any]:
        asked = [client.account.get() for _ in range(14)]
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = run(read, rate_limit=limit, retry=RetryPolicy(max_attempts=1))
    refused = [answer for answer in answers if isinstance(answer, RateLimitError)]
    assert bool(refused) == (limit is None)
