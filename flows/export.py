"""What leaves the database as files: CSV, JSON Lines, Parquet, GeoJSON, FollowTheMoney.

Everything is streamed from one read-only snapshot, so memory stays flat and a file never mixes two states.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec
import sqlalchemy as sa
from psycopg import sql

from db import export as source
from flows.errors import UserError

FORMATS = ("csv", "jsonl", "parquet", "geojson", "ftm")
_SUFFIXES = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".geojson": "geojson",
    ".ftm": "ftm",
}
_ROWS = 5_000  # rows of a Parquet batch


def chosen_format(path: str, given: str | None) -> str:
    """The format by option or by the file's ending.  Raises UserError where neither tells."""
    found = given or _SUFFIXES.get(Path(path).suffix.lower())
    if found not in FORMATS:
        raise UserError(f"{path}: say the format with --format ({', '.join(FORMATS)})")
    return found


def export(engine: sa.Engine, view: str, path: str, kind: str) -> int:
    """Write one report view to ``path`` (``-``: standard output); rows written.

    Raises UserError where the view does not fit the format, db.checks.DatabaseError where it does not exist.
    """
    with engine.connect() as connection, source.snapshot(connection) as raw:
        listed = source.columns(raw, view)
        names = [column.name for column in listed]
        if kind == "geojson" and not {"latitude", "longitude"} <= set(names):
            raise UserError(f"report.{view} has no columns latitude and longitude, which GeoJSON needs")
        if kind == "parquet":
            return _parquet(source.stream(raw, source.whole_view(view)), listed, path)
        with _output(path) as out:
            if kind == "csv":
                return _csv(source.csv_stream(raw, view), out)
            rows = (dict(zip(names, row, strict=True)) for row in source.stream(raw, source.whole_view(view)))
            return _geojson(rows, out) if kind == "geojson" else _lines(rows, out)


@contextmanager
def _output(path: str) -> Iterator[IO[bytes]]:
    """The file, complete or not at all; or standard output."""
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with _whole(path) as part, part.open("wb") as out:
        yield out


@contextmanager
def _whole(path: str) -> Iterator[Path]:
    """A neighbour that takes the file's place when all is written."""
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(target)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------- formats


def _csv(pieces: Iterator[bytes], out: IO[bytes]) -> int:
    """Rows written.  A piece of PostgreSQL's COPY is one row; the first is the header."""
    rows = -1
    for piece in pieces:
        out.write(piece)
        rows += 1
    return max(rows, 0)


def _lines(rows: Iterator[dict[str, Any]], out: IO[bytes]) -> int:
    encode = msgspec.json.Encoder(enc_hook=str).encode
    count = 0
    for row in rows:
        out.write(encode(row) + b"\n")
        count += 1
    return count


def _geojson(rows: Iterator[dict[str, Any]], out: IO[bytes]) -> int:
    """A FeatureCollection (RFC 7946) of the rows that have a point."""
    encode = msgspec.json.Encoder(enc_hook=str).encode
    out.write(b'{"type":"FeatureCollection","features":[')
    count = 0
    for row in rows:
        latitude, longitude = row.pop("latitude"), row.pop("longitude")
        if latitude is None or longitude is None:
            continue
        point = {"type": "Point", "coordinates": [longitude, latitude]}
        feature = {"type": "Feature", "geometry": point, "properties": row}
        out.write((b",\n" if count else b"\n") + encode(feature))
        count += 1
    out.write(b"\n]}\n")
    return count


def _parquet(rows: Iterator[Sequence[Any]], columns: Sequence[source.Column], path: str) -> int:
    if path == "-":
        raise UserError("Parquet cannot be written to standard output; name a file with -o")
    pa, parquet = _arrow()
    schema = pa.schema([(c.name, _arrow_type(pa, c.type)) for c in columns])
    texts = [i for i, field in enumerate(schema) if field.type == pa.string()]
    count = 0
    with _whole(path) as part, parquet.ParquetWriter(part, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _ROWS)):
            arrays = [list(values) for values in zip(*batch, strict=True)]
            for i in texts:
                arrays[i] = [v if v is None or isinstance(v, str) else _text(v) for v in arrays[i]]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            count += len(batch)
    return count


def _text(value: Any) -> str:
    return (
        str(msgspec.json.encode(value, enc_hook=str), "utf-8")
        if isinstance(value, dict | list)
        else str(value)
    )


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError("Parquet needs the extra `export`: uv sync --extra export") from error
    return pyarrow, parquet


def _arrow_type(pa: Any, name: str) -> Any:
    """PostgreSQL's type as Arrow's; what has no counterpart is text."""
    if name.startswith("_"):
        return pa.list_(_arrow_type(pa, name[1:]))
    plain: dict[str, Callable[[], Any]] = {
        "bool": pa.bool_,
        "int2": pa.int16,
        "int4": pa.int32,
        "int8": pa.int64,
        "float4": pa.float32,
        "float8": pa.float64,
        "date": pa.date32,
        "bytea": pa.binary,
    }
    if name == "timestamptz":
        return pa.timestamp("us", tz="UTC")
    return plain.get(name, pa.string)()


# ------------------------------------------------------------------------------------ FollowTheMoney

