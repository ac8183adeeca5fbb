"""A limit holds for all processes of an installation together."""

from __future__ import annotations

import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from include.connectors.protocol import Account, BadInput, CountedBy, Rate, TemporaryFailure
from include.ingestion.shared_limits import SharedLimits, binding_rates
from include.ingestion.sources import discover_connectors

ACME = Account("toy", "acme")
RATES = [Rate(1000, 60.0), Rate(10, 1.0)]


def _acquire(folder: Path, count: int, results: Any) -> None:
    limiter = SharedLimits(folder, ACME).share("requests", RATES)
    times = []
    for _ in range(count):
        limiter.acquire()
        times.append(time.time())
    results.put(times)


def test_two_processes_together_stay_below_the_rate(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [context.Process(target=_acquire, args=(tmp_path, 12, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    times = sorted(results.get(timeout=60) + results.get(timeout=60))
    for worker in workers:
        worker.join(30)
    # What was let through is noted a moment later, so a window a little shorter than the rate's.
    fullest = max(sum(1 for t in times if start <= t < start + 0.9) for start in times)
    assert fullest <= 10
    assert len(times) == 24


def test_a_weight_counts_as_that_many_requests(tmp_path: Path) -> None:
    limiter = SharedLimits(tmp_path, ACME).share("points", [Rate(4, 0.5)])
    began = time.monotonic()
    limiter.acquire(4)
    limiter.acquire(1)
    assert time.monotonic() - began >= 0.4


def test_accounts_and_limits_do_not_share_their_state(tmp_path: Path) -> None:
    began = time.monotonic()
    for account in ("a", "b"):
        for key in ("x", "y"):
            SharedLimits(tmp_path, Account("toy", account)).share(key, [Rate(1, 30.0)]).acquire()
    assert time.monotonic() - began < 20


def test_a_folder_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(BadInput, match="THROUGHLINE_HOME"):
        SharedLimits(tmp_path / "home" / "limits", ACME).share("x", RATES)


def test_a_broken_state_file_is_told_with_its_name(tmp_path: Path) -> None:
    limits = SharedLimits(tmp_path, ACME)
    limits.share("x", RATES).acquire()
    (state,) = tmp_path.glob("*.sqlite")
    for file in tmp_path.glob("*.sqlite*"):
        file.unlink()
    state.write_bytes(b"not a database " * 100)
    with pytest.raises(TemporaryFailure, match=state.name):
        limits.share("x", RATES).acquire()


def test_a_limit_goes_on_after_its_files_were_deleted(tmp_path: Path) -> None:
    limiter = SharedLimits(tmp_path, ACME).share("x", [Rate(2, 0.5)])
    limiter.acquire()
    for file in tmp_path.iterdir():
        file.unlink()
    began = time.monotonic()
    limiter.acquire(2)
    limiter.acquire()
    assert time.monotonic() - began >= 0.4


def test_a_request_heavier_than_the_limit_waits_for_all_of_it(tmp_path: Path) -> None:
    """Sent at once it would not be counted at all."""
    limiter = SharedLimits(tmp_path, ACME).share("points", [Rate(4, 0.5)])
    began = time.monotonic()
    limiter.acquire(1)
    limiter.acquire(9)
    assert time.monotonic() - began >= 0.4


def test_rates_that_never_bind_are_left_out() -> None:
    second, minute, hour = Rate(10, 1.0), Rate(100, 60.0), Rate(90, 3600.0)
    assert binding_rates([Rate(1000, 60.0), second]) == [second]
    assert binding_rates([minute, second]) == [second, minute]
    assert binding_rates([hour, minute, second]) == [second, hour]


@pytest.mark.parametrize(
    ("counted_by", "files"), [("account", 3), ("token", 2), ("application", 2), ("address", 1)]
)
def test_accounts_spend_together_what_their_vendor_counts_together(
    tmp_path: Path, counted_by: CountedBy, files: int
) -> None:
    """Two accounts have one credential between them, the third has its own."""
    for name, owner in (("a", "one"), ("b", "one"), ("c", "another")):
        account = Account("toy", name, credentials={"token": owner, "client_id": owner})
        limits = SharedLimits(tmp_path, account, {"requests": counted_by})
        limits.share("requests", [Rate(9, 0.1)]).acquire()
    states = list(tmp_path.glob("*.sqlite"))
    assert len(states) == files
    assert not [state for state in states if "another" in state.name], "no credential in a name"


def test_an_account_waits_for_what_another_of_its_address_has_spent(tmp_path: Path) -> None:
    """Each keeps to the number it allows itself, of all that were sent."""
    limiters = [
        SharedLimits(tmp_path, Account("toy", name), {"requests": "address"}).share(
            "requests", [Rate(most, 0.5)]
        )
        for name, most in (("a", 9), ("b", 2))
    ]
    began = time.monotonic()
    limiters[0].acquire(2)
    assert time.monotonic() - began < 0.4
    limiters[1].acquire()
    assert time.monotonic() - began >= 0.4


def test_without_the_credential_it_is_counted_by_an_account_is_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        account = Account("toy", name, credentials={"login": "shop"})
        SharedLimits(tmp_path, account, {"x": "token"}).share("x", [Rate(1, 30.0)]).acquire()
    assert len(list(tmp_path.glob("*.sqlite"))) == 2


def test_every_limit_a_source_says_more_of_is_one_it_asks_for() -> None:
    for source, connector in discover_connectors().items():
        package = Path(str(sys.modules[f"include.connectors.{source}"].__file__)).parent
        text = "".join(path.read_text("utf-8") for path in package.glob("*.py"))
        for name in connector.profile.counted_by:
            assert f'share_limit("{name}"' in text, f"{source} shares no limit called {name}"
