"""Google's stream on a real connection: chunked, compressed, and broken on demand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from tests.sandbox.ad_world import make_ad_world

FIRST = "1234567890"
HEADERS = {"Authorization": "Bearer direct-token"}
QUERY = "SELECT ad_group_ad.ad.id, ad_group_ad.ad.final_urls FROM ad_group_ad"


@pytest.fixture(scope="module")
def server() -> Iterator[VendorServer]:
    world = make_ad_world("google_ads", (FIRST, "2234567890"))
    with VendorServer(Stage(world=world, knobs={"google_ads.batch_rows": 1})) as running:
        yield running


def _post(server: VendorServer, **headers: str) -> requests.Response:
    url = f"{server.vendor_urls['google_ads']}/v26/customers/{FIRST}/googleAds:searchStream"
    return requests.post(url, json={"query": QUERY}, headers=HEADERS | headers, timeout=10)


def test_the_stream_comes_in_chunks_compressed_or_not(server: VendorServer) -> None:
    plain = _post(server, **{"Accept-Encoding": "identity"})
    assert plain.headers["transfer-encoding"] == "chunked"
    packed = _post(server)
    assert packed.headers["content-encoding"] == "gzip"
    read = [[batch["results"] for batch in answer.json()] for answer in (plain, packed)]
    assert (len(read[0]), read[0]) == (4, read[1])


def test_a_truncated_stream_has_no_closing_bracket(server: VendorServer) -> None:
    server.stage.faults.plant(Fault("truncate", "google_ads", values={"at_bytes": 900}))
    answer = _post(server)
    assert (answer.status_code, answer.text[0], len(answer.content)) == (200, "[", 900)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)


def test_a_cut_stream_breaks_the_connection(server: VendorServer) -> None:
    server.stage.faults.plant(Fault("cut", "google_ads", values={"at_bytes": 900}))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _post(server, **{"Accept-Encoding": "identity"})


def test_a_stream_can_fall_silent_in_the_middle(server: VendorServer) -> None:
    server.stage.faults.plant(
        Fault("stream_stall", "google_ads", values={"seconds": 1, "after_batches": 2})
    )
    url = f"{server.vendor_urls['google_ads']}/v26/customers/{FIRST}/googleAds:searchStream"
    plain = HEADERS | {"Accept-Encoding": "identity"}
    with requests.post(
        url, json={"query": QUERY}, headers=plain, timeout=0.2, stream=True
    ) as answer:
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.ConnectionError, match="Read timed out"):
            list(answer.iter_content(None))
