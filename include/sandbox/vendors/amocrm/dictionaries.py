"""What the account's words mean: users, loss reasons, tags, sources, catalogs, settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from include.sandbox.vendors.amocrm.access import ACCOUNT_ID, SUBDOMAIN
from include.sandbox.vendors.amocrm.own_rows import read_own
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

ROBOT = 0
FIRST_REASON = 4_203_700
FIRST_TAG = 259_000
FIRST_SOURCE = 21_000
ADMIN_ROLE, SELLER_ROLE = 0, 18_066
TASK_KINDS = {"call": 1, "meeting": 2, "email": 3, "task": 2_345_678}
TASK_NAMES = {1: "Связаться", 2: "Встреча", 3: "Письмо", 2_345_678: "Задача"}
_MADE: WorldMemo[Dictionaries] = WorldMemo()


class Dictionaries:
    """The words of one world."""

    def __init__(self, world: World) -> None:
        leads, deals = (read_own(world, name) for name in ("crm_lead", "crm_deal"))
        both = [*leads, *deals]
        self.loss_reason_ids = _number((row["lost_reason"] for row in both), FIRST_REASON)
        self.source_ids = _number((row["source"] for row in both), FIRST_SOURCE)
        self.goods_of_deal: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for line in read_own(world, "crm_product_row"):
            self.goods_of_deal[line["deal_id"]].append(line)
        self.managers = sorted(read_own(world, "crm_manager"), key=lambda row: row["manager_id"])

    def tag(self, source: str | None) -> list[dict[str, Any]]:
        """The tag a lead carries for the way it came."""
        number = self.source_ids.get(source or "")
        if number is None:
            return []
        return [{"id": FIRST_TAG + number - FIRST_SOURCE, "name": source, "color": None}]

    def loss_reason(self, number: int, api: str) -> dict[str, Any]:
        """One reason by its id."""
        (name,) = (text for text, known in self.loss_reason_ids.items() if known == number)
        return {
            "id": number,
            "name": name,
            "sort": 100_000 + number - FIRST_REASON,
            "created_at": 1_585_299_171,
            "updated_at": 1_585_299_171,
            "_links": {"self": {"href": f"{api}/leads/loss_reasons/{number}"}},
        }

    def user(self, row: dict[str, Any], wanted: set[str], api: str) -> dict[str, Any]:
        """One manager; the lowest id is the administrator."""
        is_admin = row["manager_id"] == self.managers[0]["manager_id"]
        own = {"view": "A", "edit": "A", "add": "A", "delete": "A", "export": "A"}
        user: dict[str, Any] = {
            "id": row["manager_id"],
            "name": f"{row['first_name'] or ''} {row['last_name'] or ''}".strip(),
            "email": row["email"],
            "lang": "ru",
            "rights": {
                "leads": own,
                "contacts": own,
                "companies": own,
                "tasks": {"edit": "A", "delete": "A"},
                "mail_access": False,
                "catalog_access": True,
                "status_rights": [],
                "is_admin": is_admin,
                "is_free": False,
                "is_active": bool(row["is_active"]),
                "group_id": None,
                "role_id": None if is_admin else SELLER_ROLE,
            },
        }
        for name in ("uuid", "amojo_id"):
            if name in wanted:
                user[name] = f"{row['manager_id']:08x}-0000-4000-8000-{ACCOUNT_ID:012x}"
        if "user_rank" in wanted:
            user["user_rank"] = None
        embedded: dict[str, Any] = {}
        if "role" in wanted:
            role = {"id": SELLER_ROLE, "name": "Менеджер"}
            embedded["roles"] = [] if is_admin else [role]
        if "group" in wanted:
            embedded["groups"] = [{"id": 0, "name": "Отдел продаж"}]
        links = {"self": {"href": f"{api}/users/{row['manager_id']}"}}
        return {**user, "_links": links, "_embedded": embedded}

    def account(self, wanted: set[str], api: str) -> dict[str, Any]:
        """The account itself."""
        first = self.managers[0]["manager_id"] if self.managers else ROBOT
        account: dict[str, Any] = {
            "id": ACCOUNT_ID,
            "name": "Уралкреп",
            "subdomain": SUBDOMAIN,
            "created_at": 1_585_299_171,
            "created_by": ROBOT,
            "updated_at": 1_585_299_171,
            "updated_by": ROBOT,
            "current_user_id": first,
            "country": "RU",
            "currency": "RUB",
            "currency_symbol": "₽",
            "customers_mode": "unavailable",
            "is_unsorted_on": True,
            "is_loss_reason_enabled": True,
            "is_helpbot_enabled": False,
            "is_technical_account": False,
            "is_api_filter_enabled": True,
            "contact_name_display_order": 1,
            "_links": {"self": {"href": f"{api}/account"}},
        }
        embedded: dict[str, Any] = {}
        if "task_types" in wanted:
            embedded["task_types"] = [
                {"id": number, "name": name, "color": None, "icon_id": None, "code": None}
                for number, name in TASK_NAMES.items()
            ]
        if "users_groups" in wanted:
            embedded["users_groups"] = [{"id": 0, "name": "Отдел продаж", "uuid": None}]
        if "datetime_settings" in wanted:
            embedded["datetime_settings"] = {
                "date_pattern": "d.m.Y H:i",
                "short_date_pattern": "d.m.Y",
                "short_time_pattern": "H:i",
                "date_format": "d.m.Y",
                "time_format": "H:i:s",
                "timezone": "Asia/Yekaterinburg",
                "timezone_offset": "+05:00",
            }
        for name, value in (
            ("amojo_id", "f3c6340d-410e-4ad1-9f7e-c5e663599909"),
            ("uuid", "824f3a59-6154-4edf-ae90-0b5593715d60"),
            ("version", 11),
            ("drive_url", "https://drive-b.amocrm.ru"),
            ("invoices_settings", {"lang": "ru", "currency": "RUB"}),
        ):
            if name in wanted:
                account[name] = value
        return account | ({"_embedded": embedded} if embedded else {})


def read_dictionaries(world: World) -> Dictionaries:
    """The words of a world, gathered once."""
    return _MADE.get(world, "words", lambda: Dictionaries(world))


def _number(texts: Iterable[str | None], first: int) -> dict[str, int]:
    """Texts in order of the alphabet, numbered from ``first``."""
    return {text: first + place for place, text in enumerate(sorted({t for t in texts if t}))}
