"""Articles made of a sentence or two, for tests of names and offices."""

from __future__ import annotations

import hashlib

from flows.extract.clitics import written
from flows.extract.engines import NameEngine
from flows.extract.linking import link_entities
from flows.extract.names import find_names
from flows.extract.offices import find_offices
from flows.read.document import read_document
from flows.records import Article, Entity, Metadata, RawFile, Rejection


def article(text: str) -> Article:
    """The article that a file of this text becomes; one line is one paragraph."""
    data = text.encode()
    document = read_document(RawFile("test", "test", data, hashlib.sha256(data).hexdigest(), Metadata()))
    assert not isinstance(document, Rejection), document
    return document[1]


def names(text: str, engine: NameEngine | None = None) -> set[tuple[str, str]]:
    """(kind, name without clitics) of every mention."""
    made = article(text)
    return {(m.kind.value, written(made, m)) for m in find_names(made, engine)}


def entities(text: str) -> tuple[Article, tuple[Entity, ...]]:
    made = article(text)
    return made, link_entities(made, find_names(made))


def aliases(text: str) -> dict[str, set[str]]:
    """Entity name -> all its written forms."""
    made, found = entities(text)
    return {e.name: {written(made, m) for m in e.mentions} for e in found}


def offices(text: str) -> list[tuple[str, str, str | None, str]]:
    """(person, title, organization, tenure), by position."""
    made, found = entities(text)
    return [
        (
            found[o.person].name,
            o.title,
            None if o.organization is None else found[o.organization].name,
            o.tenure,
        )
        for o in find_offices(made, found)
    ]
