"""An extraction as the JSON object that `rasd extract` prints (gold/extraction.schema.json of the design)."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from flows.records import Article, Basis, BlockKind, Entity, Event, Extraction, Role, Span
from flows.storable import storable, storable_uri


def to_json(extraction: Extraction) -> dict[str, Any]:
    """One JSON-ready object an article; spans are [start, end) in the decoded raw text."""
    article = extraction.article
    names = [e.name for e in extraction.entities]
    return {
        "id": storable_uri(article.id),
        "title": _title(article),
        "body": "\n".join(
            article.text.text[slice(*b.span)] for b in article.blocks if b.kind is not BlockKind.TITLE
        ),
        "boilerplate": [extraction.decoded.text[a:b].strip() for a, b in article.boilerplate],
        "published": {
            "start": article.published.start,
            "end": article.published.end,
            "basis": article.published.basis.value,
            "candidates": list(article.published.candidates),
        },
        "language": article.language,
        "source": article.source,
        "entities": [_entity(extraction, e) for e in extraction.entities],
        "offices": [
            {
                "person": names[o.person],
                "title": o.title,
                "organization": None if o.organization is None else names[o.organization],
                "tenure": o.tenure,
                "span": _raw(extraction, o.span),
            }
            for o in extraction.offices
        ],
        "dates": _dates(extraction),
        "events": [_event(extraction, e, names) for e in extraction.events],
        "quotations": [
            {
                "speaker": q.speaker_text,
                "verb": extraction.surface(q.verb),
                "span": _raw(extraction, q.quote),
                "direct": q.direct,
            }
            for q in extraction.quotations
        ],
    }


def to_line(extraction: Extraction) -> str:
    """``to_json`` as one line of JSON, Arabic letters as they are."""
    shown = to_json(extraction)
    try:
        return msgspec.json.encode(shown).decode()
    except UnicodeEncodeError:
        # raw text may hold what UTF-8 cannot; one for one, so that spans keep their places
        return storable(json.dumps(shown, ensure_ascii=False))


def _title(article: Article) -> str | None:
    span = article.title_span
    return None if span is None else article.text.text[slice(*span)]


def _raw(extraction: Extraction, span: Span) -> list[int]:
    return list(extraction.raw_span(span))


def _located(extraction: Extraction, span: Span) -> dict[str, Any]:
    return {"surface": extraction.surface(span), "span": _raw(extraction, span)}


def _dates(extraction: Extraction) -> list[dict[str, Any]]:
    """Each expression once with its value; ``spans`` holds every place where it stands."""
    shown: dict[tuple[str, str | None, str | None], dict[str, Any]] = {}
    for date in extraction.dates:
        value, span = date.value, _raw(extraction, date.span)
        key = (extraction.clean(date.span), value.start, value.end)
        if key in shown:
            shown[key]["spans"].append(span)
            continue
        shown[key] = {
            **_located(extraction, date.span),
            "start": value.start,
            "end": value.end,
            "precision": value.precision.value,
            "calendar": value.calendar,
            "basis": value.basis.value,
            "rule": value.rule,
            "candidates": list(value.candidates),
            "conflict": value.conflict,
            "spans": [span],
        }
    return list(shown.values())


def _entity(extraction: Extraction, entity: Entity) -> dict[str, Any]:
    """An entity with its mentions.

    In للأمن the name الأمن has lost its alif, so no letters of the file spell it: such mentions stand under
    ``attached``, with the letters that are there, unless the article has no other mention.
    """
    spelled: list[dict[str, Any]] = []
    attached: list[dict[str, Any]] = []
    for mention in entity.mentions:
        shown = {**_located(extraction, mention.span), "confidence": round(mention.confidence, 3)}
        (attached if mention.elided else spelled).append(shown)
    result = {"name": entity.name, "kind": entity.kind.value, "mentions": spelled or attached}
    return result | {"attached": attached} if spelled and attached else result


def _event(extraction: Extraction, event: Event, names: list[str]) -> dict[str, Any]:
    date = None if event.date is None else extraction.dates[event.date].value
    by_role: dict[Role, list[str]] = {Role.ACTOR: [], Role.RECIPIENT: []}
    for participant in event.participants:
        text = participant.text if participant.entity is None else names[participant.entity]
        if text not in by_role[participant.role]:
            by_role[participant.role].append(text)
    triggers = list(dict.fromkeys(extraction.surface(t) for t in event.triggers))
    return {
        "type": event.type.value,
        "mode": event.mode,
        "triggers": triggers,
        "status": event.status.value,
        "actors": by_role[Role.ACTOR],
        "recipients": by_role[Role.RECIPIENT],
        "location": None if event.location is None else names[event.location],
        "start": None if date is None or date.basis is Basis.NONE else date.start,
        "end": None if date is None or date.basis is Basis.NONE else date.end,
        "confidence": round(event.confidence, 3),
        "rule": event.rule,
        "attribution": None if event.attribution is None else extraction.surface(event.attribution),
        "evidence": [{"surface": extraction.surface(t), "span": _raw(extraction, t)} for t in event.triggers],
    }
