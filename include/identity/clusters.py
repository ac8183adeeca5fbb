"""Clusters of scored pairs, with a guard: two clusters join only if their records agree on average.

Plain connected components let one wrong link merge two large groups.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Sequence

Link = tuple[int, int, float]
"""Two records and the weight of the pair in bits."""
Proof = tuple[int, str]
"""A column and a number in it that proves itself."""
UNSEEN = -4.0
"""Weight of two records that share no key at all."""
_LOWEST, _HIGHEST = -6.0, 20.0
"""What one pair may say about two clusters: one poor record does not keep a person apart."""
SLACK = 1.5
"""Bits by which two clusters may agree less than two records must: errors add up in a cluster."""


def cluster(
    count: int,
    links: Sequence[Link],
    threshold: float,
    apart: Sequence[Collection[Proof]] = (),
    largest: int = 1000,
) -> list[int]:
    """The first record of each record's cluster, for records 0..count-1.

    ``links`` hold the pairs below ``threshold`` too. ``apart`` is what proves each record: two
    proofs of one column never meet. No cluster grows beyond ``largest``.
    """
    weight: dict[int, dict[int, float]] = defaultdict(dict)
    for left, right, bits in links:
        weight[left][right] = weight[right][left] = max(_LOWEST, min(_HIGHEST, bits))
    size = dict.fromkeys(weight, 1)
    proven: dict[int, set[Proof]] = {node: set(apart[node]) if apart else set() for node in weight}
    members = {node: [node] for node in weight}
    queue = [(-bits, left, right, 1, 1) for left, right, bits in links if bits > threshold]
    heapq.heapify(queue)
    while queue:
        _, left, right, left_size, right_size = heapq.heappop(queue)
        if size.get(left) != left_size or size.get(right) != right_size:
            continue
        together = proven[left] | proven[right]
        is_doubted = len({column for column, _ in together}) < len(together)
        if is_doubted or left_size + right_size > largest:
            continue
        if len(weight[left]) < len(weight[right]):
            left, right = right, left
        _absorb(weight, size, left, right)
        members[left] += members.pop(right)
        proven[left] = together
        for other in weight[left]:
            mean = _mean(weight, size, left, other)
            if mean > threshold - SLACK:
                first, last = sorted((left, other))
                heapq.heappush(queue, (-mean, first, last, size[first], size[last]))
    answer = list(range(count))
    for group in members.values():
        for node in group:
            answer[node] = min(group)
    return answer


def _absorb(
    weight: dict[int, dict[int, float]], size: dict[int, int], left: int, right: int
) -> None:
    """``weight`` between clusters is the sum over pairs, unseen ones included."""
    gone = weight.pop(right)
    weight[left].pop(right)
    gone.pop(left)
    for other in weight[left].keys() | gone.keys():
        near = weight[left].get(other, UNSEEN * size[left] * size[other])
        far = gone.get(other, UNSEEN * size[right] * size[other])
        weight[left][other] = weight[other][left] = near + far
        weight[other].pop(right, None)
    size[left] += size.pop(right)


def _mean(weight: dict[int, dict[int, float]], size: dict[int, int], one: int, two: int) -> float:
    return weight[one][two] / (size[one] * size[two])
