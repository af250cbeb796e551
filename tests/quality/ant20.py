"""Twenty Tunisian articles annotated by hand, as an independent check beside ``../shared/gold``.

``ant20.json`` holds none of their text: every string is a span of the article's file, and the articles
themselves stay in ``../shared/news/ant.zip``.  This module puts the strings back, in the format of
``gold/dev.json``, and writes the folder that the extractor reads, so that ``gold/score.py`` can be used
unchanged::

    uv run python tests/quality/ant20.py ../shared/news/ant.zip OUT      # OUT/gold.json, OUT/articles/*.txt
    uv run rasd extract OUT/articles -o OUT/extracted.jsonl
    python ../shared/gold/score.py OUT/gold.json OUT/extracted.jsonl
"""

from __future__ import annotations

import argparse
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec

ANNOTATIONS = Path(__file__).with_name("ant20.json")
FOLDER = "ant/"  # of the articles inside the archive
SOURCE = "jawharafm.net"


class Ant20Error(ValueError):
    """The annotations and the archive do not belong together."""


class Joined(msgspec.Struct, forbid_unknown_fields=True):
    """A part whose first letters the text writes differently: للشرطة holds الشرطة as شرطة with prefix ال."""

    span: tuple[int, int]
    prefix: str


Piece = tuple[int, int] | Joined


class Name(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    surfaces: list[Piece]  # the first is the name


class Office(msgspec.Struct, forbid_unknown_fields=True):
    person: Piece
    title: Piece
    organization: Piece | None


class Date(msgspec.Struct, forbid_unknown_fields=True):
    span: Piece
    start: str | None
    end: str | None


class Event(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    triggers: list[Piece]
    status: str
    actors: list[Piece]
    recipients: list[Piece]
    location: Piece | None
    start: str | None
    end: str | None


class Annotated(msgspec.Struct, forbid_unknown_fields=True):
    """One article's annotations; spans are [start, end) in code points of the file decoded as UTF-8."""

    file: str
    sha256: str
    published: str
    category: str
    entities: list[Name]
    offices: list[Office]
    dates: list[Date]
    events: list[Event]
    boilerplate: list[Piece]

    @property
    def id(self) -> str:
        """As the gold set names articles of this archive."""
        return f"ant-{self.file.removesuffix('.txt')}"


class _Set(msgspec.Struct, forbid_unknown_fields=True):
    about: str
    seed: int
    articles: list[Annotated]


def annotated(path: Path = ANNOTATIONS) -> list[Annotated]:
    """The annotations as stored; raises msgspec.ValidationError where the file is not in this format."""
    return msgspec.json.decode(path.read_bytes(), type=_Set).articles


def cut(text: str, piece: Piece, where: str) -> str:
    """The string that ``piece`` stands for; raises Ant20Error for an empty span or one outside the text."""
    (start, end), prefix = (piece.span, piece.prefix) if isinstance(piece, Joined) else (piece, "")
    if not 0 <= start < end <= len(text):
        raise Ant20Error(f"{where}: span [{start}, {end}) in a text of {len(text)} characters")
    return prefix + text[start:end]


def article_bytes(archive: zipfile.ZipFile, article: Annotated) -> bytes:
    """The article's file; raises Ant20Error where it is missing or not the one that was annotated."""
    try:
        data = archive.read(FOLDER + article.file)
    except KeyError as error:
        raise Ant20Error(f"{article.file}: not in the archive") from error
    if (digest := hashlib.sha256(data).hexdigest()) != article.sha256:
        raise Ant20Error(f"{article.file}: sha256 {digest}, annotated was {article.sha256}")
    return data


def restore(article: Annotated, text: str) -> dict[str, Any]:
    """The annotations of one article with their strings, in the format of gold/dev.json."""

    def string(piece: Piece) -> str:
        return cut(text, piece, article.file)

    def strings(pieces: list[Piece]) -> list[str]:
        return [string(piece) for piece in pieces]

    def optional(piece: Piece | None) -> str | None:
        return None if piece is None else string(piece)

    return {
        "id": article.id,
        "source": SOURCE,
        "published": article.published,
        "boilerplate": strings(article.boilerplate),
        "entities": [
            {"name": string(e.surfaces[0]), "kind": e.kind, "surfaces": strings(e.surfaces)}
            for e in article.entities
        ],
        "offices": [
            {
                "person": string(o.person),
                "title": string(o.title),
                "organization": optional(o.organization),
            }
            for o in article.offices
        ],
        "dates": [{"surface": string(d.span), "start": d.start, "end": d.end} for d in article.dates],
        "events": [
            {
                "type": e.type,
                "triggers": strings(e.triggers),
                "status": e.status,
                "actors": strings(e.actors),
                "recipients": strings(e.recipients),
                "location": optional(e.location),
                "start": e.start,
                "end": e.end,
            }
            for e in article.events
        ],
    }


def load(ant_zip: Path) -> list[dict[str, Any]]:
    """The annotated articles in the format of gold/dev.json, strings restored from the archive.

    Raises Ant20Error where an article is missing from the archive, differs from the annotated one, or a span
    does not fit it.
    """
    with zipfile.ZipFile(ant_zip) as archive:
        return [restore(a, article_bytes(archive, a).decode("utf-8")) for a in annotated()]


def write(ant_zip: Path, folder: Path) -> Path:
    """Write folder/gold.json and folder/articles/<id>.txt, each with <id>.meta.json; return folder/articles.

    The bytes of the articles are those of the archive.  Existing files of these names are replaced.
    """
    articles = folder / "articles"
    articles.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(ant_zip) as archive:
        for article in annotated():
            (articles / f"{article.id}.txt").write_bytes(article_bytes(archive, article))
            meta = {"source": SOURCE, "published": article.published}
            (articles / f"{article.id}.meta.json").write_text(json.dumps(meta), encoding="utf-8")
    gold = json.dumps(load(ant_zip), ensure_ascii=False, indent=1)
    (folder / "gold.json").write_text(gold, encoding="utf-8")
    return articles


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Write the twenty articles and their annotations for score.py."
    )
    parser.add_argument("ant_zip", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    print(write(arguments.ant_zip, arguments.folder))


if __name__ == "__main__":
    main()
