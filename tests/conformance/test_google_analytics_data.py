"""google-analytics-data over REST: reports with int64 as text, batches, quotas and refusals."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.analytics.data_v1beta import BetaAnalyticsDataClient
from google.analytics.data_v1beta.services.beta_analytics_data.transports import (
    BetaAnalyticsDataRestTransport,
)
from google.analytics.data_v1beta.types import (
    BatchRunReportsRequest,
    DateRange,
    Dimension,
    Filter,
    FilterExpression,
    Metric,
    MetricType,
    RunReportRequest,
)
from google.api_core.exceptions import BadRequest, Forbidden
from google.auth.exceptions import RefreshError
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

PROPERTY = "properties/384211507"
SERVICE_ACCOUNT = "reader@demo-project.iam.gserviceaccount.com"
DAYS = DateRange(start_date="2026-01-05", end_date="2026-01-11")


@pytest.fixture
def make_client(stand_ins):
    """Makes a client of loopback for an access token."""
    host = stand_ins.base("ga4")

    def make(access: str = "demo-token") -> BetaAnalyticsDataClient:
        credentials = Credentials(token=access)
        return BetaAnalyticsDataClient(
            transport=BetaAnalyticsDataRestTransport(host=host, credentials=credentials)
        )

    return make


@pytest.fixture
def client(make_client) -> BetaAnalyticsDataClient:
    return make_client()


def _request(**changes: object) -> RunReportRequest:
    request = {
        "property": PROPERTY,
        "dimensions": [Dimension(name="date"), Dimension(name="sessionSource")],
        "metrics": [Metric(name="sessions"), Metric(name="activeUsers")],
        "date_ranges": [DAYS],
        "return_property_quota": True,
    }
    return RunReportRequest({**request, **changes})


def test_a_report_is_read_in_pages(client):
    whole = client.run_report(_request())
    rows = []
    while len(rows) < whole.row_count:
        rows += client.run_report(_request(limit=4, offset=len(rows))).rows
    assert list(whole.rows) == rows
    assert whole.row_count == len(whole.rows) > 4
    assert whole.metric_headers[0].type_ == MetricType.TYPE_INTEGER
    assert whole.metadata.time_zone
    assert whole.property_quota.tokens_per_day.remaining > 0


def test_a_filter_leaves_a_part(client):
    source = client.run_report(_request()).rows[0].dimension_values[1].value
    only = FilterExpression(
        filter=Filter(
            field_name="sessionSource",
            string_filter=Filter.StringFilter(
                match_type=Filter.StringFilter.MatchType.EXACT, value=source
            ),
        )
    )
    rows = client.run_report(_request(dimension_filter=only)).rows
    assert {row.dimension_values[1].value for row in rows} == {source}


def test_a_day_without_sessions_has_no_rows(client):
    empty = DateRange(start_date="2020-01-01", end_date="2020-01-01")
    assert client.run_report(_request(date_ranges=[empty])).row_count == 0


def test_reports_come_in_a_batch(client):
    batch = BatchRunReportsRequest(property=PROPERTY, requests=[_request(), _request(limit=1)])
    first, second = client.batch_run_reports(batch).reports
    assert first.row_count == second.row_count
    assert len(second.rows) == 1


def test_metadata_names_dimensions_and_metrics(client):
    metadata = client.get_metadata(name=f"{PROPERTY}/metadata")
    assert "date" in {one.api_name for one in metadata.dimensions}
    assert "sessions" in {one.api_name for one in metadata.metrics}


@pytest.mark.parametrize("scopes", [None, ["https://www.googleapis.com/auth/analytics.readonly"]])
def test_a_service_account_is_let_in_by_its_claim_or_the_token_bought_with_it(stand_ins, scopes):
    host = stand_ins.base("ga4")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"client_email": SERVICE_ACCOUNT, "private_key": pem, "token_uri": f"{host}/token"}
    credentials = service_account.Credentials.from_service_account_info(account, scopes=scopes)
    transport = BetaAnalyticsDataRestTransport(host=host, credentials=credentials)
    report = BetaAnalyticsDataClient(transport=transport).run_report(_request())
    assert report.row_count > 0
    assert credentials.token.startswith("ya29." if scopes else "ey")


def test_an_unknown_dimension_is_a_bad_request(client):
    with pytest.raises(BadRequest, match="noSuchDimension"):
        client.run_report(_request(dimensions=[Dimension(name="noSuchDimension")]))


def test_a_stranger_is_forbidden_and_a_wrong_token_cannot_be_renewed(make_client):
    with pytest.raises(Forbidden):
        make_client("stranger-token").run_report(_request())
    with pytest.raises(RefreshError):
        make_client("no-such-token").run_report(_request())
