"""Why records are one person or company: the rows of evidence between them, as published.

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


@dataclass(frozen=True)
class Subject:
    """What records are explained to be, and the words for it."""

    kind: str
    """As in ``ops.published_id``."""
    table: str
    """Where its records and identifiers stand, with its key in ``<kind>_key``."""
    nobody: str
    several: str


PERSON = Subject("person", "core.core_person_link", "nobody", "people")
COMPANY = Subject("company", "core.core_company_link", "no company", "companies")


class CannotExplain(Exception):
    """The key names nobody, or plain values may not be shown; the message says what to do."""


@dataclass(frozen=True)
class _Found:
    subject_key: str
    is_subject: bool


def explain(
    client: Client, subject: Subject, key: str, to: str, plain_key: str | None
) -> tuple[str, list[Line]]:
    """The person or company, and lines under :data:`COLUMNS`: every row of evidence of each path.

    ``key`` names a person (company), a record or an identifier; ``to`` another record or
    identifier, or is empty, or the person, for the paths from the first record to each.
    ``plain_key`` is the identity key of someone who wants plain values, None for hashes. Raises
    :class:`CannotExplain`.
    """
    if not key:
        raise CannotExplain(
            f"name a {subject.kind}, record or identifier: make explain-{subject.kind} ID=<key>"
        )
    found = _find(client, subject, key)
    evidence = _evidence_of(client, subject, found.subject_key)
    first = min(
        evidence, key=lambda row: (row.seen_at is None, row.seen_at or 0, row.record_key)
    ).record_key
    starts: list[Node] = [first] if found.is_subject else _nodes(evidence, key)
    to = "" if to == found.subject_key else to
    goals: list[list[Node]] = [_nodes(evidence, to)] if to else [
        [record] for record in sorted({row.record_key for row in evidence})
    ]  # fmt: skip
    if not goals[0]:
        other = _find(client, subject, to).subject_key
        raise CannotExplain(
            f"nothing joins the two: the second is of {subject.kind} {other},"
            f" not {found.subject_key};"
            " core.core_identity_cut names what was cut"
        )
    plain = {} if plain_key is None else _plain_values(client, evidence, plain_key)
    lines: list[Line] = []
    for nodes in goals:
        path = find_path(evidence, starts, nodes) or []
        name = nodes[0] if isinstance(nodes[0], str) else _show(nodes[0][1], plain)
        lines += _show_path(name, path, evidence, plain)
    return found.subject_key, lines


def _find(client: Client, subject: Subject, key: str) -> _Found:
    rows = client.query(
        f"select distinct {subject.kind}_key as subject_key,"
        " multiIf(subject_key = {key:String}, 1, record_key = {key:String}, 2, 3) as rank"
        f" from {subject.table}"
        " where subject_key = {key:String} or record_key = {key:String}"
        " or identifier_key = {key:String}"
        " or ({is_prefix:Bool} and startsWith(identifier_key, {key:String}))"
        " order by rank, subject_key",
        parameters={"key": key, "is_prefix": bool(_PREFIX.fullmatch(key))},
    ).result_rows
    best = [found for found, rank in rows if rank == rows[0][1]]
    if not best:
        raise CannotExplain(_tell_where_it_went(client, subject, key))
    if len(best) > 1:
        raise CannotExplain(
            f"the identifier was cut and is of {len(best)} {subject.several}:"
            f" {', '.join(best[:5])};"
            " name one of them, or a record"
        )
    return _Found(best[0], rows[0][1] == 1)


def _tell_where_it_went(client: Client, subject: Subject, key: str) -> str:
    rows = client.query(
        f"select distinct {subject.kind}_key as found from {subject.table} where record_key in ("
        " select record_key from ops.published_id"
        " where subject_kind = {kind:String} and subject_key = {key:String})"
        " order by found limit 5",
        parameters={"key": key, "kind": subject.kind},
    ).result_rows
    if rows:
        now = ", ".join(found for (found,) in rows)
        return f"{subject.nobody} bears this id any more; its records are now of {now}"
    return (
        f"no {subject.kind}, record or identifier of the published tables has this key;"
        f" keys stand in {subject.table}, plain phones and e-mails are none"
    )


def _evidence_of(client: Client, subject: Subject, subject_key: str) -> list[Evidence]:
    rows = client.query(
        "select record_key, identifier_kind, identifier_key, identifier_part, rule_id, confidence,"
        f" seen_at from {subject.table} where {subject.kind}_key = {{key:String}} order by all",
        parameters={"key": subject_key},
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
    """Hash → plain value of phones and e-mails, each proven by the key."""
    if not identity_key:
        raise CannotExplain(
            "plain values are shown to who holds the identity key: set THROUGHLINE_IDENTITY_KEY"
        )
    # A company's identifier may be a hash beside another, or beside a domain.
    hashes = sorted({found for row in evidence for found in _HASH.findall(row.identifier[1])})
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
    return _HASH.sub(lambda found: plain.get(found[0]) or found[0][:_SHORT], key)
