"""Loads ``sql/seeds/*.csv`` into tables of the database ``seeds``, each exactly as its file says.

The file is the truth: a row taken out of it is gone after the next load. Readers see the whole
old table or the whole new one. An unchanged file is recognised by the hash kept in the table's
comment, and nothing is written.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from include.contracts import ddl
from include.contracts.model import Catalog, Column, Table
from include.warehouse.run_sql import redact

_DATABASE = "seeds"
_NEW = "__loading"
_MARK = " [file "


class SeedRefused(ValueError):
    """A seed file does not fit its contract; the message says which line and why."""


def load(client: Client, catalog: Catalog, folder: Path) -> dict[str, str]:
    """Bring every seed table to its file; returns file stem → hash of file and contract.

    Raises :class:`SeedRefused` before the table is touched.
    """
    hashes: dict[str, str] = {}
    stored = _read_comments(client)
    for name in stored:
        if name.endswith(_NEW):  # left by a load that was killed
            client.command(f"drop table if exists {_DATABASE}.{name} sync")
    for table in seed_tables(catalog):
        path = folder / f"{table.stem}.csv"
        if not path.is_file():
            raise SeedRefused(f"{path.name} is missing beside {table.path.name}; write it")
        hashes[table.stem] = _hash(path, table)
        if stored.get(table.name, "").rpartition(_MARK)[2].rstrip("]") != hashes[table.stem]:
            _replace(client, table, path, hashes[table.stem])
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in hashes:
            raise SeedRefused(f"{path.name} has no contract; write {path.stem}.yaml beside it")
    return hashes


def seed_tables(catalog: Catalog) -> Iterator[Table]:
    """The tables that come from files of ``sql/seeds``."""
    return (table for table in catalog if table.database == _DATABASE)


def _replace(client: Client, table: Table, path: Path, digest: str) -> None:
    rows = _read_rows(path, table)
    new = f"{table.full_name}{_NEW}"
    client.command(ddl.create_database(table.database))
    client.command(f"drop table if exists {new} sync")
    client.command(ddl.create_table(table, name=new))
    try:
        if rows:
            client.raw_insert(new, list(table.column_names), _as_tsv(rows), fmt="TabSeparated")
        client.command(
            f"alter table {new} modify comment"
            f" {ddl.quote_text(f'{table.description}{_MARK}{digest}]')}"
        )
    except ClickHouseError as error:
        client.command(f"drop table if exists {new} sync")
        raise SeedRefused(f"{path.name} does not fit its contract: {redact(str(error))}") from None
    _refuse_repeated_grain(client, table, new, path)
    client.command(ddl.create_table(table, if_not_exists=True))
    client.command(f"exchange tables {new} and {table.full_name}")
    client.command(f"drop table if exists {new} sync")


def _read_rows(path: Path, table: Table) -> list[list[str | None]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        if header != list(table.column_names):
            raise SeedRefused(
                f"{path.name}:1: the header is {','.join(header)}; its contract says"
                f" {','.join(table.column_names)}"
            )
        rows: list[list[str | None]] = []
        for cells in reader:
            if len(cells) != len(header):
                raise SeedRefused(
                    f"{path.name}:{reader.line_num}: {len(cells)} cells under"
                    f" {len(header)} columns; quote a cell that holds a comma"
                )
            rows.append([_cell(c, t) for c, t in zip(cells, table.columns, strict=True)])
    return rows


def _cell(text: str, column: Column) -> str | None:
    return None if text == "" and column.parsed_type.is_nullable else text


def _as_tsv(rows: list[list[str | None]]) -> bytes:
    escapes = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
    lines = (
        "\t".join("\\N" if cell is None else cell.translate(escapes) for cell in row)
        for row in rows
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _refuse_repeated_grain(client: Client, table: Table, name: str, path: Path) -> None:
    grain = ", ".join(ddl.quote_name(column) for column in table.grain)
    repeated = client.query(
        f"select {grain} from {name} group by {grain} having count() > 1 order by {grain} limit 5"
    ).result_rows
    if repeated:
        client.command(f"drop table if exists {name} sync")
        keys = "; ".join(",".join(map(str, row)) for row in repeated)
        raise SeedRefused(f"{path.name} holds more than one row for {keys}; keep one of each")


def _hash(path: Path, table: Table) -> str:
    return hashlib.sha256(path.read_bytes() + b"\0" + table.path.read_bytes()).hexdigest()[:32]


def _read_comments(client: Client) -> dict[str, str]:
    return dict(
        client.query(
            "select name, comment from system.tables where database = {d:String}",
            parameters={"d": _DATABASE},
        ).result_rows
    )
