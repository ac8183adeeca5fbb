"""avito-ads, the vendor's own: tokens, lists page by page, statistics, refusals."""

from __future__ import annotations

import avito_ads.configuration
import pytest
from avito_ads import Client, Configuration
from avito_ads.exceptions import AvitoAdsError

ACCOUNT = 3017
DAYS = ("2026-01-05", "2026-01-11")


@pytest.fixture
def make_client(stand_ins, monkeypatch):
    """Makes a client of loopback for a secret."""
    monkeypatch.setattr(avito_ads.configuration, "_HOST", stand_ins.base("avito_ads"))

    def make(secret: str) -> Client:
        return Client(Configuration.create("demo-client", secret, ACCOUNT).production())

    return make


def test_campaigns_groups_and_creatives_belong_together(make_client):
    with make_client("demo-secret") as client:
        campaigns = {campaign.id for campaign in client.campaigns.iterate(limit=1)}
        groups = {group.id: group.campaign_id for group in client.groups.iterate(limit=5)}
        creatives = list(client.creatives.iterate(limit=7))
    assert len(campaigns) > 1
    assert set(groups.values()) == campaigns
    assert {creative.group_id for creative in creatives} <= set(groups)


def test_statistics_of_groups_add_up_to_their_campaign(make_client):
    with make_client("demo-secret") as client:
        campaign = next(iter(client.campaigns.iterate()))
        told = client.statistics.campaign(campaign.id, *DAYS)
    days = {day.timestamp: day.clicks for day in told.campaign.data}
    assert sum(days.values()) == told.campaign.total_data.clicks > 0
    of_groups = sum(day.clicks for group in told.groups for day in group.data)
    assert of_groups == sum(days.values())


def test_a_wrong_secret_is_refused(make_client):
    with make_client("wrong") as client, pytest.raises(AvitoAdsError):
        client.account.get()
