"""The toy house of the ingestion tests serves the warehouse tests too."""

from __future__ import annotations

from tests.ingestion.conftest import landing, store, toy_catalog, vendor

__all__ = ["landing", "store", "toy_catalog", "vendor"]
