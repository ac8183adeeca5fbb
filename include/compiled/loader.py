"""Finds, or makes once a machine, the machine code of the compiled loops.

numba takes seconds to be imported and to compile, so that happens in a process of its own whose
result is kept as object code; every other process loads that in a few hundredths of a second
through llvmlite alone. Object code is named after all it depends on: the sources, the processor,
and the versions of the compiler.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)
_HERE = Path(__file__).parent
_COMPILE_SECONDS = 180
_WORD, _SIGNED, _PLACE = ctypes.c_uint64, ctypes.c_int64, ctypes.c_void_p

LOOPS: Mapping[str, tuple[Any, ...]] = {
    "read_cells": (_SIGNED, _WORD, _WORD, _PLACE, _WORD, _WORD, _WORD),
    "count_lines": (_WORD, _WORD, _WORD),
    "gather_texts": (None, _WORD, _PLACE, _WORD, _PLACE, _PLACE),
    "absorb": (None, _PLACE, _PLACE, _WORD, _PLACE, _PLACE, _WORD),
    "settle": (None, _PLACE, _PLACE, _WORD, _PLACE),
}
"""Each loop's result and arguments; the sources say what they mean."""

_lock = threading.Lock()


def load(name: str, is_worth_waiting: bool) -> Callable[..., Any] | None:
    """A loop by name, or None where it cannot be had; a loop called frees the interpreter lock.

    The first call that ``is_worth_waiting`` takes a fifth of a second, and ten on a new machine;
    until there was one in this process all others get None.
    """
    with _lock:
        if not is_worth_waiting and not _load_all.cache_info().currsize:
            return None
        return _load_all().get(name)


@cache
def _load_all() -> dict[str, Callable[..., Any]]:
    if sys.byteorder != "little":
        return {}
    try:
        return _link(_find_code())
    except Exception as error:  # whatever ails the compiler, there is a slower way to go
        _LOG.warning("compiled loops cannot be had here, going the slower way: %r", error)
        return {}


def _find_code() -> bytes:
    leaf = f"throughline-loops-{_fingerprint()}.o"
    for folder in _folders():
        try:
            digest, code = _cut((folder / leaf).read_bytes())
        except OSError:
            continue
        if hashlib.sha256(code).digest() == digest:  # LLVM ends the process over a broken file
            return code
    code = _compile()
    for folder in _folders():
        if _keep(folder, leaf, hashlib.sha256(code).digest() + code):
            break
    return code


def _cut(kept: bytes) -> tuple[bytes, bytes]:
    return kept[:32], kept[32:]


def _compile() -> bytes:
    with tempfile.TemporaryDirectory(prefix="throughline-loops-") as folder:
        target = Path(folder) / "loops.o"
        subprocess.run(
            [sys.executable, "-m", "include.compiled.build", str(target)],
            cwd=_HERE.parents[1],
            check=True,
            timeout=_COMPILE_SECONDS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        return target.read_bytes()


def _keep(folder: Path, leaf: str, code: bytes) -> bool:
    """Write under the final name in one step; a folder that cannot be written is no trouble."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as stream:
            stream.write(code)
        Path(stream.name).replace(folder / leaf)
    except OSError:
        return False
    return True


def _folders() -> Iterator[Path]:
    """Beside the sources, else, where those are read-only, the user's own cache.

    Never a folder others may write to: what lies there is run.
    """
    yield _HERE / "__pycache__"
    yield Path(os.path.expanduser("~")) / ".cache" / "throughline"  # noqa: PTH111 - never raises


def _fingerprint() -> str:
    import llvmlite.binding as llvm

    digest = hashlib.sha256()
    for file in sorted(_HERE.glob("*.py")):
        digest.update(file.read_bytes())
    facts = (
        version("numba"),
        version("llvmlite"),
        llvm.get_process_triple(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    )
    digest.update("\n".join(facts).encode())
    return digest.hexdigest()[:24]


def _link(code: bytes) -> dict[str, Callable[..., Any]]:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _KEPT.append(engine)
    return {
        name: ctypes.CFUNCTYPE(*kinds)(engine.get_function_address(f"throughline_{name}"))
        for name, kinds in LOOPS.items()
    }


_KEPT: list[Any] = []
"""Engines own the code of their functions."""
