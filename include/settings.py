"""The only reader of the environment.

Every value here can be set by an environment variable named ``THROUGHLINE_<NAME>``. Vendor
credentials are not here: they live in Airflow connections or a secrets backend and reach the
library as arguments.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Typed settings of one installation; read once by :func:`read_settings`."""

    model_config = SettingsConfigDict(env_prefix="THROUGHLINE_", extra="ignore")

    home: Path = Field(
        default=PROJECT_ROOT / ".throughline",
        description="State of this installation: stores, landing, Airflow home, logs, locks.",
    )
    landing_root: str = Field(
        default="", description="fsspec URL of the landing zone; empty means <home>/landing."
    )
    sources_file: Path | None = Field(
        default=None,
        description="Which accounts each source reads; default <project>/sources.yaml.",
    )
    mappings_root: Path = Field(
        default=PROJECT_ROOT / "mappings", description="Mapping files of the files source."
    )
    clickhouse_host: str = "127.0.0.1"
    clickhouse_port: int = 8123
    clickhouse_user: str = "throughline"
    clickhouse_password: SecretStr = SecretStr("")
    clickhouse_secure: bool = False
    bi_password: SecretStr = Field(
        default=SecretStr(""), description="Password of the read-only BI login; empty: no login."
    )
    identity_key: SecretStr = Field(
        default=SecretStr(""), description="HMAC key of phones and e-mails beyond staging."
    )
    identity_key_version: str = "v1"
    commit_sha: str = Field(
        default="", description="Commit that runs, where the project is no git checkout."
    )
    airflow_port: int = Field(
        default=8080, description="Loopback port of Airflow's page and API under `make up`."
    )
    business_zone: str = Field(
        default="Europe/Moscow", description="Zone in which instants become business days."
    )
    build_debounce_seconds: float = Field(
        default=60.0, description="Quiet time after the last changed slice before a build starts."
    )

    @cached_property
    def landing_url(self) -> str:
        """Landing root as an fsspec URL or a local path."""
        return self.landing_root or str(self.home / "landing")

    @cached_property
    def sources_path(self) -> Path:
        """The accounts file in force."""
        return self.sources_file or PROJECT_ROOT / "sources.yaml"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The business zone; raises ``ZoneInfoNotFoundError`` for an unknown name."""
        return ZoneInfo(self.business_zone)


class BadSetting(ValueError):
    """A variable of the environment that cannot be read; the message names it, not its value."""


def read_settings() -> Settings:
    """Read the environment now; call it at the edges and hand the values on.

    Raises :class:`BadSetting` with every variable that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        prefix = str(Settings.model_config["env_prefix"])
        faults = [
            f"{prefix}{'_'.join(map(str, fault['loc']))}".upper() + f": {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise BadSetting("; ".join(faults)) from None


def inherited_environment() -> dict[str, str]:
    """What a child process may take over from this one.

    Airflow's own variables are left out, connections apart: a developer's exported
    ``AIRFLOW_HOME`` must not lead the demo into another installation. So is the search path of
    another Python.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
        and (not name.startswith("AIRFLOW") or name.startswith("AIRFLOW_CONN_"))
    }
