"""The search index as small script files, which also load from a folder without a server.

``search/index.js`` lists the buckets, ``search/w<letters>.js`` hold the documents of all words that begin
with these letters, ``search/d<n>.js`` what to show of documents.  Words are folded and cut as in
flows/clean/terms.py; the browser folds a query with the same table (``fold_script``) and cuts it
as report.word_forms does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from flows.clean import letters
from flows.clean.terms import terms

MOST_BYTES = 1_000_000  # of a bucket, before it is split by one more letter
DOCUMENTS = 1_000  # of a file


class Document(NamedTuple):
    """One thing to find: kind, id, what to show, more to show, and the texts whose words lead to it."""

    kind: str
    id: int
    name: str
    more: str
    texts: tuple[str, ...]


def index_files(documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    """(path under search/, content) of the whole index; documents are found in the order given."""
    postings: defaultdict[str, list[int]] = defaultdict(list)
    shown: list[tuple[str, int, str, str]] = []
    for number, document in enumerate(documents):
        shown.append(document[:4])
        for term in {form for text in document.texts for form, _ in terms(text)}:
            postings[term].append(number)
    for first in range(0, len(shown), DOCUMENTS):
        part = shown[first : first + DOCUMENTS]
        yield f"d{first // DOCUMENTS}.js", _call("rasdDocuments", first // DOCUMENTS, part)
    encoded = {word: _deltas(postings[word]) for word in sorted(postings)}
    buckets = []
    for prefix, words in _buckets(encoded, 2):
        buckets.append(prefix)
        yield f"{bucket_file(prefix)}", _call("rasdPostings", prefix, {w: encoded[w] for w in words})
    yield "index.js", _call("rasdIndex", buckets, DOCUMENTS, len(shown))


def bucket_file(prefix: str) -> str:
    return "w" + "-".join(f"{ord(letter):x}" for letter in prefix) + ".js"


def _buckets(encoded: dict[str, str], letters_: int) -> Iterator[tuple[str, list[str]]]:
    """Words by their first letters; a bucket too large by one letter more."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for word in encoded:
        groups[word[:letters_]].append(word)
    for prefix in sorted(groups):
        words = groups[prefix]
        size = sum(2 * len(word) + len(encoded[word]) + 6 for word in words)
        if size > MOST_BYTES and any(len(word) > letters_ for word in words):
            whole = [word for word in words if len(word) == letters_]
            if whole:
                yield prefix, whole
            yield from _buckets({w: encoded[w] for w in words if len(w) > letters_}, letters_ + 1)
        else:
            yield prefix, words


def _deltas(numbers: list[int]) -> str:
    """Rising numbers as differences in base 36, by blanks."""
    before, parts = 0, []
    for number in numbers:
        parts.append(_base36(number - before))
        before = number
    return " ".join(parts)


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
        if not number:
            return digits


def _call(function: str, *values: object) -> bytes:
    """A call with JSON arguments; no letter in it ends a script or a line of it."""
    arguments = ",".join(msgspec.json.encode(value).decode() for value in values)
    for letter in ("<", "\u2028", "\u2029"):
        arguments = arguments.replace(letter, f"\\u{ord(letter):04x}")
    return f"{function}({arguments});\n".encode()


# ------------------------------------------------------------------------------------------ folding

_RANGES = (
    (0x21, 0x2500),
    (0x2800, 0x2801),
    (0x3000, 0x3001),
    (0xFB00, 0xFDFE),
    (0xFE00, 0xFF00),
    (0xFF01, 0xFFEF),
)


def fold_table() -> tuple[str, str, str, dict[str, str]]:
    """(letters, what becomes of each, letters that go, letters that become several)."""
    tables = letters.tables()
    source, target, gone, several = [], [], [], {}
    for low, high in _RANGES:
        for code in range(low, high):
            kind, char = int(tables.kind[code]), chr(code)
            if kind & letters.DROP:
                gone.append(char)
            elif kind in (letters.BLANK, letters.NEWLINE, letters.RETURN):
                source.append(char)
                target.append(" ")
            elif kind == letters.EXPAND:
                several[char] = "".join(letters.search_letter(c) for c in tables.expand[code])
            else:
                folded = letters.search_letter("ي" if kind == letters.YEH else chr(int(tables.clean[code])))
                if folded != char:
                    source.append(char)
                    target.append(folded)
    return "".join(source), "".join(target), "".join(gone), several


def fold_script() -> str:
    """fold.js: the table that the browser folds a query with."""
    return "window.rasdFold=" + msgspec.json.encode(fold_table()).decode() + ";\n"
