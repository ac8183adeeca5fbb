"""docker-compose.yml is safe to start on a server: checked as a file, and by Compose itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from include.warehouse.client import ClickHouseTarget, connect

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"
CLICKHOUSE = ROOT / "deploy" / "clickhouse"
VARIABLE = re.compile(r"\$\{(\w+)(?::([?-])([^}]*))?\}")
SENSITIVE = re.compile(r"PASSWORD|SECRET|FERNET|KEY|TOKEN|SQL_ALCHEMY_CONN$")

RULES: dict[str, Any] = {
    "type": "object",
    "required": ["services", "volumes"],
    "properties": {
        "services": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": [
                    "image", "user", "restart", "read_only", "cap_drop", "security_opt",
                    "mem_limit", "environment", "logging",
                ],
                "properties": {
                    "image": {
                        "description": "pinned to a version, never latest",
                        "pattern": r"^[a-z0-9./_-]+:(?!latest)\d+(\.\d+)+[\w.-]*$",
                    },
                    "user": {"description": "a number, not root", "pattern": r"^[1-9]\d*:\d+$"},
                    "read_only": {"const": True},
                    "cap_drop": {"const": ["ALL"]},
                    "security_opt": {"contains": {"const": "no-new-privileges:true"}},
                    "privileged": False,
                    "network_mode": False,
                    "ports": {
                        "description": "loopback only",
                        "items": {"type": "string", "pattern": r"^127\.0\.0\.1:\d+:\d+$"},
                    },
                    "environment": {"type": "object", "additionalProperties": {"type": "string"}},
                    "depends_on": {
                        "type": "object",
                        "additionalProperties": {
                            "properties": {
                                "condition": {
                                    "enum": ["service_healthy", "service_completed_successfully"]
                                }
                            },
                            "required": ["condition"],
                        },
                    },
                    "healthcheck": {
                        "required": ["test", "interval", "timeout", "retries"],
                        "properties": {"test": {"type": "array", "minItems": 2}},
                    },
                },
                "if": {"properties": {"restart": {"const": "no"}}},
                "then": {},
                "else": {"required": ["healthcheck"]},
            },
        }
    },
}  # fmt: skip


@cache
def compose() -> dict[str, Any]:
    """The file with its anchors resolved and its variables left as they are written."""
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return loaded


def example_names() -> set[str]:
    """Every variable .env.example explains, set or commented out."""
    return set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.M))


def filled_environment() -> dict[str, str]:
    """What a new user exports after filling .env in."""
    required = re.findall(r"^([A-Z_]+)=$", EXAMPLE.read_text(encoding="utf-8"), re.M)
    return dict.fromkeys(required, "abc123")


def compose_command() -> list[str]:
    """The Compose of this machine, or a skip."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker"):
        plugin = subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False, timeout=60
        )
        if plugin.returncode == 0:
            return ["docker", "compose"]
    pytest.skip("neither docker-compose nor the compose plugin of docker is installed")


