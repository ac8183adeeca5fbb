"""Errors of the Data API: always HTTP 200, told apart by ``data.mnemonic``; the code is a group."""

from __future__ import annotations

from typing import Any

CODES = {
    "parse_error": -32700,
    "invalid_request": -32600,
    "method_not_found": -32601,
    "data_type_error": -32602,
    "required_parameter_missed": -32602,
    "invalid_parameter_value": -32602,
    "unexpected_parameters": -32602,
    "invalid_parameters_combination": -32602,
    "sort_prohibited": -32602,
    "filter_prohibited": -32602,
    "date_interval_limit_reached": -32602,
    "entity_not_found": -32602,
    "error": -32602,
    "internal_error": -32603,
    "access_token_expired": -32001,
    "access_token_blocked": -32001,
    "access_token_invalid": -32001,
    "auth_error": -32001,
    "ip_not_whitelisted": -32003,
    "forbidden": -32003,
    "method_component_disabled": -32008,
    "parameter_component_disabled": -32008,
    "account_inactive": -32009,
    "limit_exceeded": -32029,
    "batch_opreations_not_supported": -32099,
    "notifications_not_supported": -32099,
}
"""Mnemonic → code, misspelt as on the wire."""

MESSAGES = {
    "parse_error": "Parse error",
    "invalid_request": "Invalid Request",
    "method_not_found": "Method not found",
    "internal_error": "Internal error",
    "access_token_expired": "Access token has been expired",
    "access_token_blocked": "Access token has been blocked",
    "access_token_invalid": "Access token is invalid",
    "auth_error": "Login or password is wrong",
    "ip_not_whitelisted": "Your IP is not whitelisted",
    "forbidden": "Permission denied",
    "account_inactive": "Account is inactive",
    "batch_opreations_not_supported": "Batch operations not supported",
    "notifications_not_supported": "Notifications not supported",
}


class RpcError(Exception):
    """The vendor refuses a call; ``mnemonic`` is one of :data:`CODES`."""

    def __init__(
        self, mnemonic: str, message: str = "", field: str | None = None, value: Any = None
    ) -> None:
        self.mnemonic = mnemonic
        self.message = message or MESSAGES.get(mnemonic, mnemonic.replace("_", " ").capitalize())
        self.field = field
        self.value = value
        super().__init__(f"{mnemonic}: {self.message}")

    def describe(self, request_id: Any, metadata: dict[str, Any]) -> dict[str, Any]:
        """The whole answer; ``request_id`` is null when the request could not be read."""
        return {
            "jsonrpc": "2.0",
            "id": request_id,
            "error": {
                "code": CODES.get(self.mnemonic, -32602),
                "message": self.message,
                "data": {
                    "mnemonic": self.mnemonic,
                    "field": self.field,
                    "value": self.value,
                    "params": {"object": self.field} if self.field else {},
                    "extended_helper": None,
                    "metadata": metadata,
                },
            },
        }
