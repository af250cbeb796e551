"""One file's way: read -> clean -> extract.  Pure: neither Prefect nor the database is known here."""

from __future__ import annotations

import gc
import hashlib
import time
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from flows.extract.dates import find_dates, parse_publication
from flows.extract.engines import NameEngine, load_engine
from flows.extract.events import find_events
from flows.extract.events.trigger_model import hidden_states
from flows.extract.linking import link_entities
from flows.extract.names import find_names
from flows.extract.offices import find_offices
from flows.extract.quotations import find_quotations
from flows.read.document import NOTHING_LEARNED, Learned, read_document
from flows.records import Article, Basis, Extraction, Metadata, RawFile, Rejection

# Their answers are part of ours; a new version of one is a new pipeline version.
LIBRARIES = ("pyarabic", "hijridate", "python-crfsuite", "onnxruntime", "tokenizers", "charset-normalizer")


@dataclass(frozen=True, slots=True)
class Options:
    """What changes an extraction besides the file itself; part of the pipeline version."""

    names_engine: str = "accurate"  # rules | fast | accurate | transformers:/path/or/name
    learned: int = 0  # how often `rasd sources relearn` asked for everything to be read again


@cache
def _engine(name: str) -> NameEngine | None:
    return None if name == "rules" else load_engine(name)


def warm_up(options: Options) -> None:
    """Load all models and lexicons, so that the first article does not pay for them.

    Raises what is wrong with them (ResourceError, ModelError, ...), which is no file's fault.
    """
    data = "استقبل الوزير السفير في الرباط يوم الخميس 14 دجنبر 2023.".encode()
    # Tables are made to stay: looking for garbage among them costs a tenth of the start and finds none.
    collecting = gc.isenabled()
    gc.disable()
    try:
        extract(RawFile("warm-up", "warm-up", data, hashlib.sha256(data).hexdigest(), Metadata()), options)
        gc.freeze()
    finally:
        if collecting:
            gc.enable()


def extract(
    raw: RawFile, options: Options = Options(), learned: Learned = NOTHING_LEARNED
) -> Extraction | Rejection:
    """Everything that Rasd says about one file, or why it says nothing.

    ``learned`` are the recurring lines of each source that are left out as boilerplate.

    An article that is not Arabic is kept with its language and without names, dates and events.
    Raises nothing for bad input; an exception here is a defect of Rasd.
    """
    began = time.perf_counter()
    document = read_document(
        raw, learned=learned, max_bytes=len(raw.data)
    )  # the limit was applied when the bytes were read
    if isinstance(document, Rejection):
        return document
    decoded, article = document
    dated = _with_publication(article)
    if isinstance(dated, str):
        return Rejection(
            uri=raw.uri,
            stage="metadata",
            cause="bad_publication_date",
            message=dated,
            sha256=raw.sha256,
            size=len(raw.data),
        )
    article = dated
    if article.language != "ar":
        return Extraction(raw=raw, decoded=decoded, article=article, seconds=time.perf_counter() - began)
    dates, published = find_dates(article)
    article = replace(article, published=published)
    engine = _engine(options.names_engine)
    mentions = find_names(article, engine)
    entities = link_entities(article, mentions)
    offices = find_offices(article, entities)
    events = find_events(article, entities, offices, dates, hidden_states(article, engine))
    quotations = find_quotations(article, entities, offices)
    return Extraction(
        raw=raw,
        decoded=decoded,
        article=article,
        entities=entities,
        offices=offices,
        dates=dates,
        events=events,
        quotations=quotations,
        seconds=time.perf_counter() - began,
    )


def _with_publication(article: Article) -> Article | str:
    """The article with its stated publication date, or what is wrong with the stated one."""
    stated = article.metadata.published
    if stated is None or not stated.strip():
        return article
    value = parse_publication(stated)
    if value is None:
        return f"'published' is no date: {stated!r}"
    if article.metadata.extra.get("published_basis") == "text":
        value = replace(value, basis=Basis.TEXT)
    elif value.basis is Basis.NONE:
        value = replace(value, basis=Basis.METADATA)
    return replace(article, published=value)


# --------------------------------------------------------------------------------- pipeline version


@cache
def version(options: Options = Options()) -> str:
    """Digest (hex, 16 digits) of all that decides an extraction: code, lexicons, models, options."""
    digest = hashlib.blake2b(repr(options).encode(), digest_size=8)
    root = files("flows")
    for part in (
        "records.py",
        "pipeline.py",
        "rows.py",
        "storable.py",
        "read",
        "clean",
        "extract",
        # of what compares articles only the key of a name is written with an extraction: a changed rule there
        # asks for comparing again, not for reading everything again
        "resolve/identity.py",
    ):
        _add(root.joinpath(part), part, digest)
    for library in LIBRARIES:
        digest.update(f"{library} {metadata.version(library)}".encode())
    kind, _, model = options.names_engine.partition(":")
    if kind == "transformers" and Path(model).is_dir():
        _add(Path(model), "model", digest)
    return digest.hexdigest()


def _add(node: Traversable, name: str, digest: hashlib.blake2b) -> None:
    if node.is_dir():
        for child in sorted(node.iterdir(), key=lambda c: c.name):
            if child.name not in {"__pycache__", "training"}:
                _add(child, f"{name}/{child.name}", digest)
    else:
        digest.update(name.encode())
        digest.update(hashlib.blake2b(node.read_bytes()).digest())
