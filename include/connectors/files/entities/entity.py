"""One kind of record a file may hold; all else about it follows from its columns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import pyarrow as pa

from include.connectors.files.entities.columns import ACCOUNT, ORIGIN, Column
from include.connectors.protocol import Resource, ResourceFacts


class Entity:
    """A declared entity.

    ``grain`` says what one row is. ``one_of`` names groups of columns of which a mapping must fill
    at least one, and every row too: a day or an instant, say. ``control`` is the column whose sum
    proves a load; an entity without one has no money of which a mapping must state currency and
    VAT basis.
    """

    def __init__(
        self,
        name: str,
        grain: str,
        *columns: Column,
        one_of: tuple[tuple[str, ...], ...] = (),
        control: str | None = None,
    ) -> None:
        self.columns: Mapping[str, Column] = {column.name: column for column in columns}
        self.one_of = one_of
        self.has_money = control is not None
        self.schema = pa.schema([ACCOUNT, *(column.field for column in columns), *ORIGIN])
        self.resource = Resource(
            name=name,
            kind="replace",
            schema=self.schema,
            control_columns=(control,) if control else (),
            facts=self._tell_facts(grain),
        )

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Columns a mapping must fill and a row may not leave empty."""
        return tuple(name for name, column in self.columns.items() if column.is_required)

    @cached_property
    def mappable(self) -> tuple[str, ...]:
        """Columns a mapping's ``columns`` may name, in table order."""
        return tuple(name for name, column in self.columns.items() if column.key is None)

    @cached_property
    def personal(self) -> tuple[str, ...]:
        """Columns a personal column of the file may be mapped to."""
        return tuple(name for name, column in self.columns.items() if column.is_personal)

    def _tell_facts(self, grain: str) -> ResourceFacts:
        personal = ", ".join(name.replace("_", " ") for name in self.personal)
        return ResourceFacts(
            grain=f"one row per {grain} and file",
            time_zone="the mapping's time_zone; days as the file has them",
            currency="the mapping's currency" if self.has_money else "none",
            vat="the mapping's vat_basis" if self.has_money else "no money",
            restatement="a file delivered again replaces its former version",
            personal_data=personal or "none",
        )
