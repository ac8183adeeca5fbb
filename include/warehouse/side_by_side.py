"""Steps that wait for each other's results, as many at once as there are hands to do them.

Most of a small statement's time is the engine's planning, on one core; what does not read each
other is made beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from queue import SimpleQueue
from typing import TypeVar

Hand = TypeVar("Hand")


def run_side_by_side(
    graph: Mapping[str, AbstractSet[str]],
    hands: Sequence[Hand],
    run: Callable[[Hand, str, frozenset[str]], None],
) -> None:
    """Call ``run(hand, step, done)`` once for each step of ``graph`` (step → steps before it).

    A hand does one step at a time; ``done`` are the steps finished when this one begins, all it
    waited for among them. Of several, the one with the longest chain of others behind it comes
    first. The first error is raised when the steps already begun are over, and nothing is begun
    after it.
    """
    free: SimpleQueue[Hand] = SimpleQueue()
    for hand in hands:
        free.put(hand)
    done: set[str] = set()

    def take(step: str, before: frozenset[str]) -> None:
        hand = free.get()
        try:
            run(hand, step, before)
        finally:
            free.put(hand)

    chains = _measure_chains(graph)
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    running: dict[Future[None], str] = {}
    waiting: list[str] = []
    with ThreadPoolExecutor(len(hands)) as pool:
        while sorter.is_active():
            waiting = sorted([*waiting, *sorter.get_ready()], key=lambda one: (-chains[one], one))
            while waiting and len(running) < len(hands):
                step = waiting.pop(0)
                running[pool.submit(take, step, frozenset(done))] = step
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                step = running.pop(future)
                future.result()
                done.add(step)
                sorter.done(step)


def _measure_chains(graph: Mapping[str, AbstractSet[str]]) -> dict[str, int]:
    """How many steps follow each other from a step to the last that waits for it."""
    chains = dict.fromkeys(graph, 1)
    for step in reversed(list(TopologicalSorter(graph).static_order())):
        for before in graph[step]:
            chains[before] = max(chains[before], chains[step] + 1)
    return chains
