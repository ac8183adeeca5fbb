"""Setup: a half-built environment is told from a finished one, and an old Python is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from include.supervisor import virtual_environment as setup


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("", "utf-8")
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, project: Path) -> list[list[str]]:
    """What would be run; making the environment makes its folder."""
    seen: list[list[str]] = []

    def run(command: list[str], log: object, cure: str) -> None:
        seen.append([str(part) for part in command])
        (project / ".venv" / "bin").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(setup, "_run", run)
    monkeypatch.setattr(setup, "_compile", lambda environment, log: None)
    return seen


def _say_nothing(_: str) -> None:
    return


def test_a_finished_environment_is_left_alone(project: Path, commands: list[list[str]]) -> None:
    assert setup.make_environment(project, _say_nothing) is True
    del commands[:]
    assert setup.make_environment(project, _say_nothing) is False
    assert commands == []


def test_a_half_built_environment_is_made_anew(project: Path, commands: list[list[str]]) -> None:
    remains = project / ".venv" / "lib" / "half"
    remains.mkdir(parents=True)
    told: list[str] = []
    setup.make_environment(project, told.append)
    assert not remains.exists()
    assert "half-built" in told[0]
    assert [command[1:3] for command in commands] == [["-m", "venv"], ["-m", "pip"]]


def test_a_changed_lock_is_installed_into_the_environment_there_is(
    project: Path, commands: list[list[str]]
) -> None:
    setup.make_environment(project, _say_nothing)
    del commands[:]
    (project / "requirements.txt").write_text("# changed\n", "utf-8")
    assert setup.make_environment(project, _say_nothing) is True
    assert [command[1:3] for command in commands] == [["-m", "pip"]]


def test_the_lock_is_shared_out_among_pips_whole_and_without_repetition(
    project: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup.os, "cpu_count", lambda: 2)
    lines = ["one==1", "two==2 ; sys_platform == 'win32'", "three==3"]
    (project / "requirements.txt").write_text("\n    # via x\n".join(lines) + "\n", "utf-8")
    setup.make_environment(project, _say_nothing)
    shares = [Path(command[-1]).read_text("utf-8") for command in commands if "pip" in command]
    assert len(shares) == 2
    assert sorted("".join(shares).splitlines()) == sorted(lines)


def test_an_installation_that_fails_leaves_no_stamp(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], log: object, cure: str) -> None:
        (project / ".venv").mkdir(exist_ok=True)
        if "pip" in command:
            raise setup.SetupFailed("no index")

    monkeypatch.setattr(setup, "_run", run)
    with pytest.raises(setup.SetupFailed):
        setup.make_environment(project, _say_nothing)
    wanted = setup.fingerprint(project / "requirements.txt", sys.version_info)
    assert not setup.is_complete(project / ".venv", wanted)


def test_an_old_python_is_refused_with_how_to_name_another() -> None:
    with pytest.raises(setup.SetupFailed, match=r"3\.11 or newer.*make setup PYTHON="):
        setup.require_python((3, 9, 2))


def test_a_command_that_fails_shows_its_last_words(tmp_path: Path) -> None:
    with (tmp_path / "setup.log").open("w", encoding="utf-8") as log:
        command = [sys.executable, "-c", "import sys; sys.exit('no room on the disk')"]
        with pytest.raises(setup.SetupFailed, match=r"(?s)clear some.*no room on the disk"):
            setup._run(command, log, "clear some")


def test_what_was_installed_is_compiled_but_for_what_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    library = tmp_path / "lib"
    library.mkdir()
    (library / "sound.py").write_text("x = 1\n", "utf-8")
    (library / "broken.py").write_text("print 'of another age'\n", "utf-8")
    with (tmp_path / "setup.log").open("w", encoding="utf-8") as log:
        setup._compile(tmp_path, log)
    assert [found.name.split(".")[0] for found in library.rglob("*.pyc")] == ["sound"]


def test_another_environment_is_made_from_another_lock(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "public.txt").write_text("pinned==1", "utf-8")
    seen: list[str] = []

    def run(command: list[str], log: object, cure: str) -> None:
        seen.extend(str(part) for part in command)
        (project / ".venv-public" / "bin").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(setup, "_run", run)
    monkeypatch.setattr(setup, "_compile", lambda environment, log: None)
    setup.make_environment(project, _say_nothing, ".venv-public", "public.txt")
    share = Path(seen[-1])
    assert share.read_text("utf-8") == "pinned==1\n"
    assert setup.is_complete(
        project / ".venv-public", setup.fingerprint(project / "public.txt", sys.version_info)
    )
    assert not (project / ".venv").exists()
