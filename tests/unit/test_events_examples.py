"""What the rules say about single sentences, before any trained weight is asked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.clean import segment
from flows.clean.normalize import clean
from flows.extract import events
from flows.extract.events.lexicon import Entry, lexicon
from flows.records import Article, Block, BlockKind, DateValue, Entity, EntityKind, Mention, Metadata

EXAMPLES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "events_examples.yaml").read_text(encoding="utf-8")
)
KINDS = {
    "persons": EntityKind.PERSON,
    "bodies": EntityKind.ORGANIZATION,
    "places": EntityKind.LOCATION,
    "happenings": EntityKind.NAMED_EVENT,
}


def article_of(text: str) -> Article:
    cleaned = clean(text)
    blocks = (Block(BlockKind.PARAGRAPH, (0, len(cleaned.text))),)
    tokens = segment.tokenize(cleaned.text)
    return Article(
        id="example",
        text=cleaned,
        blocks=blocks,
        tokens=tokens,
        sentences=segment.sentences(cleaned.text, tokens, blocks),
        published=DateValue(),
        language="ar",
        arabic_share=1.0,
        source=None,
        metadata=Metadata(),
    )


def entities_of(text: str, example: dict[str, Any]) -> tuple[Entity, ...]:
    out = []
    for key, kind in KINDS.items():
        for name in example.get(key, ()):
            start = text.index(name)
            out.append(Entity(name, kind, (Mention((start, start + len(name)), kind, 1.0, "test"),)))
    return tuple(out)


def mentions(example: dict[str, Any]) -> tuple[events.View, list[Any]]:
    text = example["text"]
    view = events.view_of(article_of(text), entities_of(text, example), (), ())
    strict = [
        (c, 1.0 if c.required >= 0 else 0.9) for c, _ in events.candidates_of(view) if not c.entry.loose
    ]
    return view, events.mentions_of(view, strict)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if "type" in e], ids=lambda e: e["text"][:30])
def test_example(example: dict[str, Any]) -> None:
    view, found = mentions(example)
    text = view.article.text.text
    hits = [
        m
        for m in found
        if m.candidate.entry.type.value == example["type"]
        and text[slice(*view.article.tokens[m.candidate.token][:2])] == example["trigger"]
    ]
    assert hits, [(m.candidate.entry.key, view.words[m.candidate.token]) for m in found]
    hit = hits[0]
    assert hit.status.value == example["status"]

    def named(items: list[tuple[int, int]]) -> set[str]:
        return {view.entities[e].name for e, _ in items if e >= 0}

    unnamed = {
        view.article.text.text[slice(*view.article.tokens[t][:2])] for e, t in hit.roles.actors if e < 0
    }
    assert named(hit.roles.actors) | (unnamed & set(example["actors"])) == set(example["actors"])
    assert set(example["recipients"]) <= named(hit.roles.recipients)


ENTRIES = [e for e in lexicon().entries if e.example]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.number}-{e.key}")
def test_example_of_the_lexicon(entry: Entry) -> None:
    assert entry.example
    before, trigger, after = re.split("[<>]", entry.example)
    article = article_of(before + trigger + after)
    found = list(events.candidates_of(events.view_of(article, (), (), ())))
    here = [
        c.entry.number
        for c, _ in found
        if article.tokens[c.token].start <= len(before) < article.tokens[c.token].end
    ]
    assert entry.number in here, [c.entry.key for c, _ in found]


@pytest.mark.parametrize("example", [e for e in EXAMPLES if "sense" in e], ids=lambda e: e["text"][:30])
def test_sense(example: dict[str, Any]) -> None:
    article = article_of(example["text"])
    entries = [
        c.entry
        for c, _ in events.candidates_of(events.view_of(article, (), (), ()))
        if article.text.text[slice(*article.tokens[c.token][:2])] == example["word"]
    ]
    assert example["sense"] is None or example["sense"] in {e.type.value for e in entries}
    assert not {e.type.value for e in entries if not e.loose} & set(example["other"])


def test_the_lexicon_has_examples() -> None:
    with_example = [e for e in lexicon().entries if e.example]
    assert len(with_example) >= 150
    assert len({e.type for e in with_example}) >= 21


@pytest.mark.parametrize("example", [e for e in EXAMPLES if "none" in e], ids=lambda e: e["text"][:30])
def test_generic_talk_is_no_event(example: dict[str, Any]) -> None:
    text = example["text"]
    found = events.find_events(article_of(text), entities_of(text, example), (), ())
    assert not {e.type.value for e in found} & set(example["none"])
