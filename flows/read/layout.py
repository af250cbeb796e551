"""Clean text -> title, dateline, paragraphs; and what is boilerplate, as spans.

Works on lines and their search spelling with the rules of flows/read/rules.py.  No rule looks at what an
article is about.  Where a line could be either, it stays: a byline too many costs less than a sentence lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from flows.clean.normalize import fold
from flows.read.rules import Rules
from flows.records import BlockKind, CleanText, Metadata, ShortLine, Span

__all__ = ["Layout", "lay_out"]

_SHORT = 260  # letters; longer lines are prose
_HEADER = 110  # a header's line is shorter
_TITLE = 200
_TITLE_BARE = 170  # without an empty line behind it
_END = re.compile(r"[.!?:][\"')\]]*$")
_STOP = re.compile(r"(?<!\.)\.[\"')\]]*$")
_NAMES_ONLY = re.compile(r"[ء-ي]+(?: [ء-ي]+)*")
_DASH = re.compile(r" [-|/]+ ?|[-|/]+ |,(?= )|\|")
_DOMAIN = re.compile(r"(?:www\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,6}")
_DIGIT = re.compile(r"\d")
_COUNTER = re.compile(r"\d{1,6}|\d{1,3}[.,]?\d{0,2} ?[km]|\d{1,4}(?: ?[|/] ?\d{1,4})+")
_YEAR_END = re.compile(r"\d{4} ?[مه]?$")
_WEEKDAY = "(?:ال)?(?:احد|اثنين|ثلاثا|ثلاثاء|اربعا|اربعاء|خميس|جمعه|سبت)"
_CLOCK = (
    r"(?:الساعه ?|علي الساعه ?|-)?\d{1,2} ?[:.h] ?\d{2}(?::\d{2})?"
    r"(?: ?(?:ص|م|صباحا|مساء|زوالا|ليلا|gmt|am|pm))?"
)
_DATE = re.compile(
    r"(?:(?:نشر(?:ت)?|نشر في|تاريخ النشر|تاريخ|بتاريخ|حرر|حرر في|تم النشر|اضيف|اضيف في|كتب|published|posted)"
    r"(?: (?:في|يوم|بتاريخ|بواسطه))? ?:? ?)?"
    rf"(?P<date>(?:(?:يوم )?{_WEEKDAY} ?[,-]? ?)?"
    r"(?:\d{1,2} ?[/.-] ?\d{1,2} ?[/.-] ?\d{4}|\d{4}[/-]\d{1,2}[/-]\d{1,2}(?:[t ]\d{2}:\d{2}(?::\d{2})?\S*)?"
    r"|\d{1,2} (?:من )?[ء-ي]+(?: ?[/(] ?[ء-ي]+ ?\)?)?(?: [ء-ي]+)? \d{4})"
    rf"(?: ?[-|,@] ?| )?(?:{_CLOCK})?)\.?"
)
_LEARNABLE = 120  # letters; longer lines are never learned as boilerplate
_HEAD_LINES, _TAIL_LINES = 3, 6  # what an article's edges are
_MOST_LEARNABLE = 8  # short lines kept of either half of an article; a list of results has hundreds
_TITLE_JOINTS = frozenset(["بن", "عبد", "ابو", "ابن", "ايت", "بو", "اولاد"])


class _Line(NamedTuple):
    start: int
    end: int
    folded: str
    gap: bool  # an empty line stands before it


@dataclass(slots=True)
class Layout:
    """Spans in clean text, in order.  ``published`` and ``author`` are what header lines say, as written."""

    blocks: list[tuple[BlockKind, Span]] = field(default_factory=list)
    boilerplate: list[Span] = field(default_factory=list)
    published: str | None = None
    author: str | None = None
    short_lines: tuple[ShortLine, ...] = ()


class _Part(NamedTuple):
    """A stretch of a line; kind None is boilerplate."""

    kind: BlockKind | None
    start: int
    end: int


def _lines(text: CleanText, skip: int) -> list[_Line]:
    found = []
    search = text.search
    at, size, gap = skip, len(search), False
    while at < size:
        end = search.find("\n", at)
        if end < 0:
            end = size
        if end > at:
            found.append(_Line(at, end, search[at:end], gap))
            gap = False
        else:
            gap = True
        at = end + 1
    return found


# ---------------------------------------------------------------------------------------- whole lines


def _mark_lines(lines: list[_Line], rules: Rules, title: str) -> list[bool]:
    """Which lines the rules call boilerplate as a whole, wherever they stand."""
    gone = [False] * len(lines)
    zone = ""
    for i, line in enumerate(lines):
        folded = line.folded
        short = len(folded) <= _SHORT
        if folded == title:
            zone = ""
            continue
        if _is_own(folded, rules):
            gone[i] = True
        elif short and rules.form.fullmatch(folded):
            gone[i], zone = True, "form"
        elif short and rules.links.fullmatch(folded):
            gone[i], zone = True, "links"
        elif (short and (rules.line.fullmatch(folded) or _is_widget(folded, rules))) or (
            zone == "form" and all(len(rest.folded) <= _SHORT for rest in lines[i:])
        ):
            gone[i] = True
        elif zone == "links" and len(folded) <= _HEADER and not _STOP.search(folded) and i >= 2:
            # a list of other articles' titles: only where no paragraph follows it
            gone[i] = all(len(rest.folded) <= _HEADER and not _STOP.search(rest.folded) for rest in lines[i:])
        else:
            zone = ""
    _mark_counters(lines, gone)
    return gone


def _short_lines(lines: list[_Line], gone: list[bool], rules: Rules, title: str) -> tuple[ShortLine, ...]:
    """Lines that may turn out to be boilerplate when many articles of the source have them.

    They do not depend on what was learned already, so counts of them do not either.  Single words and places
    are left out: a dateline recurs as often as any slug.
    """
    found: dict[str, bool] = {}
    last = len(lines) - _TAIL_LINES
    for i, line in enumerate(lines):
        folded = line.folded
        if gone[i] or len(folded) > _LEARNABLE or " " not in folded or folded == title:
            continue
        if all(folded[a:b] in rules.places for a, b in _pieces(folded)):
            continue
        edge = 0 < i < _HEAD_LINES or i >= max(1, last)
        found[folded] = edge and found.get(folded, True)
    if len(found) > 2 * _MOST_LEARNABLE:
        items = list(found.items())
        found = dict(items[:_MOST_LEARNABLE] + items[-_MOST_LEARNABLE:])
    return tuple([ShortLine(folded, edge) for folded, edge in found.items()])


def _is_own(folded: str, rules: Rules) -> bool:
    """A line that the source's description names."""
    if folded in rules.fixed or _is_slug(folded, rules):
        return True
    return rules.own is not None and len(folded) <= _SHORT and rules.own.fullmatch(folded) is not None


