"""Where and when: features of a place or a date of the article as that of a merged event."""

from __future__ import annotations

from dataclasses import dataclass

from flows.clean.normalize import fold
from flows.extract.events.choices import Question
from flows.extract.events.context import View, is_bound, strip, words
from flows.extract.events.inflection import Form
from flows.extract.events.participants import Scene, closest, preposition, rule_of
from flows.records import EntityKind

_NEAR = 16  # tokens between a trigger and a date or place that are looked at one by one


@dataclass(frozen=True, slots=True)
class Options:
    """The places and dates that an event could have, by what they have in common with the triggers."""

    near: dict[int, int]  # place -> its rank by distance from a trigger
    governed: dict[int, int]  # the same among those behind في or ب
    sentences: frozenset[int]  # in which a trigger stands
    before: int  # the last date before the first trigger, -1 without one
    days: int  # dates of the article that are one day


def options(scene: Scene) -> Options:
    """One pass over the places and dates of the article."""
    view, mentions, where, _ = scene
    found: list[tuple[int, int, bool]] = []
    for e, tokens in enumerate(where.entities):
        if tokens and view.entities[e].kind is EntityKind.LOCATION:
            token, m = closest(tokens, mentions)
            t = m.candidate.token
            gap = abs(view.sentence_of[token] - view.sentence_of[t])
            distance = 200 * gap + (token - t if token > t else 2 * (t - token))
            found.append((distance, e, any(preposition(view, k) in _INSIDE for k in tokens)))
    found.sort()
    near = {e: r for r, (_, e, _) in enumerate(found)}
    governed = {e: r for r, (_, e, _) in enumerate(x for x in found if x[2])}
    head = min(m.candidate.token for m in mentions)
    before = -1
    for d, token in enumerate(where.dates):
        if 0 <= token < head and (before < 0 or token > where.dates[before]):
            before = d
    days = sum(1 for d in view.dates if len(d.value.start or "") == 10)
    sentences = frozenset(view.sentence_of[m.candidate.token] for m in mentions)
    return Options(near, governed, sentences, before, days)


_INSIDE = ("ب", "في", "وفي")


def place_question(scene: Scene, choice: Options, entity: int) -> Question:
    """What a place looks like as the event's place."""
    view, mentions, where, said = scene
    tokens = where.entities[entity]
    token, m = closest(tokens, mentions)
    type_ = mentions[0].candidate.entry.type.value
    out = ["bias", f"type={type_}"]
    if mentions[0].roles.location == entity:
        out += ["rule", f"ruletype={type_}"]
    elif entity in said.places:
        out.append("other")
    gap = view.sentence_of[token] - view.sentence_of[m.candidate.token]
    out.append(f"gap={max(-3, min(3, gap))}")
    prep = preposition(view, token)
    if gap == 0:
        side = "after" if token > m.candidate.token else "before"
        distance = abs(token - m.candidate.token)
        out += [f"side={side}:{min(distance // 4, 4)}", f"prep={prep}:{side}", f"preptype={type_}:{prep}"]
        low, high = min(m.candidate.token, token) + 1, max(m.candidate.token, token)
        marks = view.marks_before[high] - view.marks_before[low]
        out.append(f"marks={side}:{min(marks, 2)}")
    else:
        out.append(f"prepfar={prep}:{gap < 0}")
    if token and view.entity_of[token - 1] < 0:
        out.append(f"word={strip(view.words[token - 1])}")
    elif token:
        out.append(f"behind={view.kind(token - 1)}")
    out.append(f"governed={entity in choice.governed}")
    out.append(f"near={min(choice.near.get(entity, 9), 4)}")
    out.append(f"nearin={min(choice.governed.get(entity, 9), 3)}")
    out.append(f"places={min(len(choice.near), 5)}")
    out.append(f"count={min(len(tokens), 4)}")
    out.append(f"first={min(tokens) < 60}")
    inside = sum(1 for k in tokens if view.sentence_of[k] in choice.sentences)
    out.append(f"inside={min(inside, 2)}")
    if any(view.title[0] <= k < view.title[1] for k in tokens):
        out.append("title")
    rule = rule_of(said.everywhere, (entity, -1))
    out += [f"role={rule}", f"roletype={type_}:{rule}"]
    name = fold(view.entities[entity].name)
    country = name in words().countries
    out += [f"country={country}", f"countrytype={type_}:{country}", f"head={name.split(' ', 1)[0]}"]
    opens = token - view.sentence(token).first < 3 and view.sentence_of[token] <= 2
    if opens and any(
        view.hard[k] or view.comma[k] for k in range(token + 1, min(token + 4, len(view.words)))
    ):
        out.append("dateline")
    return Question(out, m.candidate.token, token)


