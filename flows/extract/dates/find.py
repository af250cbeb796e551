"""The expressions of one article, in order, traps left out."""

from __future__ import annotations

import re
from functools import cache

from flows.extract.dates.build import best_match, build
from flows.extract.dates.context import inside_quotes, tense, trap
from flows.extract.dates.grammar import by_first
from flows.extract.dates.lexer import Tokens, tokenize
from flows.extract.dates.model import Expression
from flows.records import CleanText

LEAD = 2  # lines of text, the title among them, that count as the lead
SHORTEST_LINE = 40  # letters; shorter lines (a source, a rubric, a dateline) are not counted


@cache
def starters() -> re.Pattern[str]:
    """Cells that can begin an expression; marks are no class letters, so a match keeps to whole cells."""
    return re.compile(f"[ &<+][{''.join(sorted(by_first()))}]")


def expressions(
    text: CleanText, lead_end: int | None = None
) -> tuple[Tokens, list[Expression], list[tuple[Expression, str]]]:
    """Tokens, the expressions by position, and what the grammar saw but the context refused (with why).

    ``lead_end``: where title and first paragraph end; guessed from the lines when it is not given.
    """
    tokens = tokenize(text.search, text.text)
    found: list[Expression] = []
    refused: list[tuple[Expression, str]] = []
    cells = tokens.cells
    position = -1
    for match in starters().finditer(cells):
        index = match.start() // 2
        if index < position:
            continue
        matched = best_match(tokens, index)
        if matched is None:
            continue
        expression = build(tokens, *matched)
        if expression is None:
            continue
        first, last = expression.tokens
        # what people say on a day places the day, not the dates that they speak of
        expression.tense = tense(tokens, first, last, strict=not expression.bare_weekday)
        reason = trap(tokens, expression)
        if reason is not None:
            refused.append((expression, reason))
            if expression.ends is None:
                position = last  # شارع 20 غشت: what is left of it is no month either
            continue
        found.append(expression)
        position = last
    _place(tokens, found, lead_end)
    return tokens, found, refused


def _place(tokens: Tokens, found: list[Expression], lead_end: int | None) -> None:
    """Which expressions stand in the lead, which inside quotation marks."""
    if not found:
        return
    if lead_end is None:
        lead_end = _guess_lead(tokens.search)
    for expression in found:
        expression.lead = expression.span[0] < lead_end
        expression.quoted = inside_quotes(tokens, expression.span[0])


def _guess_lead(search: str) -> int:
    lines, begin = 0, 0
    while (end := search.find("\n", begin)) != -1:
        lines += end - begin >= SHORTEST_LINE
        if lines == LEAD:
            return end
        begin = end + 1
    return len(search)