def _is_slug(folded: str, rules: Rules) -> bool:
    """The source's own name, alone or between brackets and dashes."""
    return folded in rules.slugs or (len(folded) <= 40 and folded.strip("-/|:() ") in rules.slugs)


def _is_mark(folded: str, rules: Rules) -> bool:
    """An agency, a desk, the source or a domain."""
    return (
        rules.agency.fullmatch(folded) is not None
        or _is_slug(folded, rules)
        or _DOMAIN.fullmatch(folded) is not None
    )


def _mark_counters(lines: list[_Line], gone: list[bool]) -> None:
    """Numbers alone on a line at either end of the text; inside it they may be the article's own."""
    for order in (range(min(len(lines), 5)), range(len(lines) - 1, max(-1, len(lines) - 4), -1)):
        for i in order:
            if gone[i] or (i == 0 and not gone[i]):
                continue
            if len(lines[i].folded) > _HEADER:
                break
            if _COUNTER.fullmatch(lines[i].folded) and not (i > 0 and lines[i - 1].folded.endswith(":")):
                gone[i] = True


def _widget_run(folded: str, rules: Rules) -> int:
    """Length of the sharing bar that ``folded`` begins with; 0 where it begins with none."""
    at, networks, words = 0, 0, 0
    while (match := rules.widget.match(folded, at)) is not None and match.end() > at:
        at = match.end()
        words += 1
        networks += match.group().strip(" |,/") in rules.network
    return at if (networks >= 2 and words >= 3) or (networks >= 1 and words >= 4) else 0


def _is_widget(folded: str, rules: Rules) -> bool:
    return len(folded) <= 160 and _widget_run(folded, rules) == len(folded)


# ---------------------------------------------------------------------------------------------- header


def _date_line(folded: str) -> bool:
    return _DIGIT.search(folded) is not None and _DATE.fullmatch(folded) is not None


