"""Happenings: which reports of different articles mean one and the same.

Whether two reports fit follows from these two reports alone; groups are made of all fitting pairs that hang
together, the best first, so the result does not depend on the order in which articles came.  Copies of a text
are compared with the original of their story only and originals with each other: a thousand copies cost a
thousand comparisons, not a million.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from flows.clean.normalize import fold
from flows.records import EntityKind, EventStatus, EventType, Precision, Role

__all__ = ["Happening", "Match", "Report", "blocks", "candidates", "group", "match", "report", "summarise"]

Key = tuple[int, int]

THRESHOLD = 0.6
_NEAR = 3  # days between a happening and a report that does not date it
_SHORT = 7  # days: a longer interval says little about the day
_BUCKET = 8  # days a block
_PERSON, _NAMED, _NAMED_MOST = 0.4, 0.25, 0.7
_SAME_PLACE, _OTHER_PLACE = 0.2, -0.15
_SAME_MODE, _SAME_HEAD, _SAME_TRIGGER, _SAME_STORY = 0.1, 0.15, 0.1, 0.35
_SAME_DAY, _SAME_WEEK, _VAGUE, _CONFLICT = 0.3, 0.2, 0.1, 0.0
_EACH_ANOTHER, _CROSSED = -0.6, -0.2
_ACTUAL = frozenset({EventStatus.OCCURRED.value, EventStatus.ONGOING.value})
_ANNOUNCED = frozenset(
    {
        EventStatus.PLANNED.value,
        EventStatus.CALLED_FOR.value,
        EventStatus.DENIED.value,
        EventStatus.CANCELLED.value,
    }
)
# who met whom is the same happening as whom who met
_MUTUAL = frozenset({EventType.CONSULT.value, EventType.AGREE.value, EventType.COOPERATE.value})
# these are done again the next day: a day's difference is another one
_REPEATED = frozenset(
    {
        EventType.ASSAULT.value,
        EventType.PROTEST.value,
        EventType.ACCIDENT.value,
        EventType.COERCE.value,
        EventType.AID.value,
        EventType.ACCUSE.value,
        EventType.HOLD.value,
    }
)
# one speaker does several of these in a day, about several things
_SPOKEN = frozenset(
    {
        EventType.REQUEST.value,
        EventType.REJECT.value,
        EventType.ACCUSE.value,
        EventType.THREATEN.value,
        EventType.SUPPORT.value,
        EventType.RETREAT.value,
    }
)
# a single letter only before what is long enough to be a word: لقاء and بقاء are whole ones
_CLITICS = re.compile("^(?:(?:[وف]?(?:[بك]ال|لل|ال)|و)(?=.{3})|[فبل](?=.{4}))")
_OWNERS = re.compile("(?<=.{4})(?:هما|هم|ها)$")


class Report(NamedTuple):
    """An event as one article tells it.  Days are ordinals (date.toordinal)."""

    key: Key  # extraction, number
    order: str  # the same for the same article in every database
    article: int
    story: int
    original: bool  # whether the article is the original of its story
    type: str
    mode: str | None
    status: str
    actors: frozenset[int]  # entities
    recipients: frozenset[int]
    people: frozenset[int]  # those of them that are persons
    lands: frozenset[int]  # those of them that are places
    heads: frozenset[str]  # unnamed participants, folded
    place: int | None
    first: int | None
    last: int | None
    precision: str
    published_first: int | None
    published_last: int | None
    trigger: str  # folded, without what is written together with it
    confidence: float


class Match(NamedTuple):
    score: float
    joins: bool  # one happening; otherwise one side announces or denies what the other reports


class Happening(NamedTuple):
    """What its reports say together; days are dates."""

    type: str
    mode: str | None
    status: str
    place: int | None
    first: date | None
    last: date | None
    precision: str
    conflict: bool
    reports: int
    stories: int
    first_reported: date | None
    last_reported: date | None
    confidence: float


def report(
    key: Key,
    *,
    order: str,
    article: int,
    story: int,
    original: bool,
    what: tuple[str, str | None, str, float],
    place: int | None,
    days: tuple[date | None, date | None, str],
    published: tuple[date | None, date | None],
    trigger: str,
    participants: Sequence[tuple[str, int | None, str | None, str]],
) -> Report:
    """A report from its rows.

    what: type, mode, status, confidence; place: entity; days: first, last, precision;
    participants: role, entity, kind, text of each.
    """
    type_, mode, status, confidence = what
    named = [(role, entity, kind) for role, entity, kind, _ in participants if entity is not None]
    first, last = days[0] or days[1], days[1] or days[0]
    return Report(
        key=key,
        order=order,
        article=article,
        story=story,
        original=original,
        type=type_,
        mode=mode,
        status=status,
        actors=frozenset(entity for role, entity, _ in named if role == Role.ACTOR),
        recipients=frozenset(entity for role, entity, _ in named if role == Role.RECIPIENT),
        people=frozenset(entity for _, entity, kind in named if kind == EntityKind.PERSON),
        lands=frozenset(entity for _, entity, kind in named if kind == EntityKind.LOCATION),
        heads=frozenset(fold(text) for _, entity, _, text in participants if entity is None),
        place=place,
        first=None if first is None else first.toordinal(),
        last=None if last is None else last.toordinal(),
        precision=days[2],
        published_first=_ordinal(published[0] or published[1]),
        published_last=_ordinal(published[1] or published[0]),
        trigger=_OWNERS.sub("", _CLITICS.sub("", fold(trigger))),
        confidence=confidence,
    )


def _ordinal(day: date | None) -> int | None:
    return None if day is None else day.toordinal()


# ------------------------------------------------------------------------------------- candidates


def blocks(one: Report) -> list[int]:
    """Keys, signed 64 bit: reports that can mean one happening share at least one of them."""
    keys = {_key(one.type, "story", one.story)}
    if one.original:
        named = one.actors | one.recipients
        window = _window(one)
        if window is not None:
            buckets = range(window[0] // _BUCKET, window[1] // _BUCKET + 1)
            keys |= {_key(one.type, "entity", entity, b) for entity in named for b in buckets}
            if not named and one.place is not None and _narrow(one):
                keys |= {_key(one.type, "place", one.place, b) for b in buckets}
    return sorted(keys)


def _key(*parts: object) -> int:
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def _narrow(one: Report) -> bool:
    return one.first is not None and one.last is not None and one.last - one.first < _SHORT


def _window(one: Report) -> tuple[int, int] | None:
    """Days on which it can have happened, where that says anything: its own, or those before it was told."""
    if one.first is not None and one.last is not None and _narrow(one):
        return one.first - 1, one.last + 1
    if one.published_first is None or one.published_last is None:
        return None
    if one.published_last - one.published_first >= _SHORT:
        return None
    # a plan lies ahead of its report, and what is told afterwards behind it
    ahead = _NEAR if one.status in _ANNOUNCED else 0
    return one.published_first - _NEAR, one.published_last + ahead


# ------------------------------------------------------------------------------------- pairs


def match(one: Report, other: Report) -> Match | None:
    """Whether two reports fit; None where they do not."""
    if one.article == other.article or one.type != other.type:
        return None
    same_story = one.story == other.story
    if not (one.original and other.original) and not (same_story and (one.original or other.original)):
        return None
    joins = one.status == other.status or (one.status in _ACTUAL and other.status in _ACTUAL)
    if not joins and not (
        (one.status in _ACTUAL and other.status in _ANNOUNCED)
        or (one.status in _ANNOUNCED and other.status in _ACTUAL)
    ):
        return None
    if one.mode is not None and other.mode is not None and one.mode != other.mode and not same_story:
        return None
    time = _time(one, other, same_story=same_story)
    who = _participants(one, other)
    if time is None or who is None:
        return None
    score = time + who
    same_place = one.place is not None and one.place == other.place
    if same_place:
        score += _SAME_PLACE
    elif one.place is not None and other.place is not None:
        score += _OTHER_PLACE
    same_head, same_trigger = bool(one.heads & other.heads), one.trigger == other.trigger
    shared = (one.actors | one.recipients) & (other.actors | other.recipients)
    if not same_story:
        if not shared and not (same_place and (same_head or same_trigger)):
            return None
        said = _Said(len(shared), same_place, same_head, same_trigger, time <= _VAGUE)
        if shared and not _enough(one, other, said):
            return None
    score += _SAME_MODE * (one.mode is not None and one.mode == other.mode)
    score += _SAME_HEAD * same_head + _SAME_TRIGGER * same_trigger + _SAME_STORY * same_story
    return Match(min(score, 1.0), joins) if score >= THRESHOLD else None


class _Said(NamedTuple):
    """What two reports of different stories have in common."""

    names: int
    place: bool
    head: bool
    trigger: bool
    vague: bool  # no day that both mean, only days of publication that allow it


def _enough(one: Report, other: Report, said: _Said) -> bool:
    """Whether a shared name is backed by what makes it this happening and not another one of the same people.

    The police of a country arrest several people a day, a minister receives several guests, a club plays
    every week: the name and the day alone would make one happening of all of them.
    """
    held = one.type == EventType.HOLD.value
    if said.vague and not (said.place or said.head or (said.trigger and not held)):
        return False
    if said.names > 1:
        return True
    shared = (one.actors | one.recipients) & (other.actors | other.recipients)
    people = shared & (one.people | other.people)
    if shared <= one.lands | other.lands and not (said.head or said.trigger):
        return False  # to a country many come
    if held:
        return True
    if one.type in _REPEATED and not people and not one.recipients & other.recipients:
        return said.place and (said.head or said.trigger)
    same_mode = one.mode is not None and one.mode == other.mode
    if one.type in _SPOKEN:
        return said.trigger or said.head or same_mode
    return said.trigger or said.place or same_mode


def _time(one: Report, other: Report, *, same_story: bool) -> float | None:
    """What the days say for it; None where they exclude it."""
    if _narrow(one) and _narrow(other):
        gap = _gap((one.first, one.last), (other.first, other.last))
        if gap == 0:
            return _SAME_DAY
        # one of them is wrong about the day; both keep theirs
        return _CONFLICT if same_story or (gap == 1 and one.type not in _REPEATED) else None
    first, second = _window(one), _window(other)
    if first is None or second is None:
        return _VAGUE if same_story else None
    if _gap(first, second) > 0:
        return _CONFLICT if same_story else None
    for dated, told in ((one, other), (other, one)):
        # a month that is named must hold the day
        if told.first is not None and not _narrow(told) and _narrow(dated):
            if _gap((dated.first, dated.last), (told.first, told.last)) > 0:
                return _CONFLICT if same_story else None
            return _SAME_WEEK
    return _VAGUE


def _gap(one: tuple[int | None, int | None], other: tuple[int | None, int | None]) -> int:
    """Days between two intervals; 0 where they overlap."""
    assert one[0] is not None
    assert one[1] is not None
    assert other[0] is not None
    assert other[1] is not None
    return max(0, max(one[0], other[0]) - min(one[1], other[1]))


def _participants(one: Report, other: Report) -> float | None:
    """What the names say: shared ones for it, different ones in one place against it."""
    if one.type in _MUTUAL:
        slots = [(one.actors | one.recipients, other.actors | other.recipients)]
    else:
        slots = [(one.actors, other.actors), (one.recipients, other.recipients)]
    shared: set[int] = set()
    score = 0.0
    for mine, theirs in slots:
        shared |= mine & theirs
        # each names somebody whom the other does not
        if mine - theirs and theirs - mine:
            score += _EACH_ANOTHER
    people = one.people | other.people
    score += min(_NAMED_MOST, sum(_PERSON if entity in people else _NAMED for entity in shared))
    if one.type not in _MUTUAL and ((one.actors & other.recipients) or (one.recipients & other.actors)):
        score += _CROSSED
    return score


# ------------------------------------------------------------------------------------- groups


def group(reports: Mapping[Key, Report], pairs: Mapping[tuple[Key, Key], Match]) -> list[list[Key]]:
    """Reports of one happening each; every report is in one group, alone or with others.

    The best pairs join first; two groups stay apart when they would bring together two reports of one article
    or days that no pair of reports allows.
    """
    groups: dict[Key, list[Key]] = {key: [key] for key in reports}

    def order(item: tuple[tuple[Key, Key], Match]) -> tuple[float, list[str]]:
        (one, other), found = item
        return -round(found.score, 4), sorted((reports[one].order, reports[other].order))

    for (one, other), found in sorted(pairs.items(), key=order):
        if not found.joins:
            continue
        left, right = groups[one], groups[other]
        if left is right or not _may_join(reports, left, right):
            continue
        left.extend(right)
        for key in right:
            groups[key] = left
    return list({id(keys): keys for keys in groups.values()}.values())


def _may_join(reports: Mapping[Key, Report], left: Sequence[Key], right: Sequence[Key]) -> bool:
    articles = {reports[key].article for key in left}
    if any(reports[key].article in articles for key in right):
        return False
    return all(
        _time(reports[a], reports[b], same_story=reports[a].story == reports[b].story) is not None
        for a in left
        for b in right
        if _narrow(reports[a]) and _narrow(reports[b])
    )


def summarise(reports: Sequence[Report]) -> Happening:
    """One happening's row from its reports; does not depend on their order."""
    dated = [(r.last - r.first, r) for r in reports if r.first is not None and r.last is not None]
    first: int | None = None
    last: int | None = None
    precision, conflict = Precision.UNKNOWN.value, False
    if dated:
        first = max(r.first for _, r in dated if r.first is not None)
        last = min(r.last for _, r in dated if r.last is not None)
        conflict = first > last
        if conflict:
            first = min(r.first for _, r in dated if r.first is not None)
            last = max(r.last for _, r in dated if r.last is not None)
            precision = Precision.INTERVAL.value
        else:
            exact = sorted(r.precision for _, r in dated if (r.first, r.last) == (first, last))
            precision = exact[0] if exact else Precision.INTERVAL.value
    statuses = {r.status for r in reports}
    status = EventStatus.OCCURRED.value if EventStatus.OCCURRED.value in statuses else min(statuses)
    best: dict[int, float] = defaultdict(float)
    for r in reports:
        best[r.story] = max(best[r.story], r.confidence)
    doubt = 1.0
    for confidence in sorted(best.values()):
        doubt *= 1 - confidence
    published = [day for r in reports for day in (r.published_first, r.published_last) if day is not None]
    # of several that as many stories name, the one of the first report: ids differ from database to database
    places: dict[int, str] = {}
    for r in reports:
        if r.place is not None:
            places[r.place] = min(places.get(r.place, r.order), r.order)
    return Happening(
        type=reports[0].type,
        mode=_most(((r.story, r.mode) for r in reports if r.mode is not None), lambda mode: mode),
        status=status,
        place=_most(((r.story, r.place) for r in reports if r.place is not None), places.__getitem__),
        first=None if first is None else date.fromordinal(first),
        last=None if last is None else date.fromordinal(last),
        precision=precision,
        conflict=conflict,
        reports=len({r.article for r in reports}),
        stories=len(best),
        first_reported=date.fromordinal(min(published)) if published else None,
        last_reported=date.fromordinal(max(published)) if published else None,
        confidence=round(min(1 - doubt, 0.999), 4),
    )


def _most(said: Iterable[tuple[int, Any]], order: Any) -> Any:
    """What most stories say; of several the first in order."""
    counted = Counter(value for _, value in set(said))
    return min(counted, key=lambda value: (-counted[value], order(value)), default=None)


def candidates(reports: Iterable[tuple[Key, Sequence[int]]]) -> Iterator[tuple[Key, Key]]:
    """Pairs of reports that share a block, each once."""
    by_block: dict[int, list[Key]] = defaultdict(list)
    for key, listed in reports:
        for block in listed:
            by_block[block].append(key)
    seen: set[tuple[Key, Key]] = set()
    for keys in by_block.values():
        for place, one in enumerate(keys):
            for other in keys[:place]:
                pair = (min(one, other), max(one, other))
                if one[0] != other[0] and pair not in seen:
                    seen.add(pair)
                    yield pair
