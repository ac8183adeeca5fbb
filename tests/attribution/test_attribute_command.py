"""The command itself: files of every kind in, one JSON out, and one line for what is wrong."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from pyarrow import parquet

from include import cli
from include.attribution import markov
from include.terminal import attribution
from tests.attribution.foreign_file import LOG, PATHS, write_rows

pytestmark = pytest.mark.engine
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _on_shared_engine(monkeypatch: pytest.MonkeyPatch, engine_client: Client) -> None:
    @contextmanager
    def shared() -> Iterator[Client]:
        yield engine_client

    monkeypatch.setattr(attribution, "open_engine", shared)


def refusal(
    capfd: pytest.CaptureFixture[str], file: Path, *options: str, out: Path | None = None
) -> str:
    """The one line the command says when it refuses."""
    out = out or file.with_name("credit.json")
    code = cli.main(["attribute", str(file), str(out), *options])
    said = capfd.readouterr().err
    assert code == 1
    assert not out.exists()
    assert len(said.splitlines()) == 1, said
    return said


def credited(file: Path) -> dict:
    """What the command writes for a file."""
    out = file.with_name("credit.json")
    assert cli.main(["attribute", str(file), str(out)]) == 0
    return json.loads(out.read_text("utf-8"))


def test_every_kind_of_file_says_the_same(tmp_path: Path) -> None:
    rows = [("почта > «cpc»", 2, "10.25", 3), ("seo", 1, "0.5", 0)]
    plain = write_rows(tmp_path / "paths.csv", PATHS, rows)
    expected = credited(plain)
    assert expected["first"]["почта"] == {"conversions": 2.0, "value": 10.25}
    packed = tmp_path / "paths.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    semicolons = tmp_path / "semicolons.csv"
    semicolons.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b",", b";"))
    columns = tmp_path / "paths.parquet"
    parquet.write_table(
        pa.table(
            {
                "other": [b"\xff", b""],
                "total_null": pa.array([3, None], pa.float64()),
                "total_conversion_value": [10.25, 0.5],
                "total_conversions": pa.array([2, 1], pa.int8()),
                "path": pa.array([row[0] for row in rows]).dictionary_encode(),
            }
        ),
        columns,
    )
    for file in (packed, semicolons, columns):
        assert credited(file) == expected, file.name


def test_a_typed_log_keeps_its_zone_and_its_flags(tmp_path: Path) -> None:
    file = tmp_path / "log.parquet"
    at = [datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)]
    parquet.write_table(
        pa.table(
            {
                "user_id": [7, 7],
                "touched_at": pa.array(at, pa.timestamp("ns", "Europe/Moscow")),
                "channel": ["b", "a"],
                "converted": [True, False],
                "value": pa.array(["1.1", None]).cast(pa.decimal128(9, 2)),
            }
        ),
        file,
    )
    assert credited(file)["first"]["a"] == {"conversions": 1.0, "value": 1.1}


def test_signs_between_touches_need_no_blanks(tmp_path: Path) -> None:
    expected = credited(write_rows(tmp_path / "spaced.csv", PATHS, [("a > b c > a", 2, 1, 3)]))
    for path in ("a>b c>a", "a >b c> a", "a\u00a0>\u00a0b\u00a0c > a", "a\t>\tb c\t>\ta"):
        assert credited(write_rows(tmp_path / "p.csv", PATHS, [(path, 2, 1, 3)])) == expected, path


def test_capitals_and_blanks_in_the_header_do_not_hide_a_column(tmp_path: Path) -> None:
    rows = [("a > b", 2, "10.25", 3)]
    expected = credited(write_rows(tmp_path / "paths.csv", PATHS, rows))
    for header in (
        ("Path", "TOTAL_CONVERSIONS", "Total Conversion Value", "total-null"),
        ("path", "Total conversions", "total_conversion_value ", " Total_Null"),
    ):
        assert credited(write_rows(tmp_path / "other.csv", header, rows)) == expected, header
    both = ("path", "total_conversions", "total_conversion_value", "total_null", "Path")
    assert credited(write_rows(tmp_path / "both.csv", both, [(*rows[0], "z")])) == expected


def test_a_conversion_may_be_told_in_words_of_two_languages_or_as_a_double(tmp_path: Path) -> None:
    for yes, no in (("Да", "НЕТ"), ("1.0", "0.0"), ("TRUE", "False")):
        rows = [("u", "2026-01-01", "a", no, ""), ("u", "2026-01-02", "b", yes, 5)]
        found = credited(write_rows(tmp_path / "log.csv", LOG, rows))
        assert found["last"]["b"] == {"conversions": 1.0, "value": 5.0}, yes


def test_an_instant_counted_in_seconds_or_in_their_parts_is_the_same_one(tmp_path: Path) -> None:
    seconds = 1_767_225_600
    rows = [("u", "2026-01-01 00:00:30", "late", 1, 5)]
    for early in (seconds, seconds * 1_000, seconds * 1_000_000, f"{seconds}.5"):
        file = write_rows(tmp_path / "log.csv", LOG, [*rows, ("u", early, "early", 0, "")])
        assert credited(file)["first"]["early"]["conversions"] == 1.0, early
    table = pa.table(
        {
            "user_id": [1.0, 1.0],
            "touched_at": [(seconds + 30) * 1e3, seconds * 1e3],
            "channel": ["late", "early"],
            "converted": [1.0, 0.0],
        }
    )
    parquet.write_table(table, tmp_path / "log.parquet")
    assert credited(tmp_path / "log.parquet")["first"]["early"]["conversions"] == 1.0


GOOD = ("a", "2026-01-01", "seo", 1, 5)


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        (PATHS, ("a", -1, 0, 0), ("row 3", "total_conversions is '-1'", "never negative")),
        (PATHS, ("a", 1, 0, -2), ("row 3", "total_null is '-2'")),
        (PATHS, ("a", "", 0, 0), ("row 3", "total_conversions is ''", "plain number")),
        (PATHS, ("a", 1, "1,5", 0), ("row 3", "total_conversion_value is '1,5'")),
        (PATHS, ("a", 1, "nan", 0), ("row 3", "total_conversion_value is 'nan'")),
        (PATHS, ("a", 1, "1e30", 0), ("row 3", "below 10 to the 18th")),
        (PATHS, ("a >  > b", 1, 0, 0), ("row 3", "name every touch")),
        (PATHS, ("a > b >", 1, 0, 0), ("row 3", "path is 'a > b >'", "superfluous > sign")),
        (PATHS, ("> a", 1, 0, 0), ("row 3", "superfluous > sign")),
        (PATHS, ("a -> b", 1, 0, 0), ("row 3", "path is 'a -> b'", "write > alone")),
        (PATHS, ("a → b", 1, 0, 0), ("row 3", "write > alone")),
        (PATHS, ("unattributed", 1, 0, 0), ("row 3", "rename this channel")),
        (PATHS, ("a>unattributed", 1, 0, 0), ("row 3", "rename this channel")),
        (LOG, ("", "2026-01-01", "a", 0, 0), ("row 3", "user_id is ''")),
        (LOG, ("a", "01.02.2026", "a", 0, 0), ("row 3", "touched_at is '01.02.2026'")),
        (LOG, ("a", "2026-02-30", "a", 0, 0), ("row 3", "touched_at is '2026-02-30'")),
        (LOG, ("a", "0000-00-00 00:00:00", "a", 0, 0), ("row 3", "touched_at is '0000-00-00")),
        (LOG, ("a", "2026-00-10", "a", 0, 0), ("row 3", "touched_at is '2026-00-10'")),
        (LOG, ("a", "2026-01-00", "a", 0, 0), ("row 3", "touched_at is '2026-01-00'")),
        (LOG, ("a", "2026-01-01 10:00+99:99", "a", 0, 0), ("row 3", "touched_at is '2026-01-01")),
        (LOG, ("a", "2026-02-03", "a", "maybe", 0), ("row 3", "converted is 'maybe'")),
        (LOG, ("a", "2026-02-03", "a", 1, "5 €"), ("row 3", "value is '5 €'")),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_and_cure(
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    header: tuple[str, ...],
    row: tuple[object, ...],
    told: tuple[str, ...],
) -> None:
    good = GOOD if header is LOG else ("a", 1, 1, 1)
    file = write_rows(tmp_path / "rows.csv", header, [good, row, good])
    said = refusal(capfd, file)
    for part in (str(file), *told, ";"):
        assert part in said


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"path,conversions\na,1\n", "row 1: there is no column 'total_conversions'"),
        (b"user_id,touched_at,channel\na,2026-01-01,b\n", "there is no column 'converted'"),
        (b"path,path,total_conversions\na,b,1\n", "two columns are named 'path'"),
        (b"Path,PATH,total_conversions\na,b,1\n", "two columns are named 'path'"),
        (b"uid,campaign,conversion\n1,a,0\n", "and there are 'uid', 'campaign', 'conversion'"),
        (b"sep=;\npath;total_conversions\na;1\n", "row 1 is 'sep=;', a word to Excel"),
        (b"<html>", "there is no column 'path'"),
        (b"path,total_conversions\na,1\nb,2,3\n", "Row #3"),
        (b"path,total_conversions\n\xff\xfe,1\n", "UTF-8"),
        (b"PAR1 but not really", "correct the file"),
        (b"\x1f\x8b broken", "give a CSV or Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(content)
    said = refusal(capfd, file)
    assert str(file) in said
    assert told in said


def test_a_row_of_the_wrong_length_is_told_without_what_it_says(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("user_id,touched_at,channel,converted,value\nivan@secret.ru,2026-03-01,a,1\n")
    said = refusal(capfd, file)
    assert "Row #2" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "header", ["path,total_conversions", "user_id,touched_at,channel,converted"]
)
def test_a_header_alone_is_an_empty_answer_whatever_columns_it_leaves_out(
    tmp_path: Path, header: str
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"{header}\n")
    assert all(not channels for channels in credited(file).values())


def test_a_file_or_folder_that_is_not_there_is_one_line(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "No such file" in refusal(capfd, tmp_path / "nowhere.csv")
    assert "directory" in refusal(capfd, tmp_path, out=tmp_path / "out.json")
    file = write_rows(tmp_path / "rows.csv", PATHS, [("a", 1, 1, 1)])
    assert "there is no folder" in refusal(capfd, file, out=tmp_path / "no" / "credit.json")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--half-life=soon", "HALF_LIFE is 'soon'"),
        ("--half-life=0", "HALF_LIFE is '0'"),
        ("--lookback=-7", "LOOKBACK is '-7'"),
        ("--lookback=30", "LOOKBACK needs a touch log"),
        ("--order=3", "ORDER is '3'"),
        ("--zone=Mars/Base", "ZONE is 'Mars/Base'"),
        ('--paid="cpc', "PAID is"),
        ("--given=PATHS OUT LOKBACK", "LOKBACK: there is no such option"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, option: str, told: str
) -> None:
    file = write_rows(tmp_path / "rows.csv", PATHS, [("a", 1, 1, 1)])
    assert told in refusal(capfd, file, option)


def test_a_robot_in_the_log_is_refused_before_it_costs_its_square(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [("ivan@secret.ru", "2026-01-01", "a", 1, 0)] * 3_200
    said = refusal(capfd, write_rows(tmp_path / "log.csv", LOG, [GOOD, *rows]))
    assert "row 3: user_id has 3200 touches and 3200 conversions" in said
    assert "secret" not in said


def test_beyond_sixteen_channels_shapley_states_its_error(tmp_path: Path) -> None:
    rows = [(f"c{i} > c{(i * 7 + 3) % 18}", i % 4, i, 5) for i in range(18)]
    result = credited(write_rows(tmp_path / "rows.csv", PATHS, rows))
    assert all(each["conversions_standard_error"] > 0 for each in result["shapley"].values())
    assert all(each["value_standard_error"] > 0 for each in result["shapley"].values())


def test_a_chain_too_large_is_left_out_unless_asked_for(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markov, "MOST_STATES", 3)
    file = write_rows(tmp_path / "rows.csv", PATHS, [("a > b > a > c", 1, 1, 1), ("c", 1, 1, 1)])
    assert "order2 has 5 states" in refusal(capfd, file, "--order=2")
    assert credited(file).keys() >= {"markov_order1", "shapley"}
    assert "markov_order2 is left out" in capfd.readouterr().out


def test_names_travel_as_they_are(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    odd = "[bold]it's \\ \t{x:String} «ё»"
    file = write_rows(tmp_path / "rows.csv", PATHS, [(f"seo > {odd} > b", 1, 1, 1)])
    out = tmp_path / "credit.json"
    options = (f"--direct={odd}", f"--paid={odd},[red]none")
    assert cli.main(["attribute", str(file), str(out), *options]) == 0
    result = json.loads(out.read_text("utf-8"))
    assert result["last_paid"][odd]["conversions"] == 1.0
    assert "'[red]none'" in capfd.readouterr().out
    options = ("--direct=b", f'--paid="{odd}"')
    assert cli.main(["attribute", str(file), str(out), *options]) == 0
    result = json.loads(out.read_text("utf-8"))
    assert result["last_non_direct"][odd]["conversions"] == 1.0
    assert result["first_paid"][odd]["conversions"] == 1.0


def test_make_passes_on_exactly_what_was_typed(tmp_path: Path) -> None:
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    told = subprocess.run(
        [
            *("make", "-n", "attribute", "PATHS=a $b 'c'.csv", "OUT=o.json", "LOKBACK=7"),
        ],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert '"$TYPED_PATHS" "$TYPED_OUT"' in told
    assert "c'.csv" not in told
