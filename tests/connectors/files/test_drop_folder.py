"""What lies in a drop folder is listed or complained about, never passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.connectors.files.drop_folder import DropFolder
from include.connectors.protocol import BadInput


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


def test_a_link_to_a_file_is_listed_with_the_files_own_size_and_time(
    drop: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "export.csv"
    elsewhere.write_bytes(b"id;sum\n1;2\n")
    (drop / "leads.csv").symlink_to(elsewhere)
    (found,) = DropFolder(str(drop)).list_files()
    assert (found.name, found.size) == ("leads.csv", 11)
    assert found.modified_at is not None
    assert found.modified_at.timestamp() == pytest.approx(elsewhere.stat().st_mtime, abs=1e-3)
    assert DropFolder(str(drop)).open(found.path).read() == b"id;sum\n1;2\n"


@pytest.mark.parametrize("target", ["folder", "nothing"])
def test_a_link_to_no_file_is_complained_about_by_name(
    drop: Path, tmp_path: Path, target: str
) -> None:
    (tmp_path / "folder").mkdir()
    (drop / "old").symlink_to(tmp_path / target)
    with pytest.raises(BadInput, match="old in the drop folder"):
        DropFolder(str(drop)).list_files()


def test_unfinished_and_hidden_names_are_left_alone_whatever_they_are(
    drop: Path, tmp_path: Path
) -> None:
    (drop / "leads.csv.part").write_text("half")
    (drop / ".hidden").symlink_to(tmp_path / "nothing")
    (drop / "~$deals.xlsx").write_text("lock")
    assert DropFolder(str(drop)).list_files() == []
