"""Every rule a contract can break is refused with file, line and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from include.contracts.model import ContractError, UnknownTable
from include.contracts.reader import read_catalog, read_table

SAMPLES = Path(__file__).parent / "samples"
CORE = (SAMPLES / "core_lead.yaml").read_text(encoding="utf-8")
RAW = (SAMPLES / "raw_files__lead.yaml").read_text(encoding="utf-8")
REFUSALS = yaml.safe_load((SAMPLES / "refusals.yaml").read_text(encoding="utf-8"))


def write(root: Path, name: str, text: str) -> Path:
    path = root / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refusals(root: Path) -> tuple[str, ...]:
    with pytest.raises(ContractError) as caught:
        read_catalog(root)
    return tuple(str(problem) for problem in caught.value.problems)


def test_a_good_contract_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path, "core/core_lead_daily", CORE)
    table = read_catalog(tmp_path).table("core.core_lead_daily")
    assert table.full_name == "core.core_lead_daily"
    assert table.grain == ("lead_id", "lead_date")
    assert table.column_names == ("lead_id", "lead_date", "revenue_amount", "channel")
    assert table.column("revenue_amount").parsed_type.canonical == "Nullable(Decimal(18, 2))"
    assert [(c.id, c.form, c.severity) for c in table.all_checks] == [
        ("grain_is_unique", "grain", "fail"),
        ("revenue_has_a_day", "unexpected_rows", "fail"),
        ("has_rows", "row_count_between", "warn"),
        ("revenue_amount_between", "between", "fail"),
        ("channel_not_null", "not_null", "fail"),
        ("channel_in", "in", "warn"),
    ]


def test_a_good_raw_contract_is_read_whole(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "raw/raw_files__lead", RAW))
    assert (table.source, table.resource, table.kind) == ("files", "lead", "replace")
    assert table.personal_data is not None
    assert table.personal_data.expires_days == 365
    assert table.column("phone").is_personal


@pytest.mark.parametrize(
    ("sample", "case"),
    [
        pytest.param(sample, case, id=case["name"])
        for sample, cases in REFUSALS.items()
        for case in cases
    ],
)
def test_a_broken_rule_is_refused_with_file_line_and_cure(
    tmp_path: Path, sample: str, case: dict
) -> None:
    text = CORE if sample == "core_lead" else RAW
    assert case["change"] in text
    broken = text.replace(case["change"], case["into"], 1)
    path = write(tmp_path, f"{sample.split('_')[0]}/{sample}", broken)
    found = refusals(tmp_path)
    matching = [message for message in found if case["says"] in message]
    assert matching, f"no problem says {case['says']!r} among: {found}"
    assert matching[0].startswith(f"{path}:{case['line']}: ")
    assert case["cure"] in matching[0].partition("cure: ")[2]


@pytest.mark.parametrize(
    ("name", "what", "cure"),
    [
        ("core/mart_lead", "a table of the layer core is named mart_lead", "core_lead.yaml"),
        ("core/lead", "is named lead", "core_lead.yaml"),
        ("core/core_Lead", "core_Lead is not a table name", "lower-case"),
        ("raw/raw_files__lead2", "does not follow from source files", "raw_files__lead.yaml"),
    ],
)
def test_a_file_named_for_another_layer_is_refused(
    tmp_path: Path, name: str, what: str, cure: str
) -> None:
    path = write(tmp_path, name, RAW if name.startswith("raw") else CORE)
    (found,) = refusals(tmp_path)
    assert found.startswith(f"{path}:")
    assert what in found
    assert cure in found


def test_ops_tables_need_no_prefix_and_logs_no_grain(tmp_path: Path) -> None:
    log = CORE.replace("kind: table", "kind: log").replace("grain: [lead_id, lead_date]\n", "")
    write(tmp_path, "ops/lead_log", log)
    assert read_catalog(tmp_path).table("ops.lead_log").checks[0].id == "revenue_has_a_day"


def test_all_problems_of_all_files_are_told_together(tmp_path: Path) -> None:
    write(tmp_path, "core/core_a", CORE.replace("type: Date\n", "type: Datum\n"))
    write(
        tmp_path,
        "core/core_b",
        CORE.replace("    vat: net\n", "").replace("kind: table", "kind: tabel"),
    )
    found = refusals(tmp_path)
    assert len(found) >= 3
    assert {Path(message.split(":")[0]).stem for message in found} == {"core_a", "core_b"}
    assert "kind is tabel; did you mean table?" in "\n".join(found)


def define(root: Path, definition_id: str) -> None:
    seed = root / "seeds" / "metric_definitions.csv"
    seed.parent.mkdir()
    seed.write_text(f"definition_id,name_en\n{definition_id},Revenue\n", encoding="utf-8")


def test_a_number_of_a_mart_names_a_definition_that_exists(tmp_path: Path) -> None:
    define(tmp_path, "revenue_won")
    english, checks = CORE.split("\nchecks:\n")
    columns = english.replace("    description: ", "    description_ru: Слово.\n    description: ")
    russian = f"{columns}\nchecks:\n{checks}"
    write(tmp_path, "mart/mart_a", russian)
    assert "the number revenue_amount of a mart has no definition" in refusals(tmp_path)[0]
    defined = russian.replace("vat: net", "vat: net\n    definition_id: revenue_wan")
    path = write(tmp_path, "mart/mart_a", defined)
    (found,) = refusals(tmp_path)
    assert found.startswith(f"{path}:21: ")
    assert "revenue_wan, which does not exist; did you mean revenue_won?" in found
    write(tmp_path, "mart/mart_a", defined.replace("revenue_wan", "revenue_won"))
    assert len(read_catalog(tmp_path)) == 1


def test_a_column_of_a_mart_is_described_in_russian_too(tmp_path: Path) -> None:
    define(tmp_path, "x")
    write(tmp_path, "mart/mart_a", CORE.replace("vat: net", "vat: net\n    definition_id: x"))
    found = refusals(tmp_path)
    assert len(found) == 4
    assert all("in English only" in message for message in found)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "core/core_a", "")
    (found,) = refusals(tmp_path)
    assert found.startswith(f"{path}:1: a contract is not a mapping")


def test_an_unknown_table_is_answered_with_near_names(tmp_path: Path) -> None:
    write(tmp_path, "core/core_lead", CORE)
    catalog = read_catalog(tmp_path)
    with pytest.raises(UnknownTable, match=r"core\.core_led; did you mean core\.core_lead\?"):
        catalog.table("core.core_led")
    with pytest.raises(UnknownTable, match=r"sql/mart/mart_x\.yaml"):
        catalog.table("mart.mart_x")


def test_the_projects_own_contracts_are_well_formed(project_root: Path) -> None:
    assert len(read_catalog(project_root / "sql")) > 0
