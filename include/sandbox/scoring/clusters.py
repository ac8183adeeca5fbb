"""Measures of a clustering against the true one, over records named by any text.

A record is in one predicted cluster and has one true owner, or ``NOBODY``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass

NOBODY = 0
"""Owner of spam, tests and wrong numbers: no two such records are known to be of one person."""
Clusters = Mapping[str, Hashable]
Owners = Mapping[str, int]


@dataclass(frozen=True)
class Measure:
    """Precision and recall, each 1.0 where there was nothing to find."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def measure_pairs(clusters: Clusters, owners: Owners) -> Measure:
    """Over all pairs of records with a known owner.

    A pair of somebody and nobody in one cluster is false; a pair of two nobodies is left out.
    """
    together: Counter[Hashable] = Counter()
    nobodies: Counter[Hashable] = Counter()
    alike: Counter[tuple[Hashable, int]] = Counter()
    of_owner: Counter[int] = Counter()
    for record, owner in owners.items():
        cluster = clusters[record]
        together[cluster] += 1
        if owner == NOBODY:
            nobodies[cluster] += 1
        else:
            alike[cluster, owner] += 1
            of_owner[owner] += 1
    said = sum(map(_pairs, together.values())) - sum(map(_pairs, nobodies.values()))
    right = sum(map(_pairs, alike.values()))
    true = sum(map(_pairs, of_owner.values()))
    return Measure(right / said if said else 1.0, right / true if true else 1.0)


def find_largest_false_cluster(clusters: Clusters, owners: Owners) -> int:
    """The most different owners that one cluster holds; 1 where no cluster is false."""
    held: defaultdict[Hashable, set[int]] = defaultdict(set)
    for record, owner in owners.items():
        if owner != NOBODY:
            held[clusters[record]].add(owner)
    return max(map(len, held.values()), default=0)


def measure_links(clusters: Clusters, owners: Owners, wanted: Collection[str]) -> Measure:
    """How many of ``wanted`` records are in the cluster of the one they belong to.

    The cluster of a person is where most of their records are, and a cluster is of the one with
    most records in it; a person whose cluster is somebody else's has none. Records of nobody count
    against precision where they are in somebody's cluster.
    """
    alike: Counter[tuple[Hashable, int]] = Counter(
        (clusters[record], owner) for record, owner in owners.items() if owner != NOBODY
    )
    owner_of: dict[Hashable, int] = {}
    home_of: dict[int, Hashable] = {}
    for (cluster, owner), _ in sorted(alike.items(), key=lambda found: (-found[1], str(found[0]))):
        owner_of.setdefault(cluster, owner)
        home_of.setdefault(owner, cluster)
    linked = [record for record in wanted if clusters[record] in owner_of]
    owned = [record for record in wanted if owners[record] != NOBODY]
    right = sum(
        owner_of.get(clusters[record]) == owners[record]
        and home_of[owners[record]] == clusters[record]
        for record in owned
    )
    return Measure(right / len(linked) if linked else 1.0, right / len(owned) if owned else 1.0)


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
