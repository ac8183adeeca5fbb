"""Every case found beside the tests of its connector, and one server for all of them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from include.connectors.protocol import Interval
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.warehouse.landing import Landing
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play, SourceCase

CONNECTOR_TESTS = Path(__file__).resolve().parents[1]


def find_cases() -> dict[str, SourceCase]:
    """Source name → case, of every ``contract_case.py`` beside a connector's tests."""
    found = {}
    for path in sorted(CONNECTOR_TESTS.glob("*/contract_case.py")):
        case = _load(path).CASE
        found[case.source] = case
    return found


def _load(path: Path) -> ModuleType:
    name = f"tests.connectors.{path.parent.name}.{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


CASES = find_cases()


@pytest.fixture(scope="session")
def vendor_server() -> Iterator[VendorServer]:
    """All stand-ins of one process."""
    with VendorServer(Stage(seed=1)) as running:
        yield running


@pytest.fixture
def server(vendor_server: VendorServer) -> VendorServer:
    """The stand-ins as if nobody had called them yet."""
    vendor_server.stage.faults.clear()
    vendor_server.stage.knobs.clear()
    for vendor in vendor_server.vendors.values():
        vendor.reset()
    return vendor_server


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> SourceCase:
    """One connector after another."""
    return CASES[request.param]


Set = Callable[..., Reader]


@pytest.fixture
def enact(case: SourceCase, server: VendorServer, tmp_path: Path) -> Set:
    """Puts a situation on the stage and gives its reader; skips where it cannot be."""

    def make(situation: str, window: Interval | None = None) -> Reader:
        play = case.play(situation)
        if isinstance(play, str):
            pytest.skip(f"{case.source}, {situation}: {play}")
        return stage_play(case, play, server, tmp_path / "landing")

    return make


def stage_play(case: SourceCase, play: Play, server: VendorServer, root: Path) -> Reader:
    """A reader of a play that is on the stage."""
    reader = Reader(case, play, server, Landing(str(root)))
    reader.set_stage()
    return reader
