"""Grouping is a function of the set of judgements: of no order, and the same in parts as all at once."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.records import EntityKind
from flows.resolve.clusters import Edge, Node, groups
from flows.resolve.identity import entity_key
from flows.resolve.names import blocks, compare, excludes, skeleton
from flows.resolve.senses import Sighting, senses

NAMES = [
    entity_key(EntityKind.PERSON, f"{given} {family}")
    for given in ("محمد", "محمد علي", "علي", "سامي", "Sami")
    for family in ("البوغديري", "الطبوبي", "الطيوبي", "Taboubi")
]
nodes = st.builds(Node, st.just("PERSON"), st.sampled_from(NAMES), st.sampled_from(["", "", "", "aa", "bb"]))


@st.composite
def edges(draw: st.DrawFn) -> Edge:
    left, right = sorted(draw(st.lists(nodes, min_size=2, max_size=2, unique=True)))
    automatic = draw(st.booleans())
    return Edge(
        left,
        right,
        draw(st.sampled_from(["same", "same", "unsure"] if automatic else ["same", "different"])),
        draw(st.sampled_from([0.8, 0.9, 1.0])) if automatic else 1.0,
        automatic,
        0 if automatic else draw(st.integers(1, 1000)),
        draw(st.integers(0, 3)) if automatic else 0,
        draw(st.sampled_from(["spelling", "beginning", "middle", "script"])) if automatic else "",
    )


def _key(edge: Edge) -> tuple[object, ...]:
    return (edge.left, edge.right, edge.rule, edge.automatic)


# as in the database: a rule judges a pair once, people's judgements are numbered
judgements = st.lists(edges(), max_size=25, unique_by=_key).filter(
    lambda found: len({e.rank for e in found if not e.automatic}) == sum(not e.automatic for e in found)
)


@settings(deadline=None)  # the lists are loaded at the first call
@given(judgements, st.randoms(use_true_random=False))
def test_the_order_of_judgements_does_not_matter(found: list[Edge], rng: random.Random) -> None:
    expected = groups([], found, excludes)
    shuffled = rng.sample(found, len(found))
    mirrored = [e._replace(left=e.right, right=e.left) if rng.random() < 0.3 else e for e in shuffled]
    assert groups([], shuffled, excludes) == expected
    assert {frozenset(g) for g in groups([], mirrored, excludes)} == {frozenset(g) for g in expected}


def parts(found: list[Edge]) -> list[set[Node]]:
    """What edges that join connect, as the database collects it around a changed name."""
    out: list[set[Node]] = []
    for edge in found:
        for end in (edge.left, edge.right):
            if not any(end in part for part in out):
                out.append({end})
        if edge.verdict == "same":
            left, right = (next(p for p in out if end in p) for end in (edge.left, edge.right))
            if left is not right:
                left |= right
                out.remove(right)
    return out


@settings(deadline=None)  # the lists are loaded at the first call
@given(judgements)
def test_connected_parts_do_not_influence_each_other(found: list[Edge]) -> None:
    """So a step may group the part around a change only."""
    everybody = {end for e in found for end in (e.left, e.right)}
    whole = {frozenset(group) for group in groups(everybody, found, excludes)}
    apart = set()
    for part in parts(found):
        inside = [e for e in found if e.left in part and e.right in part]
        apart |= {frozenset(group) for group in groups(part, inside, excludes)}
    assert apart == whole


@settings(deadline=None)  # the lists are loaded at the first call
@given(judgements)
def test_newest_word_of_a_person_holds(found: list[Edge]) -> None:
    people = [e for e in found if not e.automatic]
    home = {node: n for n, group in enumerate(groups([], found, excludes)) for node in group}
    if people:
        newest = max(people, key=lambda e: e.rank)
        assert (home[newest.left] == home[newest.right]) == (newest.verdict == "same")


@settings(deadline=None)  # the lists are loaded at the first call
@given(st.lists(edges(), max_size=25, unique_by=_key))
def test_rules_never_join_two_full_names_that_exclude_each_other(found: list[Edge]) -> None:
    rules = [e for e in found if e.automatic]
    for group in groups([], rules, excludes):
        for a in group:
            for b in group:
                assert not excludes("PERSON", a.key, b.key) or any(
                    len(fuller.key.split()) > max(len(a.key.split()), len(b.key.split()))
                    and not excludes("PERSON", fuller.key, a.key)
                    and not excludes("PERSON", fuller.key, b.key)
                    for fuller in group
                ), "unless a fuller name holds both"


@settings(deadline=None)  # the lists are loaded at the first call
@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_comparing_is_symmetric(a: str, b: str) -> None:
    assert compare("PERSON", a, b) == compare("PERSON", b, a)
    assert excludes("PERSON", a, b) == excludes("PERSON", b, a)


@settings(deadline=None)  # the lists are loaded at the first call
@given(st.text(max_size=30))
def test_any_text_has_blocks_and_a_skeleton(text: str) -> None:
    for kind in EntityKind:
        key = entity_key(kind, text)
        assert len(set(blocks(kind, key))) == len(blocks(kind, key))
        assert all(block.startswith(kind[0]) for block in blocks(kind, key))
    skeleton(text)


TRAITS = ["field:state", "field:sport", "country:FR", "country:TN"]
sightings = st.lists(
    st.builds(
        Sighting,
        st.text("0123456789abcdef", min_size=4, max_size=4),
        st.frozensets(st.sampled_from(TRAITS), max_size=2),
        st.frozensets(st.sampled_from("abcdef"), max_size=2),
    ),
    max_size=12,
    unique_by=lambda s: s.article,
)


@settings(deadline=None)  # the lists are loaded at the first call
@given(sightings, st.randoms(use_true_random=False))
def test_whom_a_name_means_does_not_depend_on_the_order(found: list[Sighting], rng: random.Random) -> None:
    expected = senses(found)
    assert senses(rng.sample(found, len(found))) == expected
    assert set(expected) == {s.article for s in found}
    assert not expected or "" in expected.values()
    for one in found:
        for other in found:
            if one.beside & other.beside:
                assert expected[one.article] == expected[other.article], "a shared context never splits"
