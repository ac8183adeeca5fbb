"""What every SQL file owes its reader, its reruns and the time machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokens import Token, TokenType

from include.contracts.graph import build_order, read_graph
from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from tests.house.project_files import ROOT, Broken, require_none, sql_files

SQL = ROOT / "sql"
BUILT = ("stg", "core", "mart", "ops")
PARAMETERS = {"as_of", "business_zone", "identity_key", "build_id"}
GRAIN = re.compile(r"-- grain: one row per \S")
PLACEHOLDER = re.compile(r"\{[^{}]*\}|\{\{|\{%|%\(\w+\)s|\$\{?\w+|\?")
NATIVE = re.compile(r"\{(\w+):[A-Z][\w(), ]*\}")
UPPER_CASE_NAMES = {"UUID", "HMAC", "MD5"}
UNREPEATABLE = {
    "now",
    "now64",
    "today",
    "yesterday",
    "rand",
    "rand32",
    "rand64",
    "randcanonical",
    "generateuuidv4",
    "generateuuidv7",
    "any_value",
    "currentuser",
    "hostname",
}
TEXT = {TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.IDENTIFIER}


@cache
def catalog() -> Catalog:
    """Every contract of the project."""
    return read_catalog(SQL)


@cache
def tokens(path: Path) -> list[Token]:
    """The statement without comments."""
    return Dialect.get_or_raise("clickhouse").tokenize(path.read_text(encoding="utf-8"))


def code_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines with string literals emptied and comments cut off."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        yield number, re.sub(r"'(?:[^'\\]|\\.|'')*'", "", line).partition("--")[0]


def case_file(path: Path) -> Path:
    """Where the cases of a statement stand."""
    return ROOT / "tests" / "sql" / path.parent.name / f"{path.stem}.yaml"


def test_the_first_line_says_the_grain() -> None:
    require_none(
        (
            Broken(path, 1, path.read_text(encoding="utf-8").partition("\n")[0][:60])
            for path in sql_files(*BUILT)
            if not GRAIN.match(path.read_text(encoding="utf-8"))
        ),
        "begin the file with `-- grain: one row per …`, naming the columns that identify a row.",
    )


def test_keywords_are_lower_case() -> None:
    broken = []
    for path in sql_files(*BUILT):
        for token in tokens(path):
            text = token.text
            if (
                token.token_type not in TEXT
                and len(text) > 1
                and re.fullmatch(r"[A-Z][A-Z ]+", text)
                and text not in UPPER_CASE_NAMES
                and _stands_in_file(path, text)
            ):
                broken.append(Broken(path, token.line, text))
    require_none(broken, "write keywords in lower case; sqlfluff fix does it for you.")


def test_a_file_holds_one_statement() -> None:
    broken = [
        Broken(path, token.line, "a semicolon")
        for path in sql_files(*BUILT)
        for token in tokens(path)
        if token.token_type is TokenType.SEMICOLON
    ]
    require_none(
        broken, "one select a file and no semicolon: a second statement is a second table."
    )


def test_values_travel_only_as_native_parameters() -> None:
    broken = []
    for path in sql_files(*BUILT):
        for number, line in code_lines(path):
            for found in PLACEHOLDER.findall(line):
                native = NATIVE.fullmatch(found)
                if not native or native.group(1) not in PARAMETERS:
                    broken.append(Broken(path, number, found))
    require_none(
        broken,
        f"use ClickHouse's own {{name:Type}} with one of {', '.join(sorted(PARAMETERS))}; any "
        "other value is a seed table or a column.",
    )


def test_every_statement_has_its_contract_and_its_cases() -> None:
    broken = []
    for path in sql_files(*BUILT):
        if not path.with_suffix(".yaml").is_file():
            broken.append(Broken(path, 1, f"no contract {path.stem}.yaml beside it"))
        if not case_file(path).is_file():
            broken.append(Broken(path, 1, f"no cases in {case_file(path).relative_to(ROOT)}"))
    require_none(broken, "write the missing file; docs/add_a_mart.md shows one of each.")


def test_every_contract_of_a_built_table_has_its_statement() -> None:
    require_none(
        (
            Broken(table.path, 1, f"no {table.stem}.sql beside it")
            for layer in ("stg", "core", "mart")
            for table in catalog().layer(layer)
            if not table.path.with_suffix(".sql").is_file()
        ),
        "write the statement, or delete the contract.",
    )


def test_tables_are_read_downward_only_and_never_in_a_circle() -> None:
    # Both raise with file, line and cure when a reference is wrong.
    assert set(build_order(SQL, catalog())) == set(read_graph(SQL, catalog()))


def test_inputs_are_pinned_by_as_of() -> None:
    broken = []
    for path in sql_files(*BUILT):
        for number, line in code_lines(path):
            for view in re.findall(r"\braw\.(\w+)(?!\w)", line):
                if not view.endswith("_as_of"):
                    broken.append(Broken(path, number, f"raw.{view}"))
    require_none(
        broken,
        "read raw through raw.<table>_as_of(as_of = {as_of:DateTime64(6,'UTC')}), so that a build "
        "sees one instant and can be repeated.",
    )


def test_a_statement_gives_the_same_rows_whenever_it_runs() -> None:
    broken = []
    for path in sql_files("stg", "core", "mart"):
        for token, following in zip(tokens(path), tokens(path)[1:], strict=False):
            if token.text.lower() in UNREPEATABLE and following.token_type is TokenType.L_PAREN:
                broken.append(Broken(path, token.line, f"{token.text}(…)"))
    require_none(
        broken, "take the instant from {as_of:DateTime64(6,'UTC')}, and order by a column on ties."
    )


def test_united_tables_have_their_columns_named() -> None:
    # A column added to one of them would end every build, and no case of a single table shows it.
    broken = []
    for path in sql_files("stg", "core", "mart"):
        statement = sqlglot.parse_one(path.read_text(encoding="utf-8"), dialect="clickhouse")
        for union in statement.find_all(exp.Union):
            for side in (union.left, union.right):
                read = side.args.get("from_") if isinstance(side, exp.Select) else None
                if read is not None and read.this.text("db") and side.is_star:
                    broken.append(Broken(path, 1, f"select * from {read.this.sql()}"))
    require_none(broken, "name the columns of a table in a union.")


def test_candidates_are_never_named_by_hand() -> None:
    broken = [
        Broken(path, number, line.strip())
        for path in sql_files(*BUILT)
        for number, line in code_lines(path)
        if "__next" in line
    ]
    require_none(broken, "name the table itself; the build resolves it to its candidate.")


def test_every_seed_table_gives_each_rule_an_id_and_a_reason() -> None:
    broken = []
    for path in sorted((SQL / "seeds").glob("*.csv")):
        header = path.read_text(encoding="utf-8").partition("\n")[0].split(",")
        if not any(column.endswith("_id") for column in header):
            broken.append(Broken(path, 1, "no column ending in _id"))
        if not {"reason", "meaning_en", "formula"} & set(header):
            broken.append(Broken(path, 1, "no column reason, meaning_en or formula"))
    require_none(broken, "give every rule a lasting id and the reason it is right.")


def _stands_in_file(path: Path, text: str) -> bool:
    """The tokenizer upper-cases some multi-word keywords; believe the file."""
    return text in path.read_text(encoding="utf-8")
