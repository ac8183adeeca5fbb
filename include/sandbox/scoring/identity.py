"""Who is who, scored: people over all records that speak of one, companies over CRM companies."""

from __future__ import annotations

from collections.abc import Hashable

from include.sandbox.scoring.clusters import (
    Measure,
    find_largest_false_cluster,
    measure_links,
    measure_pairs,
)
from include.sandbox.scoring.scene import Scene
from include.sandbox.vendors.callrail.ids import make_id
from include.sandbox.world.truth import Truth

SEVERAL = -1
"""Truth's owner of what several people share: such a record has no one right answer."""
LINKED = ("call", "lead", "deal")
KINDS = {"call": "call", "form_request": "form", "chat": "chat"}
"""Truth's word for what a tracker records → the pipeline's."""
CALLRAIL = {
    "call": ("CAL", "call"),
    "form_request": ("FRM", "form"),
    "chat": ("SMT", "conversation"),
}
CONVERSATION_LETTERS = 11


def score(scene: Scene) -> dict[str, float]:
    """``person_…``, ``company_…``, ``largest_false_cluster`` and ``link_f1…``."""
    owners = read_owners(scene.truth)
    found = scene.rows(
        "select records.record_kind, records.source, records.record_id, links.person_key"
        " from stg.stg_identity_record as records"
        " inner join (select distinct record_key, person_key from core.core_person_link) as links"
        " on links.record_key = records.record_key"
    )
    clusters: dict[str, Hashable] = {}
    kinds: dict[str, str] = {}
    for kind, source, number, person in found:
        name = f"{kind}/{source}/{number}"
        # an amoCRM card is an enquiry and its deal at once; truth numbers the two apart
        if source == "amocrm" and kind in ("lead", "deal") and name not in owners:
            name = f"{'deal' if kind == 'lead' else 'lead'}/{source}/{number}"
        if name in owners:
            clusters[name], kinds[name] = person, name.partition("/")[0]
    known = {record: owners[record] for record in clusters if owners[record] != SEVERAL}
    people = measure_pairs(clusters, known)
    links = {
        kind: measure_links(clusters, known, [r for r in known if kinds[r] == kind])
        for kind in LINKED
    }
    every = measure_links(clusters, known, [r for r in known if kinds[r] in LINKED])
    companies = score_companies(scene)
    return {
        "person_precision": people.precision,
        "person_recall": people.recall,
        "company_precision": companies.precision,
        "company_recall": companies.recall,
        "largest_false_cluster": float(find_largest_false_cluster(clusters, known)),
        "link_f1": every.f1,
        **{f"link_f1_{kind}": measure.f1 for kind, measure in links.items()},
    }


def score_companies(scene: Scene) -> Measure:
    """Over pairs of company records of the CRMs, branches apart from their heads."""
    owners = {
        f"{row['scope']}/{row['value']}": row["company_id"]
        for row in scene.truth.table("identifier").to_pylist()
        if row["kind"] == "company" and row["company_id"] != SEVERAL
    }
    clusters: dict[str, Hashable] = {
        f"{source}/{number}": company
        for source, number, company in scene.rows(
            "select source, record_id, company_key from core.core_company_link"
        )
    }
    return measure_pairs(clusters, {r: owner for r, owner in owners.items() if r in clusters})


def read_owners(truth: Truth) -> dict[str, int]:
    """``kind/source/number`` as the pipeline spells it → the person it is of; 0 nobody's."""
    owners: dict[str, int] = {}
    for row in truth.table("identifier").to_pylist():
        kind, scope, value = row["kind"], row["scope"], row["value"]
        if kind in ("contact", "lead", "deal"):
            owners[f"{kind}/{scope}/{value}"] = row["person_id"]
        elif kind in KINDS:
            number = value
            if scope == "callrail":
                number = make_id(*CALLRAIL[kind], value)
                number = number[:CONVERSATION_LETTERS] if kind == "chat" else number
            owners[f"{KINDS[kind]}/{scope}/{number}"] = row["person_id"]
    return owners
