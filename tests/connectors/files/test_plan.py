"""Which files of a drop folder are read, when again, and under which slice key."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.connectors.files import CONNECTOR
from include.connectors.protocol import (
    Account,
    BadInput,
    IncompleteAnswer,
    KnownSlice,
    Ready,
    Slice,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MAPPING = "entity: lead\nfiles: leads*.csv\ncolumns: {lead_id: id}\nkeep_extra: all\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A drop folder and a project mapping folder with the mapping ``leads``."""
    (tmp_path / "drop").mkdir()
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "leads.yaml").write_text(MAPPING)
    return tmp_path


def deliver(project: Path, name: str, text: str = "id,a\n1,x\n", age_hours: float = 1) -> Path:
    """Put a file into the drop folder with a given age."""
    path = project / "drop" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    moment = (NOW - timedelta(hours=age_hours)).timestamp()
    os.utime(path, (moment, moment))
    return path


def connect(project: Path, **options: object):
    """A connector over the drop folder, as a new process would make it."""
    given = {
        "folder": str(project / "drop"),
        "mapping_folders": [str(project / "mappings")],
        **options,
    }
    return CONNECTOR(Account("files", "drop", given), lambda: NOW)


def remember(piece: Slice) -> KnownSlice:
    """The slice log's entry after a slice was published."""
    return KnownSlice(piece.resource, piece.key, "hash", NOW, 1, piece.watermark)


def rows_of(connector, piece: Slice) -> list[dict]:
    """Every row a slice yields."""
    ready = connector.start(piece)
    assert isinstance(ready, Ready)
    return [row for batch in connector.fetch(ready.token) for row in batch.rows.to_pylist()]


def test_a_file_is_a_slice_named_by_mapping_and_path_oldest_first(project):
    deliver(project, "leads_2.csv", age_hours=3)
    deliver(project, "2026/leads_1.csv", age_hours=2)
    deliver(project, "leads_0.csv", age_hours=1)
    planned = connect(project).plan([], NOW, None)
    assert [piece.key for piece in planned] == [
        "leads/leads_2.csv",
        "leads/2026/leads_1.csv",
        "leads/leads_0.csv",
    ]
    assert {piece.resource for piece in planned} == {"lead"}


def test_an_unchanged_file_is_planned_once(project):
    deliver(project, "leads.csv")
    (piece,) = connect(project).plan([], NOW, None)
    deliver(project, "leads.csv", age_hours=0)
    assert connect(project).plan([remember(piece)], NOW, None) == []


def test_a_redelivered_file_replaces_its_own_slice(project):
    deliver(project, "leads.csv")
    (first,) = connect(project).plan([], NOW, None)
    deliver(project, "leads.csv", "id,a\n2,y\n")
    (second,) = connect(project).plan([remember(first)], NOW, None)
    assert (second.key, second.kind) == (first.key, "replace")
    assert second.watermark != first.watermark
    assert [row["lead_id"] for row in rows_of(connect(project), second)] == ["2"]


def test_an_append_mapping_keeps_every_distinct_content(project):
    (project / "mappings" / "leads.yaml").write_text(MAPPING + "delivery: append\n")
    deliver(project, "leads.csv")
    (first,) = connect(project).plan([], NOW, None)
    deliver(project, "leads.csv", "id,a\n2,y\n")
    (second,) = connect(project).plan([remember(first)], NOW, None)
    assert second.key != first.key
    deliver(project, "leads.csv")
    assert connect(project).plan([remember(first), remember(second)], NOW, None) == []


def test_a_corrected_mapping_reads_its_files_again(project):
    deliver(project, "leads.csv")
    (piece,) = connect(project).plan([], NOW, None)
    (project / "mappings" / "leads.yaml").write_text("# why\n" + MAPPING)
    assert connect(project).plan([remember(piece)], NOW, None) == []
    (project / "mappings" / "leads.yaml").write_text(MAPPING.replace("lead_id: id", "lead_id: a"))
    (again,) = connect(project).plan([remember(piece)], NOW, None)
    assert again.key == piece.key
    assert rows_of(connect(project), again)[0]["lead_id"] == "x"


def test_a_token_is_enough_for_another_process(project):
    deliver(project, "leads.csv")
    connector = connect(project)
    (piece,) = connector.plan([], NOW, None)
    token = connector.start(piece).token
    (row,) = [r for b in connect(project).fetch(token) for r in b.rows.to_pylist()]
    assert (row["account_id"], row["file_name"], row["line_number"]) == ("drop", "leads.csv", 2)


def test_a_file_that_changes_after_planning_is_left_for_the_next_run(project):
    deliver(project, "leads.csv")
    connector = connect(project)
    (piece,) = connector.plan([], NOW, None)
    deliver(project, "leads.csv", "id,a\n2,y\n")
    with pytest.raises(IncompleteAnswer, match="changed since it was planned"):
        rows_of(connector, piece)


