"""Who is who among the records of one file, or of two: from files to clusters.

Values are normalised here, the pairs found and compared in ``sql/match``, weighed by a model fitted
to these very records, and joined by average agreement.
"""

from __future__ import annotations

import contextlib
import csv
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa

from include.identity.clusters import SLACK, Link, Proof, cluster
from include.identity.copies import set_copies_aside
from include.identity.features import UNSEEN_RECORDS, write_features
from include.identity.kinds import NAMING, employer, homes, tells_companies
from include.identity.match_spec import Spec
from include.identity.normal import LONGEST_NAME, normalise
from include.identity.pair_groups import Patterns
from include.identity.record_files import Unreadable, open_packed, open_records
from include.identity.scratch import Scratch, open_scratch
from include.identity.shared_contacts import find_shared
from include.identity.tax_ids import proven_tax_id
from include.identity.weights import Model, estimate

_LARGEST_BLOCK = 60
_BLIND_DRAWS = 400_000
_PAIRS_OF_NAMES = 500_000
"""Blocks of records that share a company, mailbox, phone … may be larger up to so many pairs."""
_FLOOR = -15.0
_DOUBLED = 0.1
"""Share of records with a double in their own file, above which a record may have many partners."""
_PAIRS_A_RECORD = 30
_PAIRS_AT_LEAST = 3_000_000
"""Of more pairs, those that share the rarest keys are compared."""
_TIE = 3.0
"""Bits by which a link across files may be worse than the best one of either of its records."""
_BORNE = frozenset({"company", "name", "birth_date"})
"""What nobody shares with a household or a firm."""
_RARITY = {"state": 0.0, "house_number": 0.5}


def write_clusters(
    files: Sequence[Path], spec: Spec, out: Path, tell: Callable[[str], None]
) -> int:
    """Write the cluster of each record; the number of clusters. Raises :class:`Unreadable`.

    Columns of ``out``: the id's own name and ``cluster_id``, preceded by ``file`` (1 or 2) when two
    files are linked. A cluster is numbered by its first record.
    """
    with open_scratch("match") as scratch:
        ids, sources, columns = _read(scratch, files, spec)
        seen = Counter(zip(sources, ids, strict=True))
        for (source, record), times in seen.most_common(1):
            if times > 1:
                # The id may be a phone or a mailbox: its row says where it stands, and no more.
                row = 2 + ids[sources.index(source) :].index(record)
                raise Unreadable(f"{spec.id_column} is not unique in {files[source]}: that of row "
                                 f"{row} stands {times} times; name a column that is")  # fmt: skip
        # Of two files only what is in both can be linked.
        is_one = len(set(sources)) < len(files) or len(ids) < 2
        answer = list(range(len(ids))) if is_one else _match(scratch, columns, sources, spec, tell)
    heads = [spec.id_column, "cluster_id"]
    if spec.id_column in ("cluster_id", "file")[: len(files)]:
        raise Unreadable(
            f"the id column is called {spec.id_column}, as a column of the answer is; rename it"
        )
    rows: list[list[object]] = [[i, c + 1] for i, c in zip(ids, answer, strict=True)]
    if len(files) > 1:
        heads = ["file", *heads]
        rows = [[s + 1, *row] for s, row in zip(sources, rows, strict=True)]
    _write(out, heads, rows)
    return len(set(answer))


def _read(
    scratch: Scratch, files: Sequence[Path], spec: Spec
) -> tuple[list[str], list[int], dict[str, list[str]]]:
    ids: list[str] = []
    sources: list[int] = []
    columns: dict[str, list[str]] = {name: [] for name in spec.columns}
    for number, path in enumerate(files):
        source = open_records(path)
        wanted = [spec.id_column, *spec.columns]
        if number:
            wanted = [spec.second.get(name, name) for name in wanted]
        names = source.find(wanted)
        scratch.read(f"given_{number}", source, {f"c{i}": name for i, name in enumerate(names)})
        rows = scratch.rows("given", given=f"given_{number}")
        for row in rows:
            ids.append(str(row["c0"]))
            sources.append(number)
            for place, name in enumerate(spec.columns, 1):
                columns[name].append(str(row[f"c{place}"]))
    if blank := sum(not name.strip() for name in ids):
        raise Unreadable(f"{spec.id_column} is empty in {blank} records; give each one of its own")
    return ids, sources, columns


