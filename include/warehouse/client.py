"""The one place that makes ClickHouse clients.

Clients have no session, so one may be used from several threads at once and a killed run leaves
no temporary state behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from include.settings import Settings

SETTINGS = {"join_use_nulls": 1, "session_timezone": "UTC"}
"""An unknown joined value is NULL, never 0; instants without a zone are UTC."""


class WarehouseUnreachable(ConnectionError):
    """No ClickHouse answers there, or it refuses the login; the message says what to check."""


@dataclass(frozen=True)
class ClickHouseTarget:
    """Where ClickHouse is and who asks. ``password`` never appears in ``repr``."""

    host: str = "127.0.0.1"
    port: int = 8123
    user: str = "throughline"
    password: str = field(default="", repr=False)
    secure: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> ClickHouseTarget:
        """The target the environment names."""
        return cls(
            host=settings.clickhouse_host,
            port=settings.clickhouse_port,
            user=settings.clickhouse_user,
            password=settings.clickhouse_password.get_secret_value(),
            secure=settings.clickhouse_secure,
        )

    def sqlalchemy_url(self, database: str = "mart") -> str:
        """The URL SQLAlchemy and Great Expectations take; it holds the password."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        query = "?secure=true" if self.secure else ""
        return f"clickhousedb://{login}@{self.host}:{self.port}/{database}{query}"


def connect(target: ClickHouseTarget) -> Client:
    """Open a client; raises :class:`WarehouseUnreachable` with what to check."""
    try:
        return clickhouse_connect.get_client(
            host=target.host,
            port=target.port,
            username=target.user,
            password=target.password,
            secure=target.secure,
            autogenerate_session_id=False,
            settings=SETTINGS,
            tz_mode="aware",
            connect_timeout=10,
            send_receive_timeout=3600,
            query_limit=0,
        )
    except ClickHouseError as error:
        reason = str(error).splitlines()[0].replace(target.password or "\0", "***")[:300]
        raise WarehouseUnreachable(
            f"ClickHouse at {target.host}:{target.port} did not let {target.user} in: {reason}\n"
            "Start it (make up, or the compose file's clickhouse service), or correct "
            "THROUGHLINE_CLICKHOUSE_HOST, _PORT, _USER and _PASSWORD."
        ) from None
