"""Why records are one person: the rows of evidence between them, from the published tables.

Identifiers are shown by their hashes. Plain phones and e-mails are shown only to who holds the
identity key, proven by hashing them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from include.identity.evidence_path import Evidence, Node, find_path

COLUMNS = (
    "path_to", "step", "record_key", "identifier_kind", "identifier", "rule_id", "confidence",
    "seen_at_utc", "identifier_first_seen_utc", "identifier_last_seen_utc",
)  # fmt: skip
_HASH = re.compile(r"[0-9a-f]{64}")
_PREFIX = re.compile(r"[0-9a-f]{8,64}")
_SHORT = 10
Line = tuple[str, ...]


class CannotExplain(Exception):
    """The key names nobody, or plain values may not be shown; the message says what to do."""


@dataclass(frozen=True)
class _Found:
    person_key: str
    is_person: bool


def explain(client: Client, key: str, to: str, plain_key: str | None) -> tuple[str, list[Line]]:
    """The person, and lines under :data:`COLUMNS`: every row of evidence of each path.

    ``key`` names a person, a record or an identifier; ``to`` another record or identifier, or is
    empty for the paths from the first record to each. ``plain_key`` is the identity key of someone
    who wants plain values, None for hashes. Raises :class:`CannotExplain`.
    """
    if not key:
        raise CannotExplain("name a person, record or identifier: make explain-person ID=<key>")
    found = _find(client, key)
    evidence = _evidence_of(client, found.person_key)
    first = min(
        evidence, key=lambda row: (row.seen_at is None, row.seen_at or 0, row.record_key)
    ).record_key
    starts: list[Node] = [first] if found.is_person else _nodes(evidence, key)
    goals: list[list[Node]] = [_nodes(evidence, to)] if to else [
        [record] for record in sorted({row.record_key for row in evidence})
    ]  # fmt: skip
    if not goals[0]:
        other = _find(client, to).person_key
        raise CannotExplain(
            f"nothing joins the two: the second is of person {other}, not {found.person_key};"
            " core.core_identity_cut names what was cut"
        )
    plain = {} if plain_key is None else _plain_values(client, evidence, plain_key)
    lines: list[Line] = []
    for nodes in goals:
        path = find_path(evidence, starts, nodes) or []
        name = nodes[0] if isinstance(nodes[0], str) else _show(nodes[0][1], plain)
        lines += _show_path(name, path, evidence, plain)
    return found.person_key, lines


def _find(client: Client, key: str) -> _Found:
    rows = client.query(
        "select distinct person_key, multiIf(person_key = {key:String}, 1,"
        " record_key = {key:String}, 2, 3) as rank from core.core_person_link"
        " where person_key = {key:String} or record_key = {key:String}"
        " or identifier_key = {key:String}"
        " or ({is_prefix:Bool} and startsWith(identifier_key, {key:String}))"
        " order by rank, person_key",
        parameters={"key": key, "is_prefix": bool(_PREFIX.fullmatch(key))},
    ).result_rows
    best = [person for person, rank in rows if rank == rows[0][1]]
    if not best:
        raise CannotExplain(_tell_where_it_went(client, key))
    if len(best) > 1:
        raise CannotExplain(
            f"the identifier was cut and is of {len(best)} people: {', '.join(best[:5])};"
            " name one of them, or a record"
        )
    return _Found(best[0], rows[0][1] == 1)


def _tell_where_it_went(client: Client, key: str) -> str:
    rows = client.query(
        "select distinct person_key from core.core_person_link where record_key in ("
        " select record_key from ops.published_id"
        " where subject_kind = 'person' and subject_key = {key:String})"
        " order by person_key limit 5",
        parameters={"key": key},
    ).result_rows
    if rows:
        now = ", ".join(person for (person,) in rows)
        return f"nobody bears this id any more; its records are now of {now}"
    return (
        "no person, record or identifier of the published tables has this key;"
        " keys stand in core.core_person_link, plain phones and e-mails are none"
    )


def _evidence_of(client: Client, person_key: str) -> list[Evidence]:
    rows = client.query(
        "select record_key, identifier_kind, identifier_key, identifier_part, rule_id, confidence,"
        " seen_at from core.core_person_link where person_key = {p:String} order by all",
        parameters={"p": person_key},
    ).result_rows
    return [
        Evidence(record, (kind, identifier, part), rule, confidence, seen_at)
        for record, kind, identifier, part, rule, confidence, seen_at in rows
    ]


def _nodes(evidence: Sequence[Evidence], key: str) -> list[Node]:
    """The record of this key, else every identifier of it, or whose hash begins with it."""
    if any(row.record_key == key for row in evidence):
        return [key]
    is_prefix = bool(_PREFIX.fullmatch(key))
    return sorted(
        {
            row.identifier
            for row in evidence
            if row.identifier[1] == key or (is_prefix and row.identifier[1].startswith(key))
        }
    )


def _plain_values(
    client: Client, evidence: Sequence[Evidence], identity_key: str
) -> dict[str, str]:
    """Hash → plain value of the person's phones and e-mails, each proven by the key."""
    if not identity_key:
        raise CannotExplain(
            "plain values are shown to who holds the identity key: set THROUGHLINE_IDENTITY_KEY"
        )
    hashes = sorted({row.identifier[1] for row in evidence if _HASH.fullmatch(row.identifier[1])})
    rows = client.query(
        "select key_hash, min(ifNull(letters_hash, '')), min(assumeNotNull(normalised_value))"
        " from stg.stg_contact_key where key_hash is not null"
        " and (key_hash in {hashes:Array(String)} or letters_hash in {hashes:Array(String)})"
        " group by key_hash order by key_hash",
        parameters={"hashes": hashes},
    ).result_rows
    plain: dict[str, str] = {}
    for key_hash, letters_hash, value in rows:
        digest = hmac.new(identity_key.encode(), value.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(digest, key_hash):
            raise CannotExplain(
                "THROUGHLINE_IDENTITY_KEY is not the key these hashes were made with;"
                " plain values are shown to who holds that key"
            )
        plain[key_hash] = value
        if letters_hash:
            plain.setdefault(letters_hash, value)
    return plain


def _show_path(
    name: str, path: Sequence[Evidence], evidence: Sequence[Evidence], plain: Mapping[str, str]
) -> list[Line]:
    lines: list[Line] = []
    for step, row in enumerate(path, start=1):
        seen = sorted(
            other.seen_at
            for other in evidence
            if other.identifier == row.identifier and other.seen_at is not None
        )
        when = [f"{at:%Y-%m-%d %H:%M:%S}" if at else "" for at in (
            row.seen_at, seen[0] if seen else None, seen[-1] if seen else None,
        )]  # fmt: skip
        kind, key, _ = row.identifier
        shown = _show(key, plain)
        lines.append(
            (name, str(step), row.record_key, kind, shown, row.rule_id, str(row.confidence), *when)
        )
    return lines or [(name, "0", *([""] * (len(COLUMNS) - 2)))]


def _show(key: str, plain: Mapping[str, str]) -> str:
    return plain.get(key) or _HASH.sub(lambda found: found[0][:_SHORT], key)
