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
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play
from tests.connectors.vk_ads.cabinet import expected_of, make_cabinet, plain_stats
from tests.connectors.vk_ads.contract_case import CASE

MakeReader = Callable[..., Reader]


@pytest.fixture(scope="session")
def vk_server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1)) as server:
        yield server


@pytest.fixture
def make_reader(vk_server: VendorServer, tmp_path: Path) -> MakeReader:
    """A reader of a play that is on the stage; the plain week unless another is given."""

    def make(play: Play | None = None, **changes: Any) -> Reader:
        vk_server.stage.faults.clear()
        vk_server.stage.knobs.clear()
        stats = plain_stats()
        play = play or Play(make_cabinet(stats), expected_of(stats))
        reader = Reader(CASE, replace(play, **changes), vk_server, Landing(str(tmp_path)))
        reader.set_stage()
        vk_server.vendors["vk_ads"].reset()
        return reader

    return make
