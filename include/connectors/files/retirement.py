"""Taking back what a file brought under a mapping that no longer reads it.

The slice key begins with the mapping's name, so a file that passes to another mapping (one laid
beside the data, a renamed one, another entity, ``append`` instead of ``replace``) gets a new slice
while the old one would stay visible. The old one is replaced by an empty answer, after the new one
has been published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from include.connectors.files.mapping import FileMapping
from include.connectors.protocol import KnownSlice, Slice

RETIRED = "retired"
_CONTENT_MARK = re.compile(r"@[0-9a-f]{16}")


def retire_former(piece: Slice, mapping: FileMapping, known: Iterable[KnownSlice]) -> list[Slice]:
    """Empty replacements for the other live slices of ``piece``'s file, none twice."""
    file_name = str(piece.parameters["file_name"])
    return [
        Slice(
            resource=item.resource,
            key=item.key,
            kind="replace",
            watermark=RETIRED,
            is_checkpoint=True,
            parameters={"file_name": file_name},
        )
        for item in known
        if item.watermark != RETIRED
        and _is_of_file(item.key, file_name)
        and not _is_still_read(item, piece, mapping)
    ]


def _is_of_file(key: str, file_name: str) -> bool:
    rest = key.partition("/")[2]
    return rest == file_name or (
        rest.startswith(file_name) and bool(_CONTENT_MARK.fullmatch(rest[len(file_name) :]))
    )


def _is_still_read(item: KnownSlice, piece: Slice, mapping: FileMapping) -> bool:
    if item.resource != piece.resource:
        return False
    if mapping.delivery == "append":
        former = f"{mapping.name}/{piece.parameters['file_name']}@"
        return item.key.startswith(former)
    return item.key == piece.key