def _is_name(words: list[str], rules: Rules) -> bool:
    """Whether a few words look like a person's name and nothing else."""
    if not 2 <= len(words) <= 6 or words[0] not in rules.given_names:
        return False
    if not rules.sentence_words.isdisjoint(words):
        return False
    rest = [w for w in words[1:] if w not in _TITLE_JOINTS]
    if len(words) <= 2:
        return True
    # a third word that is no article's and no second name's may be a verb: محمد صلاح يغيب
    return (
        all(w.startswith(("ال", "عبد", "و")) or w in rules.given_names for w in rest[1:]) and len(rest) <= 4
    )


def _pieces(folded: str) -> list[Span]:
    """Parts of a header line between dashes, bars and commas."""
    spans, at = [], 0
    for match in _DASH.finditer(folded):
        spans.append((at, match.start()))
        at = match.end()
    spans.append((at, len(folded)))
    return [
        (a + len(folded[a:b]) - len(folded[a:b].lstrip()), a + len(folded[a:b].rstrip())) for a, b in spans
    ]


def _split_header(line: _Line, rules: Rules, slugged: bool) -> list[_Part] | None:
    """``name - place``, ``place - agency - name`` and the like; None where the line is something else."""
    spans = [(a, b) for a, b in _pieces(line.folded) if b > a]
    if not 2 <= len(spans) <= 4:
        return None
    kinds = []
    for a, b in spans:
        piece = line.folded[a:b]
        words = piece.split(" ")
        if _is_mark(piece, rules):
            kinds.append("mark")
        elif piece in rules.places or (len(words) == 1 and _NAMES_ONLY.fullmatch(piece)):
            kinds.append("place")
        elif _NAMES_ONLY.fullmatch(piece) and (
            _is_name(words, rules) or (slugged and len(words) <= 3 and rules.sentence_words.isdisjoint(words))
        ):
            kinds.append("name")
        elif _NAMES_ONLY.fullmatch(piece) and 2 <= len(words) <= 3 and rules.sentence_words.isdisjoint(words):
            kinds.append("words")
        else:
            return None
    if "mark" not in kinds and "name" not in kinds:
        return None
    return [
        _Part(BlockKind.DATELINE if kind == "place" else None, line.start + a, line.start + b)
        for kind, (a, b) in zip(kinds, spans, strict=True)
    ]


def _header(line: _Line, rules: Rules, slugged: bool, strict: bool) -> list[_Part] | None:
    """What a short line above the body is; None for a heading or a paragraph.  ``strict`` takes only what a
    title cannot be."""
    folded = line.folded
    if len(folded) > _HEADER:
        return None
    whole = [_Part(None, line.start, line.end)]
    if _is_mark(folded, rules) or rules.byline.fullmatch(folded) or _date_line(folded):
        return whole
    words = folded.split(" ")
    if not (_END.search(folded) or _DIGIT.search(folded)):
        parts = _split_header(line, rules, slugged)
        if parts is not None and (slugged or not strict or all(p.kind is None for p in parts)):
            return parts
    if (signed := rules.signed.search(folded)) is not None and signed.start() > 0 and len(words) <= 14:
        before = folded[: signed.start("mark")].rstrip(" -/|")
        dated = _YEAR_END.search(before) is not None and rules.sentence_words.isdisjoint(words)
        if dated or before in rules.places or " " not in before:
            cut = line.start + len(before)
            return [
                _Part(BlockKind.DATELINE, line.start, cut),
                _Part(None, line.start + signed.start("mark"), line.end),
            ]
    if _END.search(folded) or _DIGIT.search(folded):
        return None
    if strict and not slugged:
        return None
    if folded in rules.places or (slugged and len(words) == 1 and _NAMES_ONLY.fullmatch(folded)):
        return [_Part(BlockKind.DATELINE, line.start, line.end)]
    if _NAMES_ONLY.fullmatch(folded) is None:
        return None
    if _is_name(words, rules) and len(words) <= 4:
        return whole
    if slugged and 2 <= len(words) <= 3 and rules.sentence_words.isdisjoint(words):
        return whole
    return None


# ----------------------------------------------------------------------------------------------- title


def _title_by_metadata(lines: list[_Line], gone: list[bool], title: str) -> tuple[int, int] | None:
    """(line, where the title ends in it) of the title that metadata names, among the first lines."""
    for i, line in enumerate(lines[:6]):
        if gone[i]:
            continue
        at = line.folded.find(title)
        if at < 0 or at > 20:
            continue
        end = at + len(title)
        rest = line.folded[end:]
        if not rest or len(rest) <= 25:
            return i, line.end
        if not rest[0].isalnum():
            return i, line.start + end
    return None


