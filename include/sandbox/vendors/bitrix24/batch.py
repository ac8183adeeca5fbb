"""``batch``: up to 50 commands in one request, later ones built from the answers of earlier ones.

The answer is doubly nested and its status is 200 whatever became of the commands. PHP serialises
an empty map as a list, and a filled one numbered from 0 as a list too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from include.sandbox.vendors.bitrix24.errors import ApiError, refuse_argument
from include.sandbox.vendors.bitrix24.listing import Answer
from include.sandbox.vendors.bitrix24.parameters import parse_php_query

MOST_COMMANDS = 50
REFERENCE = re.compile(r"\$result((?:\[[^\[\]]*\])+)")
Run = Callable[[str, Mapping[str, Any]], tuple[Answer, dict[str, Any]]]
"""Runs one command: its answer and its time."""


def run_batch(
    parameters: Mapping[str, Any], run: Run, refuses_whole: bool = True, missing: str = ""
) -> dict[str, Any]:
    """The ``result`` of a batch.

    More than 50 commands refuse the whole request, or only the commands beyond the limit;
    ``missing`` stands in for what a reference cannot find.
    """
    commands = parameters.get("cmd") or {}
    if isinstance(commands, list):
        commands = {str(place): command for place, command in enumerate(commands)}
    if not isinstance(commands, dict):
        raise refuse_argument("Parameter 'cmd' must be array.")
    if len(commands) > MOST_COMMANDS and refuses_whole:
        raise ApiError("ERROR_BATCH_LENGTH_EXCEEDED")
    halts = str(parameters.get("halt", "0")).lower() not in ("", "0", "false", "none")
    parts: dict[str, dict[str, Any]] = {
        name: {}
        for name in ("result", "result_error", "result_total", "result_next", "result_time")
    }
    for place, (key, command) in enumerate(commands.items()):
        try:
            if place >= MOST_COMMANDS:
                raise ApiError("ERROR_BATCH_LENGTH_EXCEEDED")
            method, values = _read_command(command)
            if method.lower().partition(".json")[0] == "batch":
                raise ApiError("ERROR_BATCH_METHOD_NOT_ALLOWED")
            answer, time = run(method, resolve(values, parts["result"], missing))
        except ApiError as error:
            parts["result_error"][key] = error.body()
            if halts:
                break
            continue
        parts["result"][key] = answer.result
        parts["result_time"][key] = time
        if answer.total is not None:
            parts["result_total"][key] = answer.total
        if answer.next is not None:
            parts["result_next"][key] = answer.next
    return {name: as_php_array(values) for name, values in parts.items()}


def _read_command(command: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(command, dict):
        return str(command.get("method", "")), command.get("params") or {}
    method, _, query = str(command).partition("?")
    return method.strip("/ "), parse_php_query(query)


def as_php_array(values: Mapping[str, Any]) -> Any:
    """A map as PHP writes it: a list when it is empty or numbered 0, 1, 2 …"""
    if all(key == str(place) for place, key in enumerate(values)):
        return list(values.values())
    return dict(values)


def resolve(value: Any, results: Mapping[str, Any], missing: str = "") -> Any:
    """Parameters with every ``$result[key][path]`` replaced by what it finds, or ``missing``."""
    if isinstance(value, dict):
        return {key: resolve(item, results, missing) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, results, missing) for item in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return _look_up(whole[1], results, missing)
    return REFERENCE.sub(lambda match: _as_text(_look_up(match[1], results, missing)), value)


def _as_text(value: Any) -> str:
    return "" if isinstance(value, dict | list) or value is None else str(value)


def _look_up(path: str, results: Mapping[str, Any], missing: str) -> Any:
    place: Any = results
    for step in re.findall(r"\[([^\[\]]*)\]", path):
        if isinstance(place, dict) and step in place:
            place = place[step]
        elif isinstance(place, list) and step.isdigit() and int(step) < len(place):
            place = place[int(step)]
        else:
            return missing
    return place
