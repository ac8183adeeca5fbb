"""Truth's identifiers in the pipeline's spelling, and which subjects are scored."""

from __future__ import annotations

import pyarrow as pa

from include.sandbox.scoring.__main__ import find_subjects
from include.sandbox.scoring.identity import read_owners
from include.sandbox.vendors.callrail.ids import make_id
from include.sandbox.world.truth import Truth
from include.sandbox.world.truth_tables import TRUTH_TABLES


def test_records_are_named_as_each_vendor_numbers_them() -> None:
    rows = [
        ("contact", "bitrix24", "7", 3),
        ("call", "uis", "9", 4),
        ("form_request", "callrail", "2", 5),
        ("chat", "callrail", "1", 0),
        ("phone", "", "+7916", -1),
    ]
    table = pa.Table.from_pylist(
        [
            {"kind": kind, "scope": scope, "value": value, "person_id": person, "company_id": 0}
            for kind, scope, value, person in rows
        ],
        schema=TRUTH_TABLES["identifier"],
    )
    assert read_owners(Truth({"identifier": table})) == {
        "contact/bitrix24/7": 3,
        "call/uis/9": 4,
        f"form/callrail/{make_id('FRM', 'form', 2)}": 5,
        f"chat/callrail/{make_id('SMT', 'conversation', 1)[:11]}": 0,
    }


def test_every_module_with_a_score_is_a_subject() -> None:
    subjects = find_subjects()
    assert "identity" in subjects
    assert "clusters" not in subjects
