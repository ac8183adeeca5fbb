"""The public clients of `make conformance` that need not wait, in their own environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = PROJECT / ".venv-conformance"
STAMP = ENVIRONMENT / "throughline-lock"
"""Written last when the environment is made."""


def test_public_clients_that_need_not_wait_agree_with_the_stand_ins():
    if not STAMP.is_file():
        pytest.skip("`make clients` makes the environment of the public clients")
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "pytest", "-q", "-m", "not waits"]
    folder = ["--confcutdir", "tests/conformance", "tests/conformance"]
    done = subprocess.run(
        [*command, *folder], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
