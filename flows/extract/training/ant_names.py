"""Read the project's own marks of names in Tunisian news, joined with the articles they belong to.

``data/ant_names.json`` holds no text.  A mention is ``[start, end, kind]`` in code points of the article's
file decoded as UTF-8, clitics outside (where ل meets the article ال only the first lam stands outside).  The
articles are those of the ANT corpus (jawharafm.net, Apache-2.0), one ``.txt`` file each in an archive beside
the project; the marks are the project's own work (CC0).
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import msgspec

from flows.extract.training.own_news import OwnArticle
from flows.records import EntityKind

ANT_NAMES = Path(__file__).parent / "data" / "ant_names.json"
FOLDER = "ant/"  # of the articles inside the archive


class AntNamesError(ValueError):
    """The marks and the archive do not belong together."""


class MarkedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One article's marks, and the digest of the bytes they were made on."""

    file: str
    sha256: str
    mentions: tuple[tuple[int, int, EntityKind], ...]

    @property
    def id(self) -> str:
        """As the gold set names articles of this corpus."""
        return f"ant-{self.file.removesuffix('.txt')}"


class _Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    note: str
    articles: tuple[MarkedFile, ...]


def marked_files(json_path: Path = ANT_NAMES) -> tuple[MarkedFile, ...]:
    """The marks as stored, without text; raises msgspec.ValidationError for a file not in this format."""
    return msgspec.json.decode(json_path.read_bytes(), type=_Marks).articles


def read_ant_names(json_path: Path, ant_zip: Path) -> list[OwnArticle]:
    """The marked articles with their text, in the order of the file; ``id`` is ``ant-`` and the file's stem.

    Raises AntNamesError, naming the file, where an article is missing from the archive, is not byte for byte
    the one that was marked, or a mention is empty, out of order, overlapping or outside the text.
    """
    with zipfile.ZipFile(ant_zip) as archive:
        return [_join(marked, archive) for marked in marked_files(json_path)]


def _join(marked: MarkedFile, archive: zipfile.ZipFile) -> OwnArticle:
    try:
        data = archive.read(FOLDER + marked.file)
    except KeyError as error:
        raise AntNamesError(f"{marked.file}: not in the archive") from error
    if (digest := hashlib.sha256(data).hexdigest()) != marked.sha256:
        raise AntNamesError(f"{marked.file}: sha256 {digest}, marked was {marked.sha256}")
    text = data.decode("utf-8")
    last = 0
    for start, end, _ in marked.mentions:
        if not last <= start < end <= len(text):
            raise AntNamesError(
                f"{marked.file}: mention [{start}, {end}) after {last} of {len(text)} characters"
            )
        last = end
    return OwnArticle(marked.id, text, marked.mentions)