def _looks_like_title(lines: list[_Line], gone: list[bool], i: int) -> bool:
    """Whether line i is a title by its look: short, no full stop, with prose behind it."""
    line = lines[i]
    rest = [other for j, other in enumerate(lines) if j > i and not gone[j]]
    if not rest:
        return False
    size = len(line.folded)
    words = line.folded.count(" ") + 1
    if size > _TITLE or not 2 <= words <= 34 or _STOP.search(line.folded) or line.folded[-1] in ",:;":
        return False
    longest = max(len(other.folded) for other in rest)
    apart = lines[i + 1].gap if i + 1 < len(lines) else False
    if apart:
        return longest > size or size <= 100
    if size > _TITLE_BARE or line.folded.count(",") > 2:
        return False
    return len(rest[0].folded) >= 1.3 * size and longest >= 120


# ------------------------------------------------------------------------------------------ paragraphs


def _trim(search: str, start: int, end: int) -> Span:
    """Without blanks at the edges."""
    while start < end and search[start] == " ":
        start += 1
    while start < end and search[end - 1] == " ":
        end -= 1
    return start, end


def _cut_head(part: _Part, search: str, rules: Rules) -> list[_Part]:
    """Agency mark with its place, or a sharing bar, off a paragraph's start."""
    folded = search[part.start : min(part.end, part.start + 200)]
    if run := _widget_run(folded, rules):
        return [_Part(None, part.start, part.start + run), _Part(part.kind, part.start + run, part.end)]
    if rules.heads is not None and (own := rules.heads.match(folded)) is not None and own.end():
        cut = part.start + own.end()
        return [_Part(None, part.start, cut), _Part(part.kind, cut, part.end)]
    match = rules.head_mark.match(folded[:110])
    if match is None:
        return [part]
    place, mark = match["place"].rstrip(" -/|,"), match["mark"]
    words = place.split()
    if len(words) > 7 or not rules.sentence_words.isdisjoint(words):
        return [part]
    if place and mark.rstrip()[-1] not in "-/:|":
        return [part]  # in brackets, but nothing follows them: (رويترز) may be part of the sentence
    if place and mark[0] not in "(-/:|" and not match["place"][len(place) :].strip():
        return [part]  # a word of the sentence
    a, b = part.start, part.start + len(place)
    parts = [
        _Part(None, b, part.start + match.end("mark")),
        _Part(part.kind, part.start + match.end("mark"), part.end),
    ]
    if place.strip(" -/|,"):
        parts.insert(0, _Part(BlockKind.DATELINE, a, a + len(place)))
    return parts


def _cut_tail(part: _Part, search: str, rules: Rules) -> list[_Part]:
    """Credit, agency, initials, tags or a name behind the last sentence."""
    parts: list[_Part] = []
    end = part.end
    for _ in range(3):  # a credit may stand before initials
        from_ = max(part.start, end - 160)
        folded = search[from_:end]
        match = rules.tail.search(folded) or (rules.tails.search(folded) if rules.tails is not None else None)
        cut = -1
        if match is not None:
            cut = from_ + (match.start("mark") if "mark" in match.groupdict() else match.start())
        else:
            stop = max(folded.rfind(mark) for mark in '.!?"')
            name = folded[stop + 1 :].strip()
            if stop >= 0 and name and _is_name(name.split(" "), rules) and _NAMES_ONLY.fullmatch(name):
                cut = from_ + stop + 1
        if cut <= part.start and not (match is not None and cut == part.start):
            break
        parts.insert(0, _Part(None, cut, end))
        end = cut
        while end > part.start and search[end - 1] == " ":
            end -= 1
        if end <= part.start:
            break
    return [_Part(part.kind, part.start, end), *parts] if end > part.start else parts


def _deduplicate(parts: list[_Part], search: str) -> list[_Part]:
    """A paragraph that was there already, the title included, is boilerplate the second time."""
    seen: set[str] = set()
    out = []
    for part in parts:
        if part.kind in (BlockKind.TITLE, BlockKind.PARAGRAPH):
            folded = search[part.start : part.end].strip(" .")
            if folded in seen and len(folded) > 40:
                part = _Part(None, part.start, part.end)
            seen.add(folded)
        out.append(part)
    return out


