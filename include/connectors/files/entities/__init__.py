"""The tables a drop folder can fill.

An entity is declared once, in a module of this package, and listed here; its raw contract is
``sql/raw/raw_files__<entity>.yaml``. A reader would get wrong that ``account_id``, ``extra``,
``file_name`` and ``line_number`` are set by the connector and ``currency_code`` and ``vat_basis``
by keys of their own: a mapping's ``columns`` name the other columns only.
"""

from __future__ import annotations

from collections.abc import Mapping

from include.connectors.files.entities import contacts, finance, funnel, market
from include.connectors.files.entities.entity import Entity

ENTITIES: Mapping[str, Entity] = {
    entity.resource.name: entity
    for module in (funnel, finance, contacts, market)
    for entity in vars(module).values()
    if isinstance(entity, Entity)
}

__all__ = ["ENTITIES", "Entity"]
