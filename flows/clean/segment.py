"""Sentences and tokens of clean text, with spans; candidates for attached clitics.

pyarabic's ``tokenize`` breaks أ.ف.ب, 3,5, 10:30 and addresses, and its ``sentence_tokenize`` stops after 32
splits and cuts at every comma and at "د."; neither is used.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files

import msgspec

from flows.clean.normalize import fold
from flows.records import Block, BlockKind, Sentence, Span, Token, TokenKind

__all__ = ["clitics", "sentences", "tokenize"]

_ARABIC = "ء-غف-يٱ-ۓەۮۯۺ-ۿݐ-ݿࢠ-ࣇ"
_LATIN = "A-Za-zÀ-ÖØ-öø-ɏḀ-ỿ"
_ZONES = (
    "com|net|org|info|news|press|gov|edu|ma|tn|dz|ly|eg|sd|sa|ae|qa|kw|bh|om|ye|jo|lb|sy|iq|ps|mr|fr|uk|es|de|it"
    "|eu|us|tv|co|io|me|int"
)

# One pass, the first alternative that fits wins; the group's number says the kind.  The blank before a token
# is taken along outside the groups: many places are blanks, and none of the alternatives is tried there.
_TOKEN = re.compile(
    rf"""
    [\x20\n]?(?:
    ([{_ARABIC}]{{2,}})                                         # 1 a plain word, by far the most frequent
    |(\d+(?:[.,:/٫٬]\d+)*(?:(?<=\d)-\d{{1,2}}-\d{{1,4}}(?!\d))?)  # 2 numbers, hours, dates
    |(                                                          # 3 addresses
      (?:https?://|www\.)(?:[^\s<>"«»“”،؛]*[^\s<>"«»“”،؛.,:;!?؟)\]}}'’])?
      |[A-Za-z0-9_][A-Za-z0-9_.+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+
      |(?<![A-Za-z0-9_.@])@\w+
      |(?<![\w@.])[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*\.(?:{_ZONES})\b(?:/[^\s<>"«»“”،؛()]*)?
     )
    |(                                                          # 4 other words
      (?<![{_ARABIC}])[{_ARABIC}](?:\.[ ]?[{_ARABIC}](?![{_ARABIC}]))+\.?   # أ.ف.ب  ص.ب  أ. د.
      |(?<![{_LATIN}])[{_LATIN}](?:\.[{_LATIN}](?![{_LATIN}]))+\.?         # U.S.A.
      |[{_ARABIC}]
      |[{_LATIN}][{_LATIN}0-9]*(?:['’][{_LATIN}][{_LATIN}0-9]*)*
      |[^\W\d_{_ARABIC}{_LATIN}]+
     )
    |(\.\.+|\S)                                                 # 5 one mark; dots in a row are one
    )
    """,
    re.VERBOSE,
)
_KINDS = (
    TokenKind.PUNCTUATION,
    TokenKind.WORD,
    TokenKind.NUMBER,
    TokenKind.URL,
    TokenKind.WORD,
    TokenKind.PUNCTUATION,
)


def tokenize(text: str) -> tuple[Token, ...]:
    """Tokens of clean text: words (Arabic and Latin letters apart), numbers, addresses, single marks.

    Spans are code points of ``text``; blanks belong to no token, every other character to exactly one.
    """
    kinds, new = _KINDS, tuple.__new__
    # Token(...) would go through a Python-level constructor, half the time of this loop
    return tuple(
        [new(Token, (m.start(n := m.lastindex or 5), m.end(), kinds[n])) for m in _TOKEN.finditer(text)]
    )


# ------------------------------------------------------------------------------------------ sentences

_STOP = re.compile(r"[.!?؟۔]+[»”\"')\]]*")
_ENCLOSED = re.compile(r"«[^»\n]{1,80}»|“[^”\n]{1,80}”|\"[^\"\n]{1,80}\"|\([^()\n]{1,200}\)")
_CLOSERS = "»”\"')]"


class _Abbreviations(msgspec.Struct, forbid_unknown_fields=True):
    words: list[str]


@cache
def _abbreviations() -> frozenset[str]:
    import yaml

    text = files("flows.clean").joinpath("abbreviations.yaml").read_text(encoding="utf-8")
    return frozenset(msgspec.convert(yaml.safe_load(text), _Abbreviations).words)


def _ends_sentence(text: str, marks_at: Span, end: int, tokens: Sequence[Token], at: int) -> bool:
    """Whether marks end a sentence inside a block that ends at ``end``; ``at`` is their first token."""
    a, b = marks_at
    token = tokens[at]
    if token.kind is not TokenKind.PUNCTUATION:
        return False  # inside a number, an abbreviation or an address
    marks = text[a:b].rstrip(_CLOSERS)
    if b < end and not text[b].isspace():
        # no blank behind: only a forgotten one counts (تونس.وقال)
        if b - a != 1 or at + 1 >= len(tokens) or at == 0:
            return False
        left, right = tokens[at - 1], tokens[at + 1]
        return (
            left.kind is right.kind is TokenKind.WORD
            and left.end == a
            and right.start == b
            and left.end - left.start > 2
            and right.end - right.start > 2
            and text[a - 1] > "ء"
            and text[b] >= "ء"
        )
    if set(marks) == {"."}:
        if len(marks) > 1:
            return False  # an ellipsis: the sentence may go on
        if b - a == 1 and at and tokens[at - 1].end == a:
            left = tokens[at - 1]
            size = left.end - left.start
            if left.kind is TokenKind.WORD and (
                size == 1
                or "." in text[left.start : left.end]
                or fold(text[left.start : left.end]) in _abbreviations()
            ):
                return False
            if left.kind is TokenKind.NUMBER and (at == 1 or text[left.start - 1] == "\n"):
                return False  # a numbered item: 1. ...
        return True
    # a cry or a question inside quotation marks belongs to the sentence around it
    return b - a == len(marks)


def _block_sentences(
    text: str, start: int, end: int, tokens: Sequence[Token], starts: list[int]
) -> list[Sentence]:
    found: list[Sentence] = []
    first = bisect_left(starts, start)
    last = bisect_left(starts, end)
    enclosed: list[Span] | None = None
    for match in _STOP.finditer(text, start, end):
        a, b = match.span()
        at = bisect_right(starts, a) - 1
        if at < first or not _ends_sentence(text, (a, b), end, tokens, at):
            continue
        if enclosed is None:
            enclosed = [m.span() for m in _ENCLOSED.finditer(text, start, end)]
        if any(x < a and b < y for x, y in enclosed):
            continue
        behind = bisect_left(starts, b)
        if behind > first:
            found.append(Sentence(tokens[first].start, tokens[behind - 1].end, first, behind))
            first = behind
    if last > first:
        found.append(Sentence(tokens[first].start, tokens[last - 1].end, first, last))
    return found


def sentences(text: str, tokens: Sequence[Token], blocks: Sequence[Block]) -> tuple[Sentence, ...]:
    """Sentences of clean text.

    A title is one sentence; a paragraph's end ends a sentence; inside one, ``. ! ؟ ?`` do, but not in
    numbers,
    after abbreviations and initials, in short quotations and parentheses.  Commas never do: a long chain
    stays
    whole.  Every token belongs to exactly one sentence; without ``blocks`` every line is a paragraph.
    """
    starts = [token[0] for token in tokens]
    if not blocks:
        blocks = [Block(BlockKind.PARAGRAPH, m.span()) for m in re.finditer(r"[^\n]+", text)]
    found: list[Sentence] = []
    for block in blocks:
        start, end = block.span
        if block.kind is BlockKind.PARAGRAPH:
            found += _block_sentences(text, start, end, tokens, starts)
        else:
            first, last = bisect_left(starts, start), bisect_left(starts, end)
            if last > first:
                found.append(Sentence(tokens[first].start, tokens[last - 1].end, first, last))
    return tuple(found)


# -------------------------------------------------------------------------------------------- clitics

_SUFFIXES = ("هما", "كما", "ها", "هم", "هن", "نا", "ني", "كم", "كن", "ه", "ي", "ك")
_FRONT = frozenset(
    conjunction + particle
    for conjunction in ("", "و", "ف")
    for particle in ("", "ب", "ل", "ك", "س", "ال", "بال", "كال", "لل")
)


@lru_cache(maxsize=1 << 16)
def clitics(word: str) -> tuple[tuple[int, int], ...]:
    """(letters in front, letters behind) that may be clitics of a clean word, (0, 0) first, then by length.

    Only candidates by form: at least two letters remain, three where something is taken off both ends.  Later
    stages choose; the text is never rewritten.
    """
    letters = fold(word)
    if len(letters) != len(word):
        return ((0, 0),)
    front = [n for n in range(5) if letters[:n] in _FRONT and len(letters) - n >= 2]
    back = [0] + [len(s) for s in _SUFFIXES if letters.endswith(s) and len(letters) - len(s) >= 2]
    pairs = [
        (a, b) for a in front for b in back if len(letters) - a - b >= (3 if a and b else 2) or a + b == 0
    ]
    if (0, 0) not in pairs:
        pairs.append((0, 0))
    return tuple(sorted(pairs, key=lambda pair: (pair[0] + pair[1], pair)))