# ---------------------------------------------------------------------------------------------- public


def lay_out(
    text: CleanText,
    metadata: Metadata,
    rules: Rules,
    *,
    skip: int = 0,
    recurring: frozenset[str] = frozenset(),
) -> Layout:
    """Blocks and boilerplate of a cleaned text.

    ``skip``       clean characters before it are boilerplate (front matter)
    ``recurring``  folded lines known to recur over many articles of the source
    """
    search = text.search
    lines = _lines(text, skip)
    title = fold(metadata.title) if metadata.title else ""
    gone = _mark_lines(lines, rules, title)
    layout = Layout(short_lines=_short_lines(lines, gone, rules, title))
    if recurring:
        gone = [
            there or (line.folded in recurring and line.folded != title)
            for there, line in zip(gone, lines, strict=True)
        ]
    parts: list[_Part] = []
    slugged = bool(lines) and gone[0] and len(lines[0].folded) <= 40
    titled = False
    header = True
    known = _title_by_metadata(lines, gone, title) if title else None
    slugs = 0
    for i, line in enumerate(lines):
        if gone[i]:
            parts.append(_Part(None, line.start, line.end))
            if header and _date_line(line.folded):
                layout.published = layout.published or text.text[line.start : line.end]
            continue
        if known is not None and i == known[0]:
            parts += _title_parts(line, known[1], search, rules)
            titled, header = True, True
            continue
        if header:
            before_title = not titled
            found = None
            if not (known is not None and i < known[0] and len(line.folded) > _HEADER):
                found = _header(line, rules, slugged, strict=before_title)
            if found is not None and any(not gone[j] for j in range(i + 1, len(lines))):
                parts += found
                if _date_line(line.folded):
                    layout.published = layout.published or text.text[line.start : line.end]
                elif all(p.kind is None for p in found) and not _is_mark(line.folded, rules):
                    layout.author = layout.author or text.text[line.start : line.end]
                slugs += 1
                header = slugs < 6
                continue
            if before_title and known is None and _looks_like_title(lines, gone, i):
                parts += _title_parts(line, line.end, search, rules)
                titled, slugged = True, False
                continue
            # a heading under the title may stand before the byline: أصوات تنادي ... / ماجد هود ـ جدة
            header = titled and len(line.folded) <= _HEADER and not _END.search(line.folded) and slugs < 6
            slugs += 1
        parts.append(_Part(BlockKind.PARAGRAPH, line.start, line.end))
    parts = _cut_edges(parts, search, rules)
    for part in _deduplicate(parts, search):
        a, b = _trim(search, part.start, part.end)
        if a == b:
            continue
        if part.kind is None:
            layout.boilerplate.append((a, b))
        else:
            layout.blocks.append((part.kind, (a, b)))
    return layout


def _title_parts(line: _Line, end: int, search: str, rules: Rules) -> list[_Part]:
    parts = []
    start = line.start
    if (wire := rules.wire.match(line.folded)) is not None and wire.end() < end - line.start:
        parts.append(_Part(None, start, start + wire.end()))
        start += wire.end()
    parts.append(_Part(BlockKind.TITLE, start, end))
    if end < line.end:
        # title and body on one line: what joins them goes to neither
        at = end
        while at < line.end and search[at] in " -:|.":
            at += 1
        parts.append(_Part(BlockKind.PARAGRAPH, at, line.end))
    return parts


def _cut_edges(parts: list[_Part], search: str, rules: Rules) -> list[_Part]:
    """Marks off the first two paragraphs' starts and the last paragraph's end."""
    places = [i for i, part in enumerate(parts) if part.kind is BlockKind.PARAGRAPH]
    if not places:
        return parts
    edits: dict[int, list[_Part]] = {}
    for i in places[:2]:
        edits[i] = _cut_head(parts[i], search, rules)
    last = places[-1]
    before = edits.get(last, [parts[last]])
    edits[last] = [*before[:-1], *_cut_tail(before[-1], search, rules)]
    if len(places) > 1 and all(p.kind is None for p in edits[last]):
        # the last line was a signature: the paragraph before it may end in a credit
        i = places[-2]
        before = edits.get(i, [parts[i]])
        edits[i] = [*before[:-1], *_cut_tail(before[-1], search, rules)]
    return [new for i, part in enumerate(parts) for new in edits.get(i, [part])]
