"""What a run brought from each source, compared with what is expected of it.

Bounds come from the source's YAML (flows/read/sources/*.yaml, ``expectations``) and from the source's own
history; a source that nobody described has the defaults of ``Expectations``, which rest on history alone.
A few articles prove nothing: shares are judged from ``sample`` articles a run on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from sqlalchemy.engine import Connection

from db.operations import Miss, SourceCounts, articles_within, history, record_misses, record_sources
from db.rows import ArticleRows
from flows.clean.normalize import fold
from flows.read.sources import Expectations, by_name

__all__ = ["canonical", "counted", "judge", "misses"]


def canonical(source: str | None) -> str:
    """The slug of an outlet by any of its names; an unknown name as it is, '' for none."""
    if not source:
        return ""
    known = by_name().get(fold(source)) or by_name().get(fold(source.removeprefix("www.")))
    return known.slug if known is not None else source


def counted(articles: Iterable[ArticleRows]) -> tuple[SourceCounts, ...]:
    """What a batch brings, by source."""
    found: dict[str, SourceCounts] = {}
    for article in articles:
        row = article.extraction
        source = canonical(row.source)
        one = SourceCounts(
            source,
            1,
            int(row.published_first_day is not None),
            int(row.title is not None),
            int(row.language == "ar"),
            len(article.entities),
            len(article.events),
            row.seconds,
        )
        found[source] = found[source] + one if source in found else one
    return tuple(found.values())


def judge(
    connection: Connection, run_id: int, counts: Sequence[SourceCounts], served: str | None = None
) -> list[Miss]:
    """Record what a run brought and return, recorded too, the expectations that it missed.

    served: the source whose inbox the run looked at; its number of articles is judged even where none came.
    """
    record_sources(connection, run_id, counts)
    by_source = {row.source: row for row in counts if row.source}
    if served:
        by_source.setdefault(canonical(served), SourceCounts(canonical(served)))
    missed = []
    for source, row in sorted(by_source.items()):
        described = by_name().get(fold(source))
        expected = described.expectations if described is not None else Expectations()
        past = history(connection, run_id, source, expected.sample) if row.articles else []
        recent = articles_within(connection, source, expected.hours) if expected.minimum_articles else None
        missed += misses(row, expected, past, recent)
    record_misses(connection, run_id, missed)
    return missed


def misses(
    row: SourceCounts,
    expected: Expectations,
    past: Sequence[SourceCounts],
    recent: tuple[int, bool] | None,
) -> list[Miss]:
    """What one source's counts miss.

    past: earlier runs of at least ``expected.sample`` articles.  recent: articles within ``expected.hours``,
    and whether the source has been watched for that long.
    """
    found = []

    def miss(expectation: str, bound: float, observed: float, message: str) -> None:
        found.append(Miss(row.source, expectation, bound, observed, f"{row.source}: {message}"))

    if recent is not None and recent[1] and recent[0] < expected.minimum_articles:
        miss(
            "minimum_articles",
            expected.minimum_articles,
            recent[0],
            f"{recent[0]:,} articles within {expected.hours:g} hours, expected {expected.minimum_articles:,}",
        )
    if row.articles < expected.sample or row.articles == 0:
        return found
    for name, bound, number, what in (
        ("minimum_dated_share", expected.minimum_dated_share, row.dated, "have a publication date"),
        ("minimum_titled_share", expected.minimum_titled_share, row.titled, "have a title"),
        ("minimum_arabic_share", expected.minimum_arabic_share, row.arabic, "are in Arabic"),
    ):
        share = number / row.articles
        if share < bound:
            miss(name, bound, share, f"{share:.0%} {what}, expected {bound:.0%}")
    if len(past) >= expected.history:
        found += _unusual(row, expected, past)
    return found


def _unusual(row: SourceCounts, expected: Expectations, past: Sequence[SourceCounts]) -> list[Miss]:
    found = []
    usual, now = median(run.names / run.articles for run in past), row.names / row.articles
    factor = expected.usual_names_factor
    if factor and usual > 0 and not usual / factor <= now <= usual * factor:
        message = f"{row.source}: {now:.1f} names an article, usually {usual:.1f}"
        found.append(Miss(row.source, "usual_names", usual, now, message))
    usual, now = median(run.arabic / run.articles for run in past), row.arabic / row.articles
    if usual - now > expected.usual_arabic_drop:
        message = f"{row.source}: {now:.0%} are in Arabic, usually {usual:.0%}"
        found.append(Miss(row.source, "usual_arabic_share", usual, now, message))
    return found