def _match(
    scratch: Scratch,
    columns: dict[str, list[str]],
    sources: list[int],
    spec: Spec,
    tell: Callable[[str], None],
) -> list[int]:
    kinds = list(spec.columns.values())
    normal = [
        [normalise(kind, value, spec.region) for value in columns[name]]
        for name, kind in spec.columns.items()
    ]
    for name, kind, values in zip(columns, kinds, normal, strict=True):
        refused = sum(
            bool(was.strip()) and not v for was, v in zip(columns[name], values, strict=True)
        )
        if refused:
            tell(f"{name}: {refused:,} values are no {kind.replace('_', ' ')} and are not used")
    for place, shared in find_shared(normal, kinds).items():
        if shared:
            name = list(columns)[place]
            tell(f"{name}: {len(shared):,} values are shared by several and join nobody")
            normal[place] = ["" if value in shared else value for value in normal[place]]
    copies = set_copies_aside(normal, sources, kinds)
    of_kept = [[values[one] for one in copies.kept] for values in normal]
    return copies.spread(
        _match_kept(scratch, of_kept, [sources[one] for one in copies.kept], kinds, spec.threshold)
    )


def _match_kept(
    scratch: Scratch,
    normal: Sequence[Sequence[str]],
    sources: Sequence[int],
    kinds: Sequence[str],
    enough: float,
) -> list[int]:
    """The first record of each record's cluster; two are one from the probability ``enough``."""
    records, keys = write_features(normal, kinds, sources, scratch.folder)
    scratch.make("records", "records", path=str(records))
    firm = employer(kinds)
    naming = [n for n, kind in enumerate(kinds) if kind in NAMING and n != firm]
    scratch.make("keys", "keys", path=str(keys), naming=naming)
    across = max(sources) > 0
    _compare(scratch, "compared", kinds, len(sources), within=not across)
    scratch.make("blind_pairs", "random_pairs", records=len(sources), draws=_BLIND_DRAWS)
    _levels(scratch, "blind", "blind_pairs", kinds)
    second = sum(sources)
    count = len(sources)
    all_pairs = (count - second) * second if across else count * (count - 1) / 2
    seen = _patterns(scratch, "compared", len(kinds))
    if not len(seen.counts):
        return list(range(count))
    model = estimate(kinds, seen, _patterns(scratch, "blind", len(kinds)), all_pairs, count)
    threshold = math.log2(enough / (1 - enough))
    once = _once(normal, kinds)
    links = _links(scratch, "compared", model, kinds, threshold, once)
    if across:
        # A file that holds doubles has several right partners for one record of the other file.
        _compare(scratch, "doubles", kinds, count, within=True)
        doubles = _links(scratch, "doubles", model, kinds, threshold, once)
        doubled = {node for *two, bits in doubles if bits > threshold for node in two}
        if len(doubled) <= _DOUBLED * count:
            links = _best_across(links, threshold)
    proven = _proven(normal, kinds)
    return cluster(count, links, threshold, proven)


def _compare(
    scratch: Scratch, table: str, kinds: Sequence[str], records: int, *, within: bool
) -> None:
    """Make ``table`` of the pairs within each file, or across files, with their levels."""
    most = max(_PAIRS_AT_LEAST, _PAIRS_A_RECORD * records)
    pairs = f"pairs_of_{table}"
    limits = {"largest": _LARGEST_BLOCK, "most": most, "spare": _PAIRS_OF_NAMES}
    scratch.make(pairs, "pairs", within=within, **limits)
    _levels(scratch, table, pairs, kinds)


