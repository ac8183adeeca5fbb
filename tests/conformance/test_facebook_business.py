"""facebook-business: insights at once and by an asynchronous run, cursors, and refusals."""

from __future__ import annotations

import time

import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

ACCOUNT = "act_1029384756"
FIELDS = ["ad_id", "campaign_id", "impressions", "clicks", "spend"]
PARAMS = {
    "level": "ad",
    "time_increment": 1,
    "time_range": {"since": "2026-01-05", "until": "2026-01-11"},
}
WAIT_SECONDS = 120


@pytest.fixture
def make_account(stand_ins, monkeypatch):
    """Makes the account of a client of loopback for a token."""
    monkeypatch.setattr(FacebookSession, "GRAPH", stand_ins.base("meta_ads"))

    def make(access: str = "demo-token") -> AdAccount:
        api = FacebookAdsApi.init(access_token=access, crash_log=False)
        return AdAccount(ACCOUNT, api=api)

    return make


@pytest.fixture
def account(make_account) -> AdAccount:
    return make_account()


def _key(row: dict) -> tuple[str, str, str, str]:
    return (row["date_start"], row["ad_id"], row.get("impressions"), row.get("spend"))


def test_insights_are_read_cursor_by_cursor(account):
    whole = [dict(row) for row in account.get_insights(fields=FIELDS, params=PARAMS)]
    small = account.get_insights(fields=FIELDS, params={**PARAMS, "limit": 3})
    assert len(whole) > 3
    assert sorted(_key(dict(row)) for row in small) == sorted(_key(row) for row in whole)
    assert all(isinstance(row["impressions"], str) for row in whole)


@pytest.mark.waits
def test_an_asynchronous_run_ends_with_the_same_rows(account):
    run = account.get_insights(fields=FIELDS, params=PARAMS, is_async=True)
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        run = run.api_get()
        done = run[AdReportRun.Field.async_percent_completion] == 100
        if done and run[AdReportRun.Field.async_status] == "Job Completed":
            break
        time.sleep(0.5)
    rows = [_key(dict(row)) for row in run.get_insights()]
    at_once = account.get_insights(fields=FIELDS, params=PARAMS)
    assert sorted(rows) == sorted(_key(dict(row)) for row in at_once)


def test_campaigns_sets_and_ads_belong_together(account):
    campaigns = {c["id"] for c in account.get_campaigns(fields=["id", "name", "status"])}
    sets = {s["id"]: s["campaign_id"] for s in account.get_ad_sets(fields=["id", "campaign_id"])}
    ads = list(account.get_ads(fields=["id", "adset_id", "campaign_id", "name"]))
    assert ads
    assert set(sets.values()) <= campaigns
    assert all(sets[ad["adset_id"]] == ad["campaign_id"] for ad in ads)


def test_the_accounts_of_a_user_are_listed(make_account):
    make_account()
    accounts = User(fbid="me").get_ad_accounts(fields=["id", "currency", "timezone_name"])
    assert ACCOUNT in {one["id"] for one in accounts}


def test_a_wrong_token_is_refused_by_its_code(make_account):
    with pytest.raises(FacebookRequestError) as refused:
        list(make_account("no-such-token").get_insights(fields=FIELDS, params=PARAMS))
    assert refused.value.api_error_code() == 190
