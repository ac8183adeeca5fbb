"""CallRail's ids: a prefix and 32 hex digits derived from the world's own id.

Apart from the book, so that whoever only needs the demo account's id reads no world.
"""

from __future__ import annotations

from hashlib import blake2b


def make_id(prefix: str, kind: str, number: object) -> str:
    """The vendor's id of one thing of the world; the same for the same thing, always."""
    digest = blake2b(f"{kind}/{number}".encode(), digest_size=16)
    return prefix + digest.hexdigest()


ACCOUNT_ID = make_id("ACC", "account", 1)
LOCKED_ACCOUNT_ID = make_id("ACC", "account", 2)
"""An account that exists and is nobody's here: 403."""
COMPANY_ID = make_id("COM", "company", 1)