def test_a_file_that_is_taken_away_after_planning_is_left_for_the_next_run(project):
    path = deliver(project, "leads.csv")
    connector = connect(project)
    (piece,) = connector.plan([], NOW, None)
    path.unlink()
    with pytest.raises(IncompleteAnswer, match="taken out of the drop folder"):
        rows_of(connector, piece)


def test_unfinished_and_hidden_files_are_ignored(project, caplog):
    for name in (".leads.csv", "leads.csv.part", "leads.tmp", "~$leads.csv", ".x/leads.csv"):
        deliver(project, name)
    assert connect(project).plan([], NOW, None) == []
    assert caplog.text == ""


def test_a_file_still_being_written_waits_for_the_next_run(project, caplog):
    deliver(project, "leads.csv", age_hours=0.005)
    assert connect(project, settle_seconds=60).plan([], NOW, None) == []
    assert "left for the next run: leads.csv" in caplog.text
    assert len(connect(project).plan([], NOW, None)) == 1


def test_files_without_a_mapping_are_named_with_the_cure(project, caplog):
    deliver(project, "budget.csv")
    assert connect(project).plan([], NOW, None) == []
    assert "1 files of account drop fall under no mapping" in caplog.text
    assert "budget.csv" in caplog.text and str(project / "mappings") in caplog.text


def test_two_mappings_for_one_file_are_refused(project):
    (project / "mappings" / "other.yaml").write_text(MAPPING)
    deliver(project, "leads.csv")
    with pytest.raises(BadInput, match=r"two mappings: .*leads\.yaml and .*other\.yaml"):
        connect(project).plan([], NOW, None)


def test_a_mapping_beside_the_data_wins(project):
    deliver(project, "leads.csv")
    deliver(project, "own.mapping.yaml", MAPPING.replace("lead_id: id", "lead_id: a"))
    connector = connect(project)
    (piece,) = connector.plan([], NOW, None)
    assert piece.key == "own/leads.csv"
    assert rows_of(connector, piece)[0]["lead_id"] == "x"


def test_a_file_that_passes_to_another_mapping_is_taken_back_from_the_former(project):
    deliver(project, "leads.csv")
    deliver(project, "leads_2.csv")
    former = [remember(piece) for piece in connect(project).plan([], NOW, None)]
    deliver(project, "own.mapping.yaml", MAPPING.replace("leads*.csv", "leads.csv"))
    connector = connect(project)
    new, retired = connector.plan(former, NOW, None)
    assert new.key == "own/leads.csv"
    assert (retired.key, retired.is_checkpoint) == ("leads/leads.csv", True)
    assert list(connector.fetch(connector.start(retired).token)) == []
    after = [remember(piece) for piece in (new, retired)] + former[1:]
    assert connect(project).plan(after, NOW, None) == []


def test_a_mapping_that_turns_to_append_takes_its_replaced_slice_back(project):
    deliver(project, "leads.csv")
    (first,) = connect(project).plan([], NOW, None)
    (project / "mappings" / "leads.yaml").write_text(MAPPING + "delivery: append\n")
    new, retired = connect(project).plan([remember(first)], NOW, None)
    assert retired.key == first.key
    assert new.key.startswith("leads/leads.csv@")
    (project / "mappings" / "leads.yaml").write_text(MAPPING)
    back, *gone = connect(project).plan([remember(retired), remember(new)], NOW, None)
    assert back.key == first.key
    assert [piece.key for piece in gone] == [new.key]


def test_an_accounts_mapping_folder_wins_over_the_projects(project):
    deliver(project, "leads.csv")
    (project / "more").mkdir()
    (project / "more" / "special.yaml").write_text(MAPPING)
    (piece,) = connect(project, mappings=[str(project / "more")]).plan([], NOW, None)
    assert piece.key == "special/leads.csv"


def test_a_folder_in_memory_works_like_a_local_one(project):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/drop-test/leads.csv", b"id,a\n7,x\n")
    connector = connect(project, folder="memory://drop-test")
    (piece,) = connector.plan([], NOW, None)
    assert piece.key == "leads/leads.csv"
    assert rows_of(connector, piece)[0]["lead_id"] == "7"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folder": ""}, "no option `folder`"),
        ({"folder": "/nowhere/at/all"}, "does not exist or is not a folder"),
        ({"mappings": "one"}, "must be a list"),
        ({"mappings": ["/nowhere"]}, "mapping folder '/nowhere' does not exist"),
        ({"fodler": "x"}, "no option 'fodler'"),
        ({"settle_seconds": "soon"}, "settle_seconds is 'soon'"),
    ],
)
def test_wrong_options_are_refused_with_the_cure(project, options, message):
    with pytest.raises(BadInput, match=message):
        connect(project, **options).plan([], NOW, None)
