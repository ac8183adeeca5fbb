"""``python -m include.contracts``: reads every contract and writes ``docs/tables.md``."""

from __future__ import annotations

import sys

from include.contracts import dictionary
from include.contracts.graph import read_graph
from include.contracts.model import ContractError
from include.contracts.reader import read_catalog
from include.settings import PROJECT_ROOT


def main() -> int:
    """Write the data dictionary; 1 and the problems on standard error when contracts are wrong."""
    sql_root = PROJECT_ROOT / "sql"
    try:
        catalog = read_catalog(sql_root)
        graph = read_graph(sql_root, catalog)
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    path = PROJECT_ROOT / "docs" / "tables.md"
    path.write_text(dictionary.render(catalog, graph), encoding="utf-8")
    sys.stdout.write(f"{len(catalog)} contracts are well-formed; wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
