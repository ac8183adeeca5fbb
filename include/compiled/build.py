"""Compiles the loops: ``python -m include.compiled.build loops.o`` writes their object code."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import llvmlite.binding as llvm
import numba

from include.compiled import row_hash, tsv_cells
from include.compiled.loader import LOOPS

SOURCES = {
    "read_cells": (tsv_cells.read_cells, tsv_cells.ARGUMENTS),
    "count_lines": (tsv_cells.count_lines, tsv_cells.COUNT_ARGUMENTS),
    "gather_texts": (tsv_cells.gather_texts, tsv_cells.GATHER_ARGUMENTS),
    "absorb": (row_hash.absorb, row_hash.ABSORB_ARGUMENTS),
    "settle": (row_hash.settle, row_hash.SETTLE_ARGUMENTS),
}


def compile_loops() -> bytes:
    """Object code for this very processor, with one function ``throughline_<name>`` a loop."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="default",
    )
    whole = llvm.parse_assembly("")
    for name in LOOPS:
        function, arguments = SOURCES[name]
        compiled = numba.cfunc(arguments, nopython=True, error_model="numpy")(function)
        text = compiled.inspect_llvm()
        mangled = re.search(r'define [^@]*@"?(cfunc\.[^"(]+)', text)
        assert mangled is not None
        module = llvm.parse_assembly(text)
        module.get_function(mangled.group(1)).name = f"throughline_{name}"
        module.name = name
        whole.link_in(module)
    whole.verify()
    return bytes(machine.emit_object(whole))


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(compile_loops())
