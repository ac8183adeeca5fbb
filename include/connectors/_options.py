"""Reads an account's options; a wrong one is told with its source, account and name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.connectors.protocol import AccessDenied, Account, BadInput


class Options:
    """Typed access to the options and credentials of one account.

    Every method raises :class:`BadInput` for a value that cannot be used; an option that is absent
    or null has its default.
    """

    def __init__(self, account: Account, known: str | None = None) -> None:
        """``known`` are all names the source reads, in one text: a misspelt one is refused."""
        self._account = account
        self._values = account.options
        if known is not None:
            refuse_unknown(account, known.split())

    def choice(self, name: str, default: str, allowed: Sequence[str]) -> str:
        """One of ``allowed``."""
        value = self._values.get(name)
        text = default if value is None else str(value)
        if text not in allowed:
            raise self.refuse(name, f"must be one of {', '.join(allowed)}", value)
        return text

    def number(self, name: str, default: int, least: int = 0, most: int | None = None) -> int:
        """A whole number within ``[least, most]``."""
        value = self._values.get(name)
        value = default if value is None else value
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if not is_number or value < least or (most is not None and value > most):
            span = f"from {least}" if most is None else f"from {least} to {most}"
            raise self.refuse(name, f"must be a whole number {span}", value)
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refuse(name, "must be true or false", value)
        return value

    def text(self, name: str, default: str = "") -> str:
        """Text; a number written without quotes is taken as its digits."""
        value = self._values.get(name)
        if value is None:
            return default
        if not _is_name(value):
            raise self.refuse(name, "must be text", value)
        return str(value)

    def day(self, name: str, default: date) -> date:
        """A day like 2026-01-31."""
        value = self._values.get(name)
        if value is None:
            return default
        try:
            # YAML's instants are dates too, and compare with none.
            return value if type(value) is date else date.fromisoformat(str(value))
        except ValueError:
            pass
        raise self.refuse(name, "must be a day like 2026-01-31", value)

    def zone(self, name: str, default: str) -> ZoneInfo:
        """An IANA time zone."""
        value = self.text(name, default)
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones
            pass
        raise self.refuse(name, "must be a time zone like Europe/Moscow", value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, empty when absent."""
        value = self._values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(map(_is_name, value)):
            raise self.refuse(name, "must be a list of texts", value)
        return tuple(str(item) for item in value)

    def mapping(self, name: str, allowed: Sequence[str]) -> Mapping[str, str]:
        """Our name → the vendor's, for custom fields; keys are limited to ``allowed``."""
        value = self._values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.refuse(name, "must be a mapping of name: field of the vendor", value)
        unknown = sorted(set(map(str, value)) - set(allowed))
        if unknown:
            raise self.refuse(
                name, f"may name {', '.join(allowed)}, and not {', '.join(unknown)}", value
            )
        if not all(map(_is_name, value.values())):
            raise self.refuse(name, "must name one field of the vendor for each name", value)
        return {str(key): str(field) for key, field in value.items()}

    def secret(self, name: str, what: str) -> str:
        """A credential; raises :class:`AccessDenied` that says ``what`` is missing and where."""
        value = self._account.credentials.get(name, "")
        if not value:
            raise AccessDenied(
                f"{self._account.source} account {self._account.name} has no {name}: put {what} "
                "into its connection"
            )
        return value

    def refuse(self, name: str, rule: str, value: Any) -> BadInput:
        """The error for one option, to be raised."""
        return BadInput(
            f"option {name} of {self._account.source} account {self._account.name} {rule}, "
            f"got {value!r}"
        )


def refuse_unknown(account: Account, known: Collection[str]) -> None:
    """Raise :class:`BadInput` for options nobody reads, naming those that are."""
    strange = sorted(set(map(str, account.options)) - set(known))
    if strange:
        raise BadInput(
            f"{account.source} account {account.name} has no option {' and no '.join(strange)}: "
            f"correct the accounts file; there are {', '.join(sorted(known))}"
        )


def _is_name(value: Any) -> bool:
    """Text, or a number written without quotes."""
    return isinstance(value, str | int) and not isinstance(value, bool)