def date_question(scene: Scene, choice: Options, date: int) -> Question:
    """What a date looks like as the event's date."""
    view, mentions, where, _ = scene
    token, m = closest((where.dates[date],), mentions)
    head = mentions[0].candidate
    t = m.candidate.token
    type_ = head.entry.type.value
    form = m.candidate.form
    tense = (
        "noun" if not m.candidate.verbal else "perfect" if form & Form.PERFECT
        else "future" if form & Form.FUTURE else "imperfect"
    )  # fmt: skip
    out = ["bias", f"type={type_}", f"tense={tense}"]
    if mentions[0].roles.date == date:
        out += ["rule", f"ruletype={type_}"]
    elif any(x.roles.date == date for x in mentions):
        out.append("other")
    elif any(x.roles.date >= 0 for x in mentions):
        out.append("elsewhere")
    gap = max(-3, min(3, view.sentence_of[token] - view.sentence_of[t]))
    value = view.dates[date].value
    precision = len(value.start or "")
    one = precision == 10 and value.start == value.end
    out += [f"gap={gap}", f"gapprecision={gap}:{precision}:{one}", f"gaptense={gap}:{tense}"]
    out.append(f"gaptype={gap}:{type_}")
    if gap == 0:
        side = "after" if token > t else "before"
        distance = abs(token - t)
        between = range(min(t, token) + 1, max(t, token))
        marks = view.marks_before[between.stop] - view.marks_before[between.start]
        out += [f"side={side}:{min(distance // 3, 5)}", f"marks={side}:{min(marks, 2)}:{tense}"]
        subordinate = any(
            view.entity_of[k] < 0 and (w in words().subordinators or w in words().relatives)
            for k in between[-_NEAR:]
            for w in (view.words[k],)
        )
        out.append(f"clause={side}:{subordinate}:{tense}")
    out.append(f"basis={value.basis.value if value.start is None else 'known'}")
    out += [f"precision={precision}", f"day={one}"]
    if is_bound(view, date):
        out.append("bound")
    if token:
        out.append(f"word={strip(view.words[token - 1])}")
    out.append(f"surface={view.words[token]}")
    order = view.sentence_of[t]
    early = view.sentence_of[token] < 3
    out += [f"lead={order < 3}", f"early={early}:{order < 3}", f"earlytense={early}:{tense}"]
    title = any(view.title[0] <= x.candidate.token < view.title[1] for x in mentions)
    out.append(f"title={title}:{early}:{one}")
    if choice.before == date:
        out += ["before", f"beforetense={tense}:{one}"]
    out.append(f"days={min(choice.days, 4)}:{one}:{gap == 0}")
    past = _publication(view, date)
    out += [f"published={past}", f"status={mentions[0].status.value}:{past}", f"gappublished={gap}:{past}"]
    if view.quoted[t]:
        out.append(f"quoted={gap == 0}")
    return Question(out, t, token)


def _publication(view: View, date: int) -> str:
    """Where the date lies with regard to the publication, by its first day."""
    start, published = view.dates[date].value.start, view.article.published.start
    if not start or not published:
        return "unknown"
    n = min(len(start), len(published))
    if start[:n] == published[:n]:
        return "same"
    if start[:n] > published[:n]:
        return "later"
    return "month" if start[:7] == published[:7] else "year" if start[:4] == published[:4] else "older"
