"""Who bore which id is written down at publication, once, and each change is an event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from include.contracts.reader import read_catalog
from include.warehouse import build, publish, solved_tables
from include.warehouse.build import Workshop
from include.warehouse.build_log import Pin
from include.warehouse.client import ClickHouseTarget, connect

LINKS = {"person": "core.core_person_link", "company": "core.core_company_link"}

WEIGHTS = "core.core_channel_weight"
LOGS = ("ops.published_id", "ops.identity_event", "ops.learned_channel_weight")

pytestmark = pytest.mark.engine


@pytest.fixture
def shop(house_target: ClickHouseTarget, project_root: Path) -> Iterator[Workshop]:
    """The real house with nobody in it."""
    client = connect(house_target)
    for table in (*LINKS.values(), WEIGHTS, *LOGS, "ops.build_log"):
        client.command(f"truncate table {table}")
    yield Workshop(
        client=client,
        target=house_target,
        catalog=read_catalog(project_root / "sql"),
        sql_root=project_root / "sql",
        business_zone="Europe/Moscow",
        identity_key="k",
        identity_key_version="v1",
    )
    client.close()


def _pin(day: int) -> Pin:
    return Pin(
        build_id=f"b{day}", as_of=datetime(2026, 1, day, tzinfo=UTC), owner="", commit_sha="",
        sql_hash="", inputs_hash="", engine_version="", identity_key_version="", data_through={},
    )  # fmt: skip


def _publish(shop: Workshop, day: int, subject: str = "person", **ids: str) -> None:
    """Make ``record=id`` pairs the published ones and remember them, as a build of that day."""
    client, table = shop.client, LINKS[subject]
    client.command(f"truncate table {table}")
    rows = [(record, kind, subject_id) for record, subject_id in ids.items() for kind in "ab"]
    client.insert(table, rows, column_names=["record_key", "identifier_kind", f"{subject}_key"])
    build.remember_published(shop, _pin(day))


def _history(shop: Workshop) -> list[tuple]:
    return shop.client.query(
        "select subject_kind, record_key, subject_key, build_id from ops.published_id order by all"
    ).result_rows


def _events(shop: Workshop, day: int) -> list[tuple]:
    return shop.client.query(
        "select event_kind, subject_key, before_keys, after_keys, record_count"
        " from ops.identity_event where build_id = {b:String} order by all",
        parameters={"b": f"b{day}"},
    ).result_rows


def test_only_records_that_got_another_id_are_written(shop: Workshop) -> None:
    _publish(shop, 1, r1="p", r2="q")
    _publish(shop, 2, r1="p", r2="p")
    assert _history(shop) == [
        ("person", "r1", "p", "b1"), ("person", "r2", "p", "b2"), ("person", "r2", "q", "b1"),
    ]  # fmt: skip


def test_new_merged_and_split_ids_are_events_with_before_and_after(shop: Workshop) -> None:
    _publish(shop, 1, r1="p", r2="q", r3="s", r4="s")
    assert [event[:2] for event in _events(shop, 1)] == [("new", "p"), ("new", "q"), ("new", "s")]
    _publish(shop, 2, r1="p", r2="p", r3="s", r4="r4", r5="p", r6="r6")
    assert _events(shop, 2) == [
        ("merge", "p", ["p", "q"], ["p"], 3),
        ("new", "r6", [], ["r6"], 1),
        ("split", "s", ["s"], ["r4", "s"], 2),
    ]
    _publish(shop, 3, r1="p", r2="p", r3="s", r4="r4", r5="p", r6="r6")
    assert _events(shop, 3) == []


def test_companies_have_a_history_of_their_own(shop: Workshop) -> None:
    _publish(shop, 1, r1="p")
    _publish(shop, 2, "company", r1="k")
    assert _history(shop) == [("company", "r1", "k", "b2"), ("person", "r1", "p", "b1")]


def test_a_build_of_a_past_instant_writes_no_history(shop: Workshop) -> None:
    _publish(shop, 5, r1="p")
    _publish(shop, 4, r1="other", r2="r2")
    assert _history(shop) == [("person", "r1", "p", "b5")]
    assert _events(shop, 4) == []


def test_a_build_older_than_one_that_changed_no_id_writes_no_history(shop: Workshop) -> None:
    _publish(shop, 5, r1="p")
    build.build_log.record(shop.client, _pin(7), "published")
    _publish(shop, 6, r1="other")
    assert _history(shop) == [("person", "r1", "p", "b5")]
    assert _events(shop, 6) == []


def test_weights_are_remembered_once_and_never_by_a_build_of_the_past(shop: Workshop) -> None:
    def learn(day: int, weight: str) -> None:
        shop.client.command(f"truncate table {WEIGHTS}")
        shop.client.insert(
            WEIGHTS,
            [("markov_1", "d90", "email", Decimal(weight), _pin(day).as_of)],
            column_names=["model_id", "window_id", "channel", "weight", "_learned_at"],
        )
        build.remember_published(shop, _pin(day))

    def told() -> list[tuple]:
        return shop.client.query(
            "select build_id, weight from ops.learned_channel_weight order by all"
        ).result_rows

    learn(5, "0.5")
    build.remember_published(shop, _pin(5))
    learn(4, "0.4")
    assert told() == [("b5", Decimal("0.5"))]
    build.build_log.record(shop.client, _pin(8), "published")
    learn(7, "0.7")
    assert told() == [("b5", Decimal("0.5"))]
    learn(9, "0.9")
    assert told() == [("b5", Decimal("0.5")), ("b9", Decimal("0.9"))]


@pytest.mark.parametrize("left", ["0", "record_key = 'r1'", "1"])
def test_a_publication_finished_after_a_crash_writes_what_is_missing(
    shop: Workshop, left: str
) -> None:
    _publish(shop, 1, r1="p", r2="q")
    _publish(shop, 2, r1="p", r2="p", r3="r3")
    written = _history(shop), _events(shop, 2)
    shop.client.command(f"delete from ops.published_id where build_id = 'b2' and not ({left})")
    shop.client.command("delete from ops.identity_event where build_id = 'b2' and event_kind='new'")
    build.remember_published(shop, _pin(2))
    build.remember_published(shop, _pin(2))
    assert (_history(shop), _events(shop, 2)) == written


def test_a_crash_before_the_history_is_written_is_mended_before_the_next_build(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        """Stands for a killed process."""

    def crash(_build_id: str) -> None:
        raise Crash

    notice = publish.Notice(as_of=_pin(1).as_of, data_through={})
    client = shop.client
    client.command("create table core.core_person_link__next as core.core_person_link")
    client.command(
        "insert into core.core_person_link__next (record_key, person_key) values ('r1', 'p')"
    )
    with pytest.raises(Crash):
        publish.publish(client, "b1", {"core.core_person_link": notice}, crash)
    assert _history(shop) == []
    monkeypatch.setattr(build.build_log, "read_pin", lambda _client, _build_id: _pin(1))
    assert build.recover_publications(shop) == ["b1"]
    assert _history(shop) == [("person", "r1", "p", "b1")]


CHAINS = {
    "person": ("core_identity_evidence", "core_identity_part"),
    "company": ("core_company_evidence",),
}
"""What is given of a subject before its components."""
STEPS = {
    "person": ("component", "cluster", "cut", "link"),
    "company": ("component", "cut", "link"),
}


@pytest.mark.parametrize("subject", CHAINS)
def test_a_merge_undone_by_a_decision_gives_the_id_back_and_is_two_events(
    shop: Workshop, subject: str
) -> None:
    chain = (
        "core.core_identity_decision",
        *(f"core.core_{subject}_{step}" for step in STEPS[subject]),
    )
    carried = [f"core.{name}" for name in CHAINS[subject]]
    client = shop.client

    def build_day(day: int, *held: tuple[str, str]) -> dict[str, str]:
        for table in (*chain, *carried):
            client.command(f"truncate table {table}")
        columns = ["record_key", "identifier_kind", "identifier_key"]
        for table in carried:
            client.insert(table, [(r, "phone", i) for r, i in held], column_names=columns)
        for table in chain:
            given = {"as_of": _pin(day).as_of}
            solved_tables.fill(client, shop.catalog.table(table), given, target=table)
        build.remember_published(shop, _pin(day))
        found = client.query(f"select distinct record_key, {subject}_key from {chain[-1]}")
        return dict(found.result_rows)

    client.command("truncate table seeds.identity_decisions")
    assert build_day(1, ("r1", "a"), ("r2", "b")) == {"r1": "r1", "r2": "r2"}
    merged = [("r1", "a"), ("r2", "b"), ("r2", "a")]
    assert build_day(2, *merged) == {"r1": "r1", "r2": "r1"}
    client.command(
        "insert into seeds.identity_decisions (decision_id, decision_kind, first_key, second_key)"
        " values ('d', 'different', 'r1', 'r2')"
    )
    assert build_day(3, *merged) == {"r1": "r1", "r2": "r2"}
    client.command("truncate table seeds.identity_decisions")
    assert _events(shop, 2) == [("merge", "r1", ["r1", "r2"], ["r1"], 2)]
    assert _events(shop, 3) == [("split", "r1", ["r1"], ["r1", "r2"], 2)]
    for table in (*chain, *carried):
        client.command(f"truncate table {table}")
