"""A store: one installation's data on disk (engine, landing, Airflow's metadata, logs, secrets).

``make demo`` and ``make real`` each work in a store of their own; ``last_store`` remembers which
one ``make query`` and ``make up`` should open.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class NoStore(Exception):
    """Nothing has been run yet, or the remembered store is gone."""


@dataclass(frozen=True)
class Secrets:
    """Passwords and keys of one store; generated once, never shown except to its owner."""

    clickhouse_password: str = field(repr=False)
    bi_password: str = field(repr=False)
    airflow_password: str = field(repr=False)
    identity_key: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    fernet_key: str = field(repr=False)


@dataclass(frozen=True)
class Store:
    """Paths of one store."""

    root: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.root.name

    @property
    def engine_folder(self) -> Path:
        """Data folder of the embedded engine."""
        return self.root / "clickhouse"

    @property
    def landing(self) -> Path:
        """Landing root."""
        return self.root / "landing"

    @property
    def airflow_home(self) -> Path:
        """``AIRFLOW_HOME``, with the SQLite metadata."""
        return self.root / "airflow"

    @property
    def logs(self) -> Path:
        """One log file per program, and task logs under ``tasks``."""
        return self.root / "logs"

    @property
    def metadata(self) -> Path:
        """Airflow's SQLite database."""
        return self.airflow_home / "airflow.db"

    @property
    def sources_file(self) -> Path:
        """Accounts this store reads."""
        return self.root / "sources.yaml"

    @property
    def drop_folder(self) -> Path:
        """Sample files of the demo."""
        return self.root / "drop"

    @property
    def alerts_file(self) -> Path:
        """Where the demo's alert webhook writes what it received."""
        return self.root / "alerts.jsonl"


def create_store(home: Path, name: str) -> Store:
    """Open the store ``name``, making it when it is not there."""
    if not _NAME.fullmatch(name):
        raise NoStore(f"'{name}' is no store name: use a-z, 0-9, '_' and '-', 64 at most")
    store = Store(home / "stores" / name)
    for folder in (store.root, store.engine_folder, store.landing, store.airflow_home, store.logs):
        folder.mkdir(parents=True, exist_ok=True)
    store.root.chmod(0o700)
    read_secrets(store)
    return store


def create_fresh_store(home: Path, name: str) -> Store:
    """Remove what an earlier run left under ``name`` and make it anew."""
    shutil.rmtree(home / "stores" / name, ignore_errors=True)
    return create_store(home, name)


def dated_name(prefix: str, now: datetime | None = None) -> str:
    """``real`` → ``real-20261122-050102-123``: sortable, unique to the millisecond."""
    moment = now or datetime.now(UTC)
    return f"{prefix}-{moment:%Y%m%d-%H%M%S}-{moment.microsecond // 1000:03d}"


def remember_last(home: Path, store: Store) -> None:
    """Make ``store`` the one :func:`last_store` opens."""
    _write(home / "last_store.json", {"store": store.name})


def last_store(home: Path) -> Store:
    """The store of the last run; raises :class:`NoStore` with what to do."""
    pointer = home / "last_store.json"
    if not pointer.exists():
        raise NoStore(f"nothing has been run under {home} yet: run `make demo` first")
    store = Store(home / "stores" / str(json.loads(pointer.read_text("utf-8"))["store"]))
    if not store.root.is_dir():
        raise NoStore(f"the store of the last run, {store.root}, was deleted: run `make demo`")
    return store


def read_secrets(store: Store) -> Secrets:
    """The store's secrets from ``secrets.json`` (mode 0600), generated at the first call."""
    path = store.root / "secrets.json"
    if not path.exists():
        _write(
            path,
            {
                "clickhouse_password": secrets.token_urlsafe(24),
                "bi_password": secrets.token_urlsafe(24),
                "airflow_password": secrets.token_urlsafe(12),
                "identity_key": secrets.token_hex(32),
                "jwt_secret": secrets.token_hex(64),
                # Fernet wants 32 url-safe base64 bytes; 43 characters need one '=' of padding.
                "fernet_key": secrets.token_urlsafe(32) + "=",
            },
        )
    return Secrets(**json.loads(path.read_text("utf-8")))


def _write(path: Path, content: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content, indent=1), "utf-8")
    draft.replace(path)
