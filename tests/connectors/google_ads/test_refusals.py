"""What the vendor refuses, in words a person can act on, and what is asked again by itself."""

from __future__ import annotations

import pytest

from include.connectors.google_ads import CONNECTOR
from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    ConnectorError,
    IncompleteAnswer,
    RequestRefused,
    TemporaryFailure,
)
from tests.connectors.google_ads.conftest import Bench
from tests.connectors.google_ads.contract_case import FIRST, MANAGER


@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        ("authenticationError.OAUTH_TOKEN_REVOKED", AccessDenied, "consent again"),
        ("authenticationError.NOT_ADS_USER", AccessDenied, "no Google Ads"),
        ("authorizationError.USER_PERMISSION_DENIED", AccessDenied, "login_customer_id"),
        ("authorizationError.CUSTOMER_NOT_ENABLED", AccessDenied, "other accounts are read"),
        ("authorizationError.METRIC_ACCESS_DENIED", AccessDenied, "check the connection"),
        (
            "authorizationError.CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION",
            AccessDenied,
            "Basic access",
        ),
        ("requestError.CLOUD_PROJECT_NOT_FOUND", AccessDenied, "another client"),
        ("requestError.EXPIRED_PAGE_TOKEN", TemporaryFailure, "later"),
        ("queryError.UNRECOGNIZED_FIELD", RequestRefused, "changed API"),
        ("dateRangeError.INVALID_DATE", RequestRefused, "changed API"),
        ("quotaError.RESOURCE_EXHAUSTED", TemporaryFailure, "tomorrow"),
        (
            "quotaError.EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION",
            TemporaryFailure,
            "tomorrow",
        ),
    ],
)
def test_a_final_refusal_is_told_at_once_with_what_to_do(
    bench: Bench, code: str, error: type[ConnectorError], says: str
) -> None:
    bench.plant("error", 99, code=code)
    with pytest.raises(error, match=says) as raised:
        bench.read()
    assert code.partition(".")[2] in str(raised.value)
    assert not bench.sleeps


@pytest.mark.parametrize(
    "code",
    [
        "internalError.INTERNAL_ERROR",
        "internalError.TRANSIENT_ERROR",
        "internalError.DEADLINE_EXCEEDED",
        "quotaError.RESOURCE_TEMPORARILY_EXHAUSTED",
        "quotaError.EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION",
    ],
)
def test_passing_trouble_is_waited_out(bench: Bench, code: str) -> None:
    bench.plant("error", 2, code=code)
    assert bench.read() == 1
    assert len(bench.sleeps) == 2


def test_the_delay_the_vendor_names_is_kept(bench: Bench) -> None:
    bench.plant("too_many", retry_seconds=47)
    assert bench.read() == 1
    assert bench.sleeps[0] >= 47


def test_a_token_that_is_refused_although_new_ends_the_attempts(bench: Bench) -> None:
    bench.plant("expired_token", 99)
    with pytest.raises(AccessDenied, match="just minted"):
        bench.read()


def test_an_error_behind_good_batches_spoils_the_whole_answer(bench: Bench) -> None:
    bench.plant("stream_error", skip=1, after_batches=1)
    with pytest.raises(TemporaryFailure, match="TRANSIENT_ERROR"):
        bench.read()


def test_a_sum_that_does_not_match_the_vendors_own_is_no_answer(bench: Bench) -> None:
    bench.plant("repeated_batch", skip=1)
    with pytest.raises(IncompleteAnswer, match="cost_micros"):
        bench.read()


@pytest.mark.parametrize("resource", ["ad_performance_daily", "click", "campaign"])
def test_nothing_is_believed_only_twice(bench: Bench, resource: str) -> None:
    is_there = resource != "click"
    bench.plant("zero_rows", skip=1)
    if is_there:
        with pytest.raises(IncompleteAnswer, match="asked again"):
            bench.read(resource)
    else:
        assert bench.read(resource) == 0


@pytest.mark.parametrize("empty_batch", [False, True])
def test_both_ways_to_say_nothing_are_understood(bench: Bench, empty_batch: bool) -> None:
    bench.stage.knobs["google_ads.empty_batch"] = empty_batch
    assert bench.read("keyword_performance_daily") == 0


def test_a_manager_has_no_figures(bench: Bench) -> None:
    with pytest.raises(AccessDenied, match="manager account"):
        bench.read(customer_id=MANAGER)


def test_a_version_past_its_sunset_names_the_option(bench: Bench) -> None:
    with pytest.raises(RequestRefused, match="api_version"):
        bench.read(api_version="v20")
    with pytest.raises(RequestRefused, match="api_version"):
        bench.read(api_version="v99")


def test_a_customer_id_has_ten_digits_with_dashes_or_without(bench: Bench) -> None:
    assert bench.read(customer_id="123-456-7890", login_customer_id="111-222-3333") == 1
    with pytest.raises(BadInput, match="ten digits"):
        bench.connect(name="main account")


def test_a_check_names_what_may_be_read(bench: Bench) -> None:
    names = [capability.name for capability in bench.connect().check()]
    assert names == ["account", *CONNECTOR.resources]
    bench.stage.knobs["google_ads.disabled_customers"] = [FIRST]
    refused = list(bench.connect().check())
    assert not any(capability.is_allowed for capability in refused)
    assert "other accounts" in refused[0].detail
