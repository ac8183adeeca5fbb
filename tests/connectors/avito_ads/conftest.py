"""One stand-in for the tests of this folder, and readers of it in the suite's own way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.warehouse.landing import Landing
from tests.connectors.avito_ads.advertiser import expected_of, make_advertiser, plain_stats
from tests.connectors.avito_ads.contract_case import CASE
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play

MakeReader = Callable[..., Reader]


@pytest.fixture(scope="session")
def avito_server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1)) as server:
        yield server


@pytest.fixture
def make_reader(avito_server: VendorServer, tmp_path: Path) -> MakeReader:
    """A reader of a play that is on the stage; the plain week unless another is given."""

    def make(play: Play | None = None, **changes: Any) -> Reader:
        avito_server.stage.faults.clear()
        avito_server.stage.knobs.clear()
        stats = plain_stats()
        play = play or Play(make_advertiser(stats), expected_of(stats))
        reader = Reader(CASE, replace(play, **changes), avito_server, Landing(str(tmp_path)))
        reader.set_stage()
        avito_server.vendors["avito_ads"].reset()
        return reader

    return make
