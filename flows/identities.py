"""The rules of flows.resolve in the hands of db, which may not import them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from db.entities import rebuild_entities
from db.entities import refresh_entities as refresh_with_rules
from db.identity import Rules
from flows.records import EntityKind
from flows.resolve import clusters, names, senses
from flows.resolve.identity import entity_key

__all__ = ["RULES", "rebuild_identities", "refresh_entities"]

_LATIN = re.compile("[A-Za-z]")
_ARABIC = re.compile("[\u0621-\u064a]")


def _compare(kind: str, left: str, right: str) -> tuple[str, float, str, int] | None:
    found = names.compare(kind, left, right)
    return None if found is None else (found.rule, found.score, found.needs.value, found.beside)


def _link(kind: str, key: str, surface: str) -> str:
    """The key of another form: of people a name of two words and more, of bodies the other script."""
    if kind == "ORGANIZATION" and bool(_ARABIC.search(surface)) == bool(_ARABIC.search(key)):
        return ""
    other = entity_key(EntityKind(kind), surface)
    if other == key or (kind == "PERSON" and " " not in other) or not other.strip():
        return ""
    return other


def _groups(
    nodes: Iterable[tuple[str, str, str]], edges: Iterable[tuple[Any, ...]]
) -> list[list[tuple[str, str, str]]]:
    made = clusters.groups(
        [clusters.Node(*node) for node in nodes],
        [clusters.Edge(clusters.Node(*e[0]), clusters.Node(*e[1]), *e[2:]) for e in edges],
        names.excludes,
    )
    return [[tuple(node) for node in group] for group in made]  # type: ignore[misc]


def _senses(sightings: Sequence[tuple[str, frozenset[str], frozenset[str]]]) -> dict[str, str]:
    return senses.senses([senses.Sighting(*sighting) for sighting in sightings])


RULES = Rules(
    blocks=names.blocks,
    compare=_compare,
    generic=names.generic,
    link=_link,
    groups=_groups,
    senses=_senses,
    office=senses.office_key,
    traits=senses.office_traits,
    contradict=senses.contradict,
)


def refresh_entities(connection: Connection) -> dict[str, int]:
    """Bring entities, identities and tenures up to date (db.entities.refresh_entities)."""
    return refresh_with_rules(connection, RULES)


def rebuild_identities(connection: Connection) -> dict[str, int]:
    """Derive them anew (db.entities.rebuild_entities)."""
    return rebuild_entities(connection, RULES)
