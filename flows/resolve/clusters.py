"""From judgements to groups: which names stand for one thing.

The result is a function of the *set* of nodes and edges: neither the order in which edges came nor what was
grouped before has a say.  Edges are taken in an order of their own - people's judgements first, the newest of
them first, then the rules' by score, support and finally by the nodes themselves - and an edge that would
bring together what must stay apart is passed over.

Groups that no edge connects do not influence each other.  So it is enough to group anew the connected part
that holds a changed edge, and doing that for every change in any order ends where grouping everything at once
does (tests/property/test_identity_properties.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

__all__ = ["Edge", "Node", "groups"]


class Node(NamedTuple):
    """A name, or (``article``: SHA-256 of a file, hex) that name in one article."""

    kind: str
    key: str
    article: str = ""


class Edge(NamedTuple):
    left: Node
    right: Node
    verdict: str  # same | different | unsure
    score: float
    automatic: bool
    rank: int = 0  # of people's judgements: the greater, the newer
    support: int = 0  # articles that use both names for one thing
    rule: str = ""


# What a rule's edge says of a short form holds only if the short form has one full form.
SHORT_FORMS = frozenset({"beginning", "middle", "head", "script"})
_DOMINANT = 2  # times as many articles as the next full form


def groups(
    nodes: Iterable[Node], edges: Iterable[Edge], excludes: Callable[[str, str, str], bool]
) -> list[list[Node]]:
    """Partition the nodes; groups and their members are sorted.

    excludes(kind, key, key): whether two names cannot stand for one thing as far as rules may decide.  People
    may join even those.
    """
    members: dict[Node, set[Node]] = {node: {node} for node in nodes}
    home: dict[Node, Node] = {node: node for node in members}
    apart: dict[Node, set[Node]] = defaultdict(set)
    listed = [edge for edge in edges if edge.verdict != "unsure"]
    for edge in listed:
        for end in (edge.left, edge.right):
            if end not in home:
                home[end] = end
                members[end] = {end}

    def forbidden(a: Node, b: Node) -> bool:
        return any(home[other] == b for member in members[a] for other in apart.get(member, ()))

    def unite(a: Node, b: Node) -> None:
        if len(members[a]) < len(members[b]):
            a, b = b, a
        for node in members[b]:
            home[node] = a
        members[a] |= members.pop(b)

    for edge in sorted((e for e in listed if not e.automatic), key=_newest_first):
        a, b = home[edge.left], home[edge.right]
        if edge.verdict == "different":
            if a != b:
                apart[edge.left].add(edge.right)
                apart[edge.right].add(edge.left)
        elif a != b and not forbidden(a, b):
            unite(a, b)
    # What people joined is one thing to the rules, with whatever names: another name fits if it fits one.
    judged = {node: frozenset(members[group]) for node, group in home.items()}

    def excluded(a: Node, b: Node) -> bool:
        first, second = ({judged[node] for node in members[group]} for group in (a, b))
        everybody = members[a] | members[b]
        return any(
            all(apart_by_name(x, y, everybody) for x in one for y in other)
            for one in first
            for other in second
        )

    def apart_by_name(x: Node, y: Node, everybody: set[Node]) -> bool:
        """Whether the names exclude each other, and no fuller one among those at hand holds both."""
        if x.key == y.key or not excludes(x.kind, x.key, y.key):
            return False
        longest = max(_words(x), _words(y))
        return not any(
            _words(z) > longest and not excludes(z.kind, z.key, x.key) and not excludes(z.kind, z.key, y.key)
            for z in everybody
        )

    rules = [e for e in listed if e.automatic and e.verdict == "same"]
    vague = _vague(rules, excludes)
    for edge in sorted(rules, key=_surest_first):
        if (edge.left, edge.right, edge.rule) in vague:
            continue
        a, b = home[edge.left], home[edge.right]
        if a != b and not forbidden(a, b) and not excluded(a, b):
            unite(a, b)
    return sorted(sorted(group) for group in members.values())


def _words(node: Node) -> int:
    return node.key.count(" ") + 1


def _fullness(node: Node) -> tuple[int, bool, Node]:
    """Fewer words before more, Latin before Arabic."""
    return _words(node), not node.key.isascii(), node


def _newest_first(edge: Edge) -> tuple[int, Node, Node]:
    return -edge.rank, edge.left, edge.right


def _surest_first(edge: Edge) -> tuple[float, int, Node, Node, str]:
    return -edge.score, -edge.support, edge.left, edge.right, edge.rule


def _vague(edges: Sequence[Edge], excludes: Callable[[str, str, str], bool]) -> set[tuple[Node, Node, str]]:
    """Edges from a short form to full forms of several things: محمد علي to two people called so and more.

    Of bodies the full form that most articles tie it to keeps its edge if they are twice as many.
    """
    full: dict[Node, dict[Node, list[Edge]]] = defaultdict(lambda: defaultdict(list))
    for edge in edges:
        if edge.rule in SHORT_FORMS:
            short, long = sorted((edge.left, edge.right), key=_fullness)
            full[short][long].append(edge)
    vague: set[tuple[Node, Node, str]] = set()
    for short, forms in full.items():
        names = sorted(forms)
        if not any(excludes(short.kind, x.key, y.key) for i, x in enumerate(names) for y in names[i + 1 :]):
            continue
        ranked = sorted(names, key=lambda n: (-max(e.support for e in forms[n]), n))
        first, second = (max(e.support for e in forms[n]) for n in ranked[:2])
        keep = ranked[0] if short.kind != "PERSON" and first >= _DOMINANT * max(second, 1) else None
        vague |= {(e.left, e.right, e.rule) for n in names if n != keep for e in forms[n]}
    return vague
