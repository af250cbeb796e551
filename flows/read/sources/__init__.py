"""One YAML a source, checked against ``Source`` when it is loaded.

Nothing here is needed: an article of a source that nobody described is read by the generic rules.  A
description adds what only that source has: its slugs and fixed lines, where its file names carry the date,
which months and which clock it uses, and how many articles a run should bring.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from flows.clean.normalize import fold
from flows.records import Metadata

__all__ = ["Expectations", "Source", "SourceError", "by_name", "find", "load", "load_all"]


class SourceError(ValueError):
    """A source's YAML does not fit the schema; the message names file and place."""


class Expectations(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is expected of a source; what a run misses is reported (flows.expectations)."""

    minimum_articles: int = 0  # within the last `hours`, over all runs
    hours: float = 24.0
    minimum_dated_share: float = 0.0  # 0..1 of a run's articles, like the other shares
    minimum_titled_share: float = 0.0
    minimum_arabic_share: float = 0.0
    sample: int = 20  # articles that a run must bring before shares and names are judged
    history: int = 5  # earlier runs of that size before usual values are known
    usual_names_factor: float = 2.0  # names an article more or fewer than usual by this factor; 0: any
    usual_arabic_drop: float = 0.2  # share of Arabic articles below the usual one by this much; 1: any


class Boilerplate(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Beyond the generic rules.  Lines are compared folded and whole; patterns run over the folded line."""

    lines: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()  # cut from a paragraph's start
    tails: tuple[str, ...] = ()  # cut from the last paragraph's end


class Source(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One outlet."""

    slug: str
    names: tuple[str, ...]  # as metadata and texts write it, domains included
    country: str | None = None  # ISO 3166-1 alpha-2
    timezone: str = "UTC"  # IANA
    months: Literal["maghrebi", "tunisian", "algerian", "egyptian", "levantine", "gulf", "mixed"] = "mixed"
    encoding: str | None = None  # tried first
    files: tuple[
        str, ...
    ] = ()  # regular expressions over the path; groups `published`, `title`, any other kept
    boilerplate: Boilerplate = Boilerplate()
    expectations: Expectations = Expectations()
    published_from_mtime: bool = False


def load(text: str, where: str) -> Source:
    """Parse and check one YAML.  Raises SourceError naming ``where``."""
    try:
        source = msgspec.convert(yaml.safe_load(text), Source, strict=True)
    except (yaml.YAMLError, msgspec.ValidationError) as exc:
        raise SourceError(f"{where}: {exc}") from exc
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", source.slug):
        raise SourceError(f"{where}: slug {source.slug!r} is not lower-case letters, digits and hyphens")
    plate = source.boilerplate
    for pattern in (*source.files, *plate.patterns, *plate.heads, *plate.tails):
        try:
            re.compile(pattern)
        except re.error as exc:
            raise SourceError(f"{where}: pattern {pattern!r}: {exc}") from exc
    if source.encoding is not None:
        try:
            "".encode(source.encoding)
        except LookupError as exc:
            raise SourceError(f"{where}: {exc}") from exc
    return source


def load_all(folder: Path | None = None) -> dict[str, Source]:
    """slug -> Source of every YAML in ``folder`` (the package's own where None), read once.

    Raises SourceError on the first that does not fit, or where two share a slug.
    """
    return _load_all(folder)


@cache
def _load_all(folder: Path | None) -> dict[str, Source]:
    entries = sorted((folder or files(__name__)).iterdir(), key=lambda entry: entry.name)
    found: dict[str, Source] = {}
    for entry in entries:
        if not entry.name.endswith(".yaml"):
            continue
        source = load(entry.read_text(encoding="utf-8"), entry.name)
        if source.slug in found:
            raise SourceError(f"{entry.name}: slug {source.slug!r} is taken")
        found[source.slug] = source
    return found


def by_name(folder: Path | None = None) -> dict[str, Source]:
    """Folded name -> Source."""
    return _by_name(folder)


@cache
def _by_name(folder: Path | None) -> dict[str, Source]:
    found = {}
    for source in load_all(folder).values():
        for name in (source.slug, *source.names):
            found[fold(name)] = source
    return found


def _host(url: str) -> str:
    match = re.match(r"(?:https?:)?//(?:www\.)?([^/:?#]+)", url)
    return match.group(1) if match else ""


@cache
def _file_patterns(folder: Path | None) -> list[tuple[re.Pattern[str], Source]]:
    return [(re.compile(p), source) for source in load_all(folder).values() for p in source.files]


def find(metadata: Metadata, uri: str, folder: Path | None = None) -> tuple[Source | None, dict[str, str]]:
    """(the source, what its file pattern says): found by ``metadata.source``, the URL's host or the path."""
    names = by_name(folder)
    source = None
    if metadata.source:
        source = names.get(fold(metadata.source)) or names.get(fold(metadata.source.removeprefix("www.")))
    if source is None and metadata.url and (host := _host(metadata.url)):
        source = names.get(host.lower())
    for pattern, owner in _file_patterns(folder):
        if (source is None or owner is source) and (match := pattern.search(uri)) is not None:
            return owner, {k: v for k, v in match.groupdict().items() if v}
    return source, {}