def _levels(scratch: Scratch, table: str, pairs: str, kinds: Sequence[str]) -> None:
    given, surname = _place(kinds, "given_name"), _place(kinds, "surname")
    name = _place(kinds, "name")
    named = {
        "given": given,
        "surname": surname,
        "bearer": surname or name,
        "full_name": name,
        "longest_name": LONGEST_NAME,
    }
    firm = employer(kinds)
    shared = {
        "firm": 0 if firm is None else firm + 1,
        "homes": orjson.dumps([[place + 1 for place in home] for home in homes(kinds)]).decode(),
    }
    scratch.make(table, "compared", pairs=pairs, kinds=kinds, **named, **shared)


def _patterns(scratch: Scratch, compared: str, width: int) -> Patterns:
    rows = scratch.rows("patterns", compared=compared)
    return Patterns(
        np.array([row["levels"] for row in rows], dtype=np.int64).reshape(len(rows), width),
        np.array([row["group"] for row in rows], dtype=np.int64),
        np.array([row["pairs"] for row in rows], dtype=np.float64),
    )


def _links(
    scratch: Scratch,
    compared: str,
    model: Model,
    kinds: Sequence[str],
    threshold: float,
    once: Sequence[float],
) -> list[Link]:
    scored = f"scored_{compared}"
    scratch.make(
        scored,
        "scored",
        compared=compared,
        priors=model.priors,
        weights=orjson.dumps(model.weights).decode(),
        equal=model.equal,
        once=once,
        rarity=_rarity(kinds),
    )
    rows = scratch.rows("links", scored=scored, enough=threshold - SLACK, floor=_FLOOR)
    return [(int(str(r["l"])), int(str(r["r"])), float(str(r["weight"]))) for r in rows]


def _place(kinds: Sequence[str], kind: str) -> int:
    """Where the one column of a kind stands, from 1; 0 when there is none or more than one."""
    return kinds.index(kind) + 1 if kinds.count(kind) == 1 else 0


def _rarity(kinds: Sequence[str]) -> list[float]:
    """How much a rare value counts for more than a common one, by column.

    A name that stands alone is common because its bearer is.
    """
    is_alone = len(kinds) == 1 or tells_companies(kinds)
    return [0.0 if is_alone else _RARITY.get(kind, 1.0) for kind in kinds]


def _once(normal: Sequence[Sequence[str]], kinds: Sequence[str]) -> list[float]:
    """How frequent the two records that bear it make a value, by column of what is one's own.

    Strangers may share a name less often than that, and it is no commoner for its bearer's records.
    0 in other columns: what a household or a firm shares is its own just where it is rare.
    """
    return [
        1 / (sum(map(bool, values)) + UNSEEN_RECORDS) if kind in _BORNE else 0.0
        for values, kind in zip(normal, kinds, strict=True)
    ]


def _best_across(links: Sequence[Link], threshold: float) -> list[Link]:
    """Links that are, or nearly are, the best ones of both their records."""
    best: dict[int, float] = {}
    for left, right, bits in links:
        for node in (left, right):
            best[node] = max(best.get(node, threshold), bits)
    return [link for link in links if link[2] >= max(best[link[0]], best[link[1]]) - _TIE]


def _proven(normal: Sequence[Sequence[str]], kinds: Sequence[str]) -> list[list[Proof]]:
    tax = [column for column, kind in enumerate(kinds) if kind == "tax_id"]
    return [
        [(column, number) for column in tax if (number := proven_tax_id(said[column]))]
        for said in zip(*normal, strict=True)
    ]


def _write(out: Path, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    # The suffix stays last: it says how the answer is packed.
    partial = out.with_name(f".partial.{out.name}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix.lower() == ".parquet":
            cells = list(zip(*rows, strict=True)) or [()] * len(heads)
            pa.parquet.write_table(pa.table(dict(zip(heads, cells, strict=True))), partial)
        else:
            with open_packed(partial, "wt", encoding="utf-8", newline="") as lines:
                csv.writer(lines).writerows([heads, *rows])
        partial.replace(out)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise Unreadable(f"cannot write {out}: {error.strerror}") from None