_SCHEMATA = {
    "PERSON": "Person",
    "ORGANIZATION": "Organization",
    "LOCATION": "Address",
    "NAMED_EVENT": "Event",
}
_ENTITIES = """
SELECT i.id, i.kind, i.name, a.spellings, p.country_code, p.latitude, p.longitude
FROM entity AS i
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT n.name ORDER BY n.name) AS spellings
    FROM identity AS d JOIN article_entity AS n USING (extraction_id, n) WHERE d.entity_id = i.id
) AS a ON true
LEFT JOIN place AS p ON p.entity_id = i.id
WHERE EXISTS (SELECT 1 FROM identity AS d WHERE d.entity_id = i.id)
ORDER BY i.id
"""
_TENURES = """
SELECT t.id, t.person_id, t.organization_id, t.title, t.first_seen, t.last_seen, t.former_seen
FROM tenure AS t ORDER BY t.id
"""
_OCCURRENCES = """
SELECT o.id, o.type, o.status, o.place_id, o.first_day, o.last_day, s.sentence, w.actors, w.recipients,
       s.articles
FROM occurrence AS o
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT i.entity_id) FILTER (WHERE q.role = 'actor') AS actors,
           array_agg(DISTINCT i.entity_id) FILTER (WHERE q.role = 'recipient') AS recipients
    FROM occurrence_event AS r
    JOIN event_participant AS q ON q.extraction_id = r.extraction_id AND q.event_n = r.event_n
    JOIN identity AS i ON i.extraction_id = q.extraction_id AND i.n = q.entity_n
    WHERE r.occurrence_id = o.id
) AS w
CROSS JOIN LATERAL (
    SELECT (array_agg(substr(e.text, z.clean_start + 1, z.clean_end - z.clean_start) ORDER BY e.id))[1]
               AS sentence,
           array_agg(DISTINCT e.article_id) AS articles
    FROM occurrence_event AS r
    JOIN event AS v ON v.extraction_id = r.extraction_id AND v.n = r.event_n
    JOIN extraction AS e ON e.id = v.extraction_id
    LEFT JOIN sentence AS z ON z.extraction_id = v.extraction_id AND z.n = v.sentence_n
    WHERE r.occurrence_id = o.id
) AS s
ORDER BY o.id
"""
_ARTICLES = """
SELECT article_id, title, source, language, published_from, published_to, url, uri, text
FROM report.article ORDER BY article_id
"""


def export_ftm(engine: sa.Engine, path: str) -> int:
    """All articles, entities, dated offices and happenings as FollowTheMoney entities, a line each.

    For OpenAleph and other users of the model (https://followthemoney.tech); entities written.
    """
    make = _ftm()
    with engine.connect() as connection, source.snapshot(connection) as raw, _output(path) as out:
        count = 0
        for query, build in (
            (_ARTICLES, _ftm_article),
            (_ENTITIES, _ftm_entity),
            (_TENURES, _ftm_tenure),
            (_OCCURRENCES, _ftm_occurrence),
        ):
            for row in source.stream(raw, sql.SQL(query)):
                for entity in build(make, row):
                    out.write(msgspec.json.encode(entity.to_dict()) + b"\n")
                    count += 1
        return count


def _ftm() -> Callable[[str, str], Any]:
    try:
        from followthemoney import model
    except ImportError as error:
        raise UserError("FollowTheMoney needs the extra `export`: uv sync --extra export") from error

    def make(schema: str, identity: str) -> Any:
        entity = model.make_entity(schema)
        entity.id = identity
        return entity

    return make


def _add(entity: Any, **values: Any) -> Any:
    """Texts as they are: the model's cleaning is for Latin names."""
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one != "":
                text = one.isoformat() if isinstance(one, datetime.date) else str(one)
                entity.unsafe_add(entity.schema.get(name), text, cleaned=True)
    return entity


def _ftm_article(make: Callable[[str, str], Any], row: Sequence[Any]) -> Iterator[Any]:
    identity, title, outlet, language, first, last, url, uri, text = row
    yield _add(
        make("Article", f"rasd-article-{identity}"),
        title=title or uri,
        fileName=uri,
        publisher=outlet,
        detectedLanguage="ara" if language == "ar" else None,
        publishedAt=first if first == last else None,
        sourceUrl=url,
        bodyText=text,
    )


def _ftm_entity(make: Callable[[str, str], Any], row: Sequence[Any]) -> Iterator[Any]:
    identity, kind, name, spellings, country, latitude, longitude = row
    entity = _add(
        make(_SCHEMATA[kind], _ftm_id(identity)),
        name=name,
        alias=[s for s in spellings or [] if s != name],
        country=country.lower() if country else None,
    )
    if kind == "LOCATION":
        _add(entity, full=name, latitude=latitude, longitude=longitude)
    yield entity


def _ftm_tenure(make: Callable[[str, str], Any], row: Sequence[Any]) -> Iterator[Any]:
    identity, person, organization, title, first, last, former = row
    post = _add(
        make("Position", f"rasd-position-{identity}"),
        name=title,
        organization=_ftm_id(organization) if organization else None,
    )
    yield post
    yield _add(
        make("Occupancy", f"rasd-tenure-{identity}"),
        holder=_ftm_id(person),
        post=post.id,
        startDate=first,
        endDate=last if former else None,
        status="ended" if former else "current",
    )


def _ftm_occurrence(make: Callable[[str, str], Any], row: Sequence[Any]) -> Iterator[Any]:
    identity, kind, status, place, first, last, sentence, actors, recipients, articles = row
    yield _add(
        make("Event", f"rasd-event-{identity}"),
        name=f"{kind} ({status})",
        summary=sentence,
        startDate=first,
        endDate=last,
        involved=[_ftm_id(n) for n in (actors or []) + (recipients or [])],
        addressEntity=_ftm_id(place) if place else None,
        proof=[f"rasd-article-{n}" for n in articles],
    )


def _ftm_id(entity: int) -> str:
    return f"rasd-entity-{entity}"
