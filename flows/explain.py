"""`rasd explain`: an article with its names, dates and events marked in place, and why each event is one."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from flows.records import EntityKind, Event, Extraction, Role, Span
from flows.terminal import isolate

STYLES = {
    EntityKind.PERSON: ("bold cyan", "P"),
    EntityKind.ORGANIZATION: ("bold magenta", "O"),
    EntityKind.LOCATION: ("bold green", "L"),
    EntityKind.NAMED_EVENT: ("bold blue", "E"),
}
DATE_STYLE, TRIGGER_STYLE = "yellow", "bold red underline"


def print_explanation(extraction: Extraction, out: Console) -> None:
    """Print the marked text, then entities, dates, offices, events and quotations with what decided them."""

    def arabic(text: str) -> str:
        return isolate(text, terminal=out.is_terminal)

    article = extraction.article
    published = article.published
    out.print(Text(f"{extraction.raw.uri}", style="dim"))
    out.print(
        f"language {article.language}, encoding {extraction.decoded.encoding},"
        f" published {published.start or '?'} .. {published.end or '?'} ({published.basis.value})\n"
    )
    marks = _marks(extraction)
    for block in article.blocks:
        out.print(_marked(extraction, block.span, marks, colour=out.is_terminal))
    out.print("\n[bold]names[/bold]")
    for entity in extraction.entities:
        surfaces = "، ".join(dict.fromkeys(extraction.surface(m.span) for m in entity.mentions))
        best = max(m.confidence for m in entity.mentions)
        head = f"  {entity.kind.value:<13}{best:.2f} {len(entity.mentions):>3} x  "
        out.print(Text(head + arabic(surfaces)))
    for office in extraction.offices:
        person = extraction.entities[office.person].name
        out.print(Text(f"  office       {arabic(person)}: {arabic(office.title)} ({office.tenure})"))
    if extraction.dates:
        out.print("\n[bold]dates[/bold]")
    for date in extraction.dates:
        value = date.value
        says = f"{value.start or '?'} .. {value.end or '?'} ({value.basis.value}, {value.rule})"
        out.print(Text(f"  {says:<56}{arabic(extraction.surface(date.span))}"))
    for number, event in enumerate(extraction.events, 1):
        _print_event(extraction, number, event, out)
    for quotation in extraction.quotations:
        verb = arabic(extraction.surface(quotation.verb))
        kind = "quotation" if quotation.direct else "statement"
        out.print(Text(f"\n{kind}  {arabic(quotation.speaker_text)}  {verb}"))
        out.print(Text(f"  {arabic(extraction.surface(quotation.quote))}"))


def _marks(extraction: Extraction) -> list[tuple[Span, str, str]]:
    """(span, style, letter) of everything to mark, by position, outer before inner."""
    marks = [(m.span, *STYLES[e.kind]) for e in extraction.entities for m in e.mentions]
    marks += [(d.span, DATE_STYLE, "D") for d in extraction.dates]
    for number, event in enumerate(extraction.events, 1):
        marks += [(span, TRIGGER_STYLE, f"{number}") for span in event.triggers]
    return sorted(marks, key=lambda mark: (mark[0][0], -mark[0][1]))


def _marked(extraction: Extraction, span: Span, marks: list[tuple[Span, str, str]], *, colour: bool) -> Text:
    """One block: in colours on a terminal, else with [P name] marks where marks do not overlap."""
    text = extraction.article.text.text
    start, end = span
    inside = [mark for mark in marks if start <= mark[0][0] and mark[0][1] <= end]
    if colour:
        shown = Text(text[start:end])
        for (a, b), style, _letter in inside:
            shown.stylize(style, a - start, b - start)
        return shown
    parts, at = [], start
    for (a, b), _style, letter in inside:
        if a >= at:
            parts += [text[at:a], f"[{letter} {text[a:b]}]"]
            at = b
    return Text("".join([*parts, text[at:end]]))


def _print_event(extraction: Extraction, number: int, event: Event, out: Console) -> None:
    def arabic(text: str) -> str:
        return isolate(text, terminal=out.is_terminal)

    when = "undated"
    if event.date is not None:
        value = extraction.dates[event.date].value
        when = f"{value.start or '?'} .. {value.end or '?'}"
    out.print(f"\n[bold]event {number}  {event.type.value}[/bold]  {event.status.value}, {when}")
    out.print(Text(f"  confidence  {event.confidence:.2f}   rule {event.rule or '-'}"))
    for role in Role:
        names = [p.text for p in event.participants if p.role is role]
        if names:
            out.print(Text(f"  {role.value:<12}{arabic('، '.join(names))}"))
    if event.location is not None:
        out.print(Text(f"  place       {arabic(extraction.entities[event.location].name)}"))
    if event.attribution is not None:
        out.print(Text(f"  says        {arabic(extraction.surface(event.attribution))}"))
    for trigger in event.triggers:
        start, end = extraction.raw_span(trigger)
        sentence = next(
            (s for s in extraction.article.sentences if s.start <= trigger[0] < s.end),
            None,
        )
        words = "" if sentence is None else extraction.clean((sentence.start, sentence.end))
        out.print(Text(f"  evidence    {arabic(extraction.surface(trigger))}  characters {start} to {end}"))
        if words:
            out.print(Text(f"    {arabic(words)}", style="dim"))
