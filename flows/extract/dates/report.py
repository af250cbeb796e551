"""find_dates: expressions -> mentions with values; explain: the same for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from flows.clean.normalize import clean
from flows.extract.dates import infer as solver
from flows.extract.dates.calendars import last_on_or_before
from flows.extract.dates.context import restated, tense
from flows.extract.dates.dated import Memory
from flows.extract.dates.find import expressions
from flows.extract.dates.infer import Writing, candidate_strings, fitting_years
from flows.extract.dates.lexer import Tokens
from flows.extract.dates.model import Expression, Interval, Setting, iso
from flows.extract.dates.publication import parse_publication
from flows.extract.dates.resolve import resolve
from flows.extract.dates.vocabulary import vocabulary
from flows.records import Article, Basis, BlockKind, DateMention, DateValue, Precision


@dataclass(frozen=True, slots=True)
class Explanation:
    """One line of ``rasd dates``: ``accepted`` is False for words that look like a date and are none."""

    surface: str
    span: tuple[int, int]
    value: DateValue
    rule: str
    reason: str
    candidates: tuple[str, ...]
    accepted: bool = True


def find_dates(article: Article) -> tuple[tuple[DateMention, ...], DateValue]:
    """The temporal expressions of an article by position, and its own date.

    Spans are in ``article.text`` without attached و ف ب ل ك س.  The article's own date is the metadata's when
    there is one, else what the expressions together leave possible (basis ``inferred``, perhaps an interval
    or candidates only), else an empty value.
    """
    published = article.published
    written = _day(published)
    paragraph = next((b.span[1] for b in article.blocks if b.kind is BlockKind.PARAGRAPH), None)
    tokens, found, _ = expressions(article.text, paragraph)
    values, writing = _values(tokens, found, written, setting_of(article.source, article.metadata.url))
    mentions = tuple(DateMention(e.span, v) for e, v in zip(found, values, strict=True))
    if written is not None or published.start is not None:
        return mentions, published
    return mentions, _own_date(writing)


def explain(text: str, published: str | None = None) -> list[Explanation]:
    """What was found in a text, how it was resolved and why; traps are listed with ``accepted`` False.

    Raises ValueError when ``published`` is no date.
    """
    known = parse_publication(published) if published is not None else None
    if published is not None and known is None:
        raise ValueError(f"no date: {published!r}")
    layers = clean(text)
    tokens, found, refused = expressions(layers)
    values, writing = _values(tokens, found, _day(known) if known else None, setting_of(None, None))
    out = [
        Explanation(layers.text[slice(*e.span)], e.span, v, v.rule, _reason(e, v, writing), v.candidates)
        for e, v in zip(found, values, strict=True)
    ]
    taken = [e.span for e in found]
    for expression, reason in refused:
        if not any(a < expression.span[1] and expression.span[0] < b for a, b in taken):
            surface = layers.text[slice(*expression.span)]
            out.append(Explanation(surface, expression.span, DateValue(), "", reason, (), accepted=False))
    return sorted(out, key=lambda line: line.span)


def _reason(expression: Expression, value: DateValue, writing: Writing | None) -> str:
    parts = []
    if value.basis is Basis.TEXT:
        parts.append("said in full")
    elif value.basis is Basis.METADATA:
        parts.append("counted from the day of publication")
    elif value.basis is Basis.INFERRED:
        parts.append("inferred from the article's expressions together")
    elif value.candidates:
        parts.append("several days remain possible")
    else:
        parts.append("nothing fixes it")
    if expression.tense:
        parts.append("the clause looks ahead" if expression.tense > 0 else "the clause looks back")
    if value.conflict:
        parts.append(value.conflict)
    if writing is not None and writing.reasons and value.basis is not Basis.TEXT:
        parts.append("; ".join(writing.reasons))
    return ", ".join(parts)


def _day(value: DateValue | None) -> date | None:
    """The publication day, None unless it is known to the day."""
    if value is None or value.start is None or len(value.start) != 10 or value.start != value.end:
        return None
    return date.fromisoformat(value.start)


@cache
def setting_of(source: str | None, url: str | None) -> Setting:
    """Weekend and week of the paper's country; the world's where the paper is not known."""
    vocab = vocabulary()
    territory = "001"
    for name in (source, url):
        if not name:
            continue
        found = [
            place
            for place, outlets in vocab.source.outlets.items()
            if any(_names(outlet, name.lower()) for outlet in outlets)
        ]
        if found:
            territory = found[0]
            break
        suffix = name.lower().split("//")[-1].split("/")[0].rsplit(".", 1)[-1].upper()
        if suffix in vocab.calendar.weeks:
            territory = suffix
            break
    return Setting(territory, vocab.calendar.weeks[territory])


def _names(outlet: str, source: str) -> bool:
    host = source.rsplit("//", maxsplit=1)[-1].split("/", maxsplit=1)[0]
    return (
        host == outlet or outlet in host.replace("www.", "").split(".") or ("." in outlet and outlet in host)
    )


# ------------------------------------------------------------------------------------------ values


def _values(
    tokens: Tokens, found: list[Expression], written: date | None, setting: Setting
) -> tuple[list[DateValue], Writing | None]:
    if not found:
        return [], None
    dated = {
        (e.calendar, e.months[0], e.days[0]): e.years[0]
        for e in found
        if e.kind == "day" and e.days and e.months and e.years
    }
    writing: Writing | None = None
    days: tuple[date, ...] = ()
    if written is None:
        strict = {
            n: tense(tokens, *e.tokens, strict=True)
            for n, e in enumerate(found)
            if e.years or e.ends is not None
        }
        writing = solver.infer(found, strict)
        days = writing.days
        written = writing.certain
    else:
        written = _news_day(found, written)
    inferred = writing is not None
    memory = Memory(setting, dated=dated)
    values = []
    for number, expression in enumerate(found):
        interval = resolve(expression, written, memory)
        if (
            interval is None
            and number + 1 < len(found)
            and _says_again(tokens, expression, found[number + 1])
        ):
            interval = resolve(found[number + 1], written, memory)
        value = _value(expression, interval, inferred)
        if interval is None and inferred:
            value = _open_value(expression, days, memory)
        values.append(value)
        _remember(memory, expression, interval)
    return values, writing


def _news_day(found: list[Expression], published: date) -> date:
    """The day that the article speaks from: a stamp two days and more after the lead's bare weekday says when
    the page was fetched, not when it was written (unless another expression agrees with the stamp only)."""
    lead = next((e for e in found if e.bare_weekday and e.lead and e.tense <= 0), None)
    if lead is None:
        return published
    day = last_on_or_before(published, lead.weekdays[-1])
    if (published - day).days < 2:
        return published
    stated = [e for e in found if e.deictic is not None and e.weekdays]
    if any((published + timedelta(days=e.deictic or 0)).weekday() == e.weekdays[0] for e in stated):
        return published
    return day


def _says_again(tokens: Tokens, expression: Expression, following: Expression) -> bool:
    return restated(tokens, expression.tokens[1], following.tokens[0])


def _remember(memory: Memory, expression: Expression, interval: Interval | None) -> None:
    if interval is None or interval.start is None:
        return
    memory.last = interval
    if interval.precision is Precision.INTERVAL and expression.kind not in ("day", "years", "decade"):
        memory.last_period = interval
    if expression.weekdays and not expression.bare_weekday and interval.conflict is None and interval.end:
        memory.weekdays[expression.weekdays[0]] = interval.start
        memory.weekdays[expression.weekdays[-1]] = interval.end
    if interval.start == interval.end:
        memory.last_day = interval.start
        if expression.bare_weekday and expression.tense <= 0:
            memory.spoken = interval.start


def _value(expression: Expression, interval: Interval | None, inferred: bool) -> DateValue:
    if interval is None:
        return DateValue(rule=expression.kind, calendar=expression.calendar)
    basis = Basis.TEXT if expression.absolute else Basis.INFERRED if inferred else Basis.METADATA
    return DateValue(
        start=iso(interval.start, interval.start_grain),
        end=iso(interval.end, interval.end_grain),
        precision=interval.precision,
        calendar=interval.calendar,
        basis=basis,
        rule=interval.rule,
        conflict=interval.conflict,
    )


def _open_value(expression: Expression, days: tuple[date, ...], memory: Memory) -> DateValue:
    """No day of writing: the value if every possible day gives the same, else the candidates."""
    options: dict[tuple[date | None, date | None], Interval] = {}
    if days:
        for day in days:
            interval = resolve(expression, day, memory)
            if interval is None:
                return DateValue(rule=expression.kind, calendar=expression.calendar)
            options.setdefault((interval.start, interval.end), interval)
    elif expression.kind == "day" and expression.weekdays and expression.days and expression.months:
        own = expression if expression.months else expression.twin
        if own is not None and own.calendar == "gregorian" and own.year_relative is None:
            for start, end in fitting_years(own):
                options[(start, end)] = Interval(start, end, Precision.DAY, "weekday fits the day")
    if not options:
        return DateValue(rule=expression.kind, calendar=expression.calendar)
    found = list(options.values())
    if len(found) == 1:
        return _value(expression, found[0], inferred=True)
    return DateValue(
        precision=found[0].precision, calendar=expression.calendar, rule=found[0].rule,
        candidates=candidate_strings(found),
    )  # fmt: skip


def _own_date(writing: Writing | None) -> DateValue:
    """What the expressions say about the article's own date."""
    if writing is None or writing.first is None or writing.last is None:
        return DateValue()
    rule = "; ".join(writing.reasons)
    if writing.certain is not None:
        text = writing.certain.isoformat()
        return DateValue(text, text, Precision.DAY, basis=Basis.INFERRED, rule=rule)
    candidates = tuple(day.isoformat() for day in writing.days)
    first, last = writing.first, writing.last
    start = end = None
    if (last - first).days < 31:
        start, end = first.isoformat(), last.isoformat()
    elif last.year - first.year <= 1:
        start, end = str(first.year), str(last.year)
    return DateValue(start, end, Precision.INTERVAL if start else Precision.UNKNOWN, basis=Basis.INFERRED,
                     rule=rule, candidates=candidates)  # fmt: skip
