"""Text with names, dates and events marked in place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from markupsafe import Markup, escape


class Mark(NamedTuple):
    """A stretch of text [start, end) and the tags around it; ``plain_open`` where links cannot nest."""

    start: int
    end: int
    open: str
    close: str
    plain_open: str
    plain_close: str


def marked(text: str, start: int, end: int, marks: Iterable[Mark]) -> Markup:
    """The characters [start, end) of ``text``, escaped, with the marks inside them.

    Marks nest; one that crosses the border of an earlier one ends there.  Links do not nest in links.
    """
    parts: list[str] = []
    stack: list[tuple[int, str, bool]] = []  # end, closing tag, whether it is a link
    at = start
    inside = (m for m in marks if start <= m.start < m.end <= end)
    for mark in sorted(inside, key=lambda m: (m.start, -m.end)):
        while stack and stack[-1][0] <= mark.start:
            at = _close(parts, stack, text, at)
        parts.append(escape(text[at : mark.start]))
        at = mark.start
        until = min(mark.end, stack[-1][0]) if stack else mark.end
        if until <= at:
            continue
        link = mark.open.startswith("<a ")
        if link and any(one[2] for one in stack):
            parts.append(mark.plain_open)
            stack.append((until, mark.plain_close, False))
        else:
            parts.append(mark.open)
            stack.append((until, mark.close, link))
    while stack:
        at = _close(parts, stack, text, at)
    parts.append(escape(text[at:end]))
    return Markup("".join(parts))


def _close(parts: list[str], stack: list[tuple[int, str, bool]], text: str, at: int) -> int:
    until, tag, _ = stack.pop()
    if until > at:
        parts.append(escape(text[at:until]))
        at = until
    parts.append(tag)
    return at
