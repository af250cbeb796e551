"""What comes beside the text: sidecars, manifests, front matter, the source's file patterns, options.

Precedence, field by field, the first that has a value wins:

1. options of the command line
2. the sidecar ``<name>.meta.json`` (or ``<name>.txt.meta.json``) beside the file
3. its line in ``manifest.jsonl`` or ``manifest.csv`` of its folder, of a folder above, or of its archive
4. YAML front matter between two lines ``---`` at the head of the text
5. named groups of the source's file patterns (flows/read/sources)
6. what the text itself says (a dated line), with ``extra["published_basis"] = "text"``

Fields other than title, published, url and source are kept in ``extra`` as text.  A field that cannot be what
its name says (a title that is a list, a date without a digit) is left out and named in ``extra`` as
``rejected.FIELD``; the next source of metadata then has its say.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from flows.records import Metadata

__all__ = ["MetadataError", "front_matter", "merge", "parse_manifest", "parse_sidecar", "read_fields"]

_FIELDS = ("title", "published", "url", "source")
_ALIASES = {
    "headline": "title",
    "date": "published",
    "published_at": "published",
    "pubdate": "published",
    "publication_date": "published",
    "link": "url",
    "outlet": "source",
    "publisher": "source",
}
_MAX_FIELD = 10_000
_MAX_DEPTH = 20  # of front matter; a list of lists of authors has three
_LARGE = 10**100
_DIGIT = re.compile(r"\d")
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.{0,20000}?\n)?(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_KEY = re.compile(r"\A[\w.-]+[ \t]*:", re.MULTILINE)


class MetadataError(ValueError):
    """A sidecar or manifest that cannot be read; the message says where."""


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, set):
        value = sorted(map(_as_text, value))
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        try:
            return msgspec.json.encode(value).decode()
        except (TypeError, ValueError):  # keys that JSON has not
            return repr(value)
    if isinstance(value, int) and abs(value) > _LARGE:
        return hex(value)  # decimal digits of numbers without end take time without end
    return str(value)


def _json(text: str) -> Any:
    """Raises ValueError (msgspec's, or for what is nested without end)."""
    try:
        return msgspec.json.decode(text)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def read_fields(values: Mapping[str, Any]) -> Metadata:
    """A mapping as it was written -> Metadata; unknown fields kept, wrong ones named under ``rejected.``."""
    known: dict[str, str] = {}
    extra: dict[str, str] = {}
    for key, value in values.items():
        field = key.strip().casefold()
        field = field if field in _FIELDS else _ALIASES.get(field, "")
        if not field or field in known:
            if value is not None:
                extra[key] = _as_text(value)[:_MAX_FIELD]
            continue
        if value is None or value == "":
            continue
        text = _as_text(value).strip()
        if field == "published" and not isinstance(value, (str, bool, dict, list)):
            value = text  # a YAML date or a bare number
        wrong = (
            not isinstance(value, str)
            or len(text) > _MAX_FIELD
            or (field == "published" and not _DIGIT.search(text))
            or (field == "url" and any(c.isspace() for c in text))
        )
        if wrong:
            extra[f"rejected.{key}"] = text[:200]
        elif text:
            known[field] = text
    return Metadata(**known, extra=extra)


def merge(*levels: Metadata | None) -> Metadata:
    """Field by field, the first level that has a value wins; ``extra`` likewise, key by key."""
    present = [level for level in levels if level is not None]
    if len(present) == 1:
        return present[0]
    values = {
        field: next((v for level in present if (v := getattr(level, field)) is not None), None)
        for field in _FIELDS
    }
    extra: dict[str, str] = {}
    for level in reversed(present):
        extra.update(level.extra)
    return Metadata(**values, extra=extra)


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def parse_sidecar(data: bytes, where: str) -> Metadata:
    """One JSON object.  Raises MetadataError naming ``where``."""
    try:
        values = _json(_decode(data))
    except ValueError as exc:
        raise MetadataError(f"{where}: {exc}") from exc
    if not isinstance(values, dict):
        raise MetadataError(f"{where}: a JSON object is wanted, not {type(values).__name__}")
    return read_fields(values)


def _rows(text: str, where: str, is_csv: bool) -> Iterator[tuple[int, dict[str, Any] | MetadataError]]:
    if is_csv:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        try:
            if "file" not in (reader.fieldnames or ()):
                yield 1, MetadataError(f"{where}: no column `file`")
                return
            for row in reader:
                yield reader.line_num, {k: v for k, v in row.items() if k is not None and v is not None}
        except csv.Error as exc:
            yield reader.line_num, MetadataError(f"{where}:{reader.line_num}: {exc}")
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = _json(line)
        except ValueError as exc:
            yield number, MetadataError(f"{where}:{number}: {exc}")
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            yield (
                number,
                MetadataError(f"{where}:{number}: a JSON object is wanted, not {type(row).__name__}"),
            )


def parse_manifest(data: bytes, where: str) -> tuple[dict[str, Metadata], list[MetadataError]]:
    """``manifest.jsonl`` or ``manifest.csv`` -> (file as written -> Metadata, faulty lines).

    Paths are relative to the manifest's folder, with forward slashes.  Raises MetadataError where the whole
    file cannot be read.
    """
    try:
        text = _decode(data)
    except UnicodeDecodeError as exc:
        raise MetadataError(f"{where}: {exc}") from exc
    found: dict[str, Metadata] = {}
    faults: list[MetadataError] = []
    for number, row in _rows(text, where, where.endswith(".csv")):
        if isinstance(row, MetadataError):
            faults.append(row)
            continue
        file = row.pop("file", None)
        if not isinstance(file, str) or not file.strip():
            faults.append(MetadataError(f"{where}:{number}: no field `file`"))
            continue
        found[file.strip().replace("\\", "/").removeprefix("./")] = read_fields(row)
    return found, faults


def front_matter(text: str) -> tuple[Metadata, int] | None:
    """(metadata, length of the front matter in code points) of raw text, or None where it has none.

    Text between two lines of dashes that is no YAML mapping is text, not front matter.
    """
    if not text.startswith(("---", "\ufeff---")) or (match := _FRONT.match(text)) is None:
        return None
    block = match.group(1) or ""
    if not _KEY.match(block):
        return None
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _see_through(yaml.parse(block, Loader=loader))
        values = yaml.load(block, Loader=loader)
    except (yaml.YAMLError, ValueError, OverflowError):
        return None
    if not isinstance(values, dict):
        return None
    return read_fields({_as_text(k): _plain(v) for k, v in values.items()}), match.end()


def _see_through(events: Iterator[Any]) -> None:
    """Raises ValueError for a text whose mapping would be larger than itself, or deeper than any metadata.

    Ten lines of aliases of aliases stand for more elements than there is memory.
    """
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("aliases in front matter")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")


def _plain(value: Any) -> Any:
    """YAML's dates as text, everything else as it is."""
    return value.isoformat() if hasattr(value, "isoformat") else value