def check_with_compose(
    empty_folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Compose's own reading of the file, with exactly ``environment`` and no .env of anyone's."""
    no_file = empty_folder / "empty.env"
    no_file.touch()
    return subprocess.run(
        [*compose_command(), "--env-file", str(no_file), "-f", str(COMPOSE), "config", "--quiet"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_service_keeps_the_rules() -> None:
    broken = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
        for error in jsonschema.Draft202012Validator(RULES).iter_errors(compose())
    ]
    assert not broken, "\n".join(broken)


def test_the_rules_refuse_what_they_should() -> None:
    validator = jsonschema.Draft202012Validator(RULES)
    service = compose()["services"]["postgres"]
    for spoiled in (
        {"image": "postgres:latest"},
        {"image": "postgres"},
        {"user": "0:0"},
        {"user": "root"},
        {"ports": ["5432:5432"]},
        {"ports": ["0.0.0.0:5432:5432"]},
        {"privileged": True},
        {"depends_on": {"clickhouse": {"condition": "service_started"}}},
    ):
        document = {"services": {"postgres": {**service, **spoiled}}, "volumes": {}}
        assert not validator.is_valid(document), f"accepted {spoiled}"
    without_health = {key: value for key, value in service.items() if key != "healthcheck"}
    assert not validator.is_valid({"services": {"postgres": without_health}, "volumes": {}})


def test_every_part_of_one_server_is_there() -> None:
    assert set(compose()["services"]) == {
        "postgres", "clickhouse", "airflow-init", "api-server", "scheduler", "dag-processor",
        "triggerer",
    }  # fmt: skip


def test_no_secret_is_written_in_the_file() -> None:
    literal = []
    for name, service in compose()["services"].items():
        for key, value in service["environment"].items():
            is_about_one = str(value).startswith("/") or key.endswith("_VERSION")
            if SENSITIVE.search(key) and not is_about_one:
                variables = VARIABLE.findall(str(value))
                if not variables or any(kind != "?" for _, kind, _ in variables):
                    literal.append(f"{name}.{key}={value}")
    assert not literal, (
        f"{literal}\nCure: take it from the environment, ${{NAME:?see .env.example}}"
    )


def test_the_example_explains_every_variable_and_no_other() -> None:
    used = {name for name, _, _ in VARIABLE.findall(COMPOSE.read_text(encoding="utf-8"))}
    assert used == example_names()


def test_the_example_holds_no_value_for_a_required_variable() -> None:
    required = {
        name for name, kind, _ in VARIABLE.findall(COMPOSE.read_text("utf-8")) if kind == "?"
    }
    assert required == set(filled_environment())


def test_the_connections_are_valid_json_once_filled_in() -> None:
    environment = compose()["services"]["scheduler"]["environment"]
    for name in ("AIRFLOW_CONN_CLICKHOUSE_DEFAULT", "AIRFLOW_CONN_THROUGHLINE_ALERTS"):
        filled = VARIABLE.sub(
            lambda m: m.group(3) if m.group(2) == "-" else "abc123", environment[name]
        )
        assert json.loads(filled)["conn_type"]


def test_the_image_holds_what_the_scheduler_needs_and_runs_without_root() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {line.split()[1].rstrip("/") for line in lines if line.startswith("COPY")}
    assert {"requirements.txt", "include", "plugins", "dags", "sql", "mappings"} <= copied
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in copied} <= set(kept)
    assert all((ROOT / name).exists() for name in copied)


def test_clickhouse_settings_are_well_formed_and_take_passwords_from_the_environment() -> None:
    for path in sorted(CLICKHOUSE.rglob("*.xml")):
        assert ElementTree.parse(path).getroot().tag == "clickhouse"  # noqa: S314 - our own file
    users = ElementTree.parse(CLICKHOUSE / "users.d" / "throughline.xml").getroot().find("users")  # noqa: S314
    assert users is not None
    passed = compose()["services"]["clickhouse"]["environment"]
    for login in ("throughline", "bi"):
        password = users.find(f"{login}/password")
        assert password is not None
        assert password.attrib["from_env"] in passed
        assert not (password.text or "").strip()
    assert users.find("default").attrib == {"remove": "remove"}  # type: ignore[union-attr]


def test_the_bi_login_reads_marts_and_nothing_else() -> None:
    root = ElementTree.parse(CLICKHOUSE / "users.d" / "throughline.xml").getroot()  # noqa: S314
    grants = [(query.text or "").strip() for query in root.findall("users/bi/grants/query")]
    assert grants == ["grant select on mart.*", "grant select on ops.mart_publication"]
    assert root.findtext("profiles/bi/readonly") == "1"


def test_compose_itself_accepts_the_file(tmp_path: Path) -> None:
    answer = check_with_compose(tmp_path, filled_environment())
    assert answer.returncode == 0, answer.stderr


def test_compose_names_the_secret_that_is_missing(tmp_path: Path) -> None:
    environment = filled_environment()
    del environment["IDENTITY_KEY"]
    answer = check_with_compose(tmp_path, environment)
    assert answer.returncode != 0
    assert "IDENTITY_KEY" in answer.stderr
    assert "see .env.example" in answer.stderr


@pytest.mark.engine
def test_initialising_twice_leaves_the_warehouse_with_every_table(
    own_target: ClickHouseTarget, tmp_path: Path
) -> None:
    passwords = tmp_path / "passwords.json"
    environment = {
        **os.environ,
        "THROUGHLINE_CLICKHOUSE_HOST": own_target.host,
        "THROUGHLINE_CLICKHOUSE_PORT": str(own_target.port),
        "THROUGHLINE_CLICKHOUSE_USER": own_target.user,
        "THROUGHLINE_CLICKHOUSE_PASSWORD": own_target.password,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW_ADMIN_PASSWORD": "letmein1",
    }
    script = (ROOT / "deploy" / "airflow" / "initialise.sh").read_text(encoding="utf-8")
    programs = re.findall(r"^python -c '\n(.*?)\n'$", script, re.M | re.S)
    assert len(programs) == 2
    for program in programs * 2:
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, timeout=200
        )
    assert json.loads(passwords.read_text()) == {"admin": "letmein1"}
    client = connect(own_target)
    count = "select count() from system.tables where database = 'mart' and engine != 'View'"
    assert client.query(count).result_rows[0][0] == len(list((ROOT / "sql/mart").glob("*.yaml")))
    client.close()
