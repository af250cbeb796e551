"""Did it happen?  Status of an event from tense, governing words and negation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from flows.extract.events.candidates import Candidate
from flows.extract.events.clauses import verb_before
from flows.extract.events.context import View, strip, variants, words
from flows.extract.events.inflection import Form
from flows.records import EventStatus, EventType, TokenKind


def status(view: View, c: Candidate) -> tuple[EventStatus, str]:
    """Status and the name of the cue that decided it."""
    t = c.light if c.light >= 0 else c.token
    classes = words()
    previous = _words_before(view, t, 7)
    one = previous[0] if previous else ""
    denied = _denied(c, previous)
    if denied:
        return denied
    if c.form & Form.FUTURE or _is_future(view.words[t]) or one == "سوف":
        return EventStatus.PLANNED, "future"
    for k in range(c.token + 1, min(view.sentence(c.token).last - 1, c.token + 5)) if not c.verbal else ():
        if view.words[k + 1] in ("بها", "به") and _is_future(view.words[k]):
            return EventStatus.PLANNED, "performed"
        if k < c.token + 3 and _is_future(view.words[k]) and view.words[k].endswith(("ه", "ها", "هم")):
            return EventStatus.PLANNED, "performed"
    governor = -1 if c.verbal else verb_before(view, c.token, 18)
    if not c.verbal or c.form & Form.CLITIC or one in ("ان", "بان"):
        if any(
            v in classes.called_verbs or v in classes.called_governors
            for w in previous[:4]
            for v in variants(w)
        ):
            return EventStatus.CALLED_FOR, "called"
        if _called_from_afar(view, c, one):
            return EventStatus.CALLED_FOR, "afar"
    if governor >= 0:
        word = view.words[governor]
        if any(v in classes.called_verbs for v in variants(word)):
            return EventStatus.CALLED_FOR, "governed"
        if _is_future(word) or any(v in classes.planned_verbs for v in variants(word)):
            return EventStatus.PLANNED, "governed"
    if c.verbal and c.form & Form.IMPERFECT and c.form & Form.CONJOINED and _future_before(view, t):
        return EventStatus.PLANNED, "coordinated"
    past = any(w in ("كان", "كانت", "وكان", "وكانت") for w in previous[:3])
    if not past and any(
        v in classes.planned_verbs or v in _EXPECTED for w in previous[:5] for v in variants(w)
    ):
        return EventStatus.PLANNED, "planned"
    for w in previous[:3]:
        if w not in {"قد", "ان"} and any(v in classes.hypothetical_cues for v in variants(w)):
            return EventStatus.HYPOTHETICAL, "hypothetical"
        if w == "قد" and c.form & Form.IMPERFECT:
            return EventStatus.HYPOTHETICAL, "perhaps"
    return _from_behind(view, c, previous)


_PREPARING = frozenset({"للتحضير", "التحضير", "تحضيرا", "استعدادا", "الاستعداد", "للاستعداد"})
_EXPECTED = frozenset({"المقرر", "المرتقب", "المزمع", "المنتظر", "المتوقع", "بصدد", "موعد"})


def _words_before(view: View, t: int, n: int) -> list[str]:
    """Up to n words before the token, nearest first, punctuation skipped, inside the sentence's part."""
    out: list[str] = []
    for k in range(t - 1, view.sentence(t).first - 1, -1):
        if view.hard[k] or len(out) == n:
            break
        if view.article.tokens[k].kind is not TokenKind.PUNCTUATION:
            out.append(view.words[k])
    return out


def _denied(c: Candidate, previous: list[str]) -> tuple[EventStatus, str] | None:
    classes = words()
    for k, w in enumerate(previous[:2]):
        negates = w.endswith(("لن", "لم", "عدم")) or (w in {"لا", "ولا"} and c.verbal)
        if negates and w in classes.negators and (k == 0 or not c.verbal):
            return EventStatus.DENIED, "negated"
    if any(w in classes.denial_cues for w in previous[:4]):
        return EventStatus.DENIED, "denial"
    if not c.verbal and any(v in classes.cancel_cues for v in previous[:2]):
        return EventStatus.CANCELLED, "cancelled"
    return None


def _called_from_afar(view: View, c: Candidate, before: str) -> bool:
    """دعا فلان، .. ، إلى فتح: the preposition of a verb of asking that stands earlier in the sentence."""
    if c.verbal or not (before in ("الي", "ب", "الى") or view.words[c.token][:1] == "ب"):
        return False
    called = words().called_verbs
    for k in range(c.token - 1, max(view.sentence(c.token).first, c.token - 32) - 1, -1):
        if view.words[k] == before and k < c.token - 2:
            return False
        if any(v in called for v in variants(view.words[k])):
            return True
    return False


def _future_before(view: View, t: int) -> bool:
    return any(_is_future(view.words[k]) for k in range(max(view.sentence(t).first, t - 12), t))


def _from_behind(view: View, c: Candidate, previous: list[str]) -> tuple[EventStatus, str]:
    """Cues behind the trigger, and what its type and form suggest."""
    classes = words()
    last = view.sentence(c.token).last
    behind = [view.words[k] for k in range(c.token + 1, min(last, c.token + 6))]
    if any(w in classes.planned_cues and w not in _PREPARING for w in behind) and not c.form & Form.PERFECT:
        return EventStatus.PLANNED, "next"
    if any(w in classes.hypothetical_cues and w.startswith("المحتمل") for w in behind[:3]):
        return EventStatus.HYPOTHETICAL, "possible"
    if any(w in classes.ongoing_verbs for w in previous[:3]) or any(
        w in classes.ongoing_verbs and w[:2] not in ("تت", "يت") for w in behind[:4]
    ):
        return EventStatus.ONGOING, "ongoing"
    if c.verbal and c.form & Form.CLITIC and view.words[c.token].startswith("ل"):
        return EventStatus.HYPOTHETICAL, "purpose"
    if c.entry.type is EventType.ACCUSE and c.entry.mode == "investigate":
        return EventStatus.ONGOING, "investigation"
    return EventStatus.OCCURRED, "default"


def inherited(view: View, before: Candidate, there: EventStatus, c: Candidate) -> tuple[EventStatus, str]:
    """A coordinated noun shares the status of the noun before it: دعا إلى وقف .. والإفراج عن .."""
    near = view.sentence_of[before.token] == view.sentence_of[c.token] and c.token - before.token < 14
    if near and not c.verbal and c.form & Form.CONJOINED and not before.verbal:
        return there, "coordinated"
    return EventStatus.OCCURRED, "default"


_CLASSES = (
    ("called", ("called_verbs", "called_governors")),
    ("planned", ("planned_verbs", "planned_cues")),
    ("perhaps", ("hypothetical_cues",)),
    ("ongoing", ("ongoing_verbs",)),
    ("not", ("negators",)),
    ("denial", ("denial_cues",)),
    ("cancel", ("cancel_cues",)),
    ("past", ("past_adjectives",)),
)


@cache
def _class_of() -> dict[str, tuple[str, ...]]:
    """Folded word -> the status classes that it is a cue of."""
    out: dict[str, list[str]] = {}
    classes = words()
    for name, fields in _CLASSES:
        for f in fields:
            for word in getattr(classes, f):
                out.setdefault(word, []).append(name)
    return {k: tuple(v) for k, v in out.items()}


_NOT_FUTURE = frozenset({
    "سيارة", "سياره", "سيارات", "سياسه", "سياسي", "سياسيه", "سياده", "سيطره", "سنوات", "سنويا",
    "ستون", "ستين", "سياحه", "سياحي", "سياق", "سينما", "سيده", "سيدات", "سيناريو", "سنوي", "سنويه",
    "ستراتيجي", "سيول", "سنهم", "سنها",
})  # fmt: skip


@lru_cache(maxsize=1 << 16)
def _is_future(word: str) -> bool:
    """An imperfect with the future's س, a conjunction before it allowed."""
    plain = word[1:] if len(word) > 4 and word[0] in "وف" else word
    return len(plain) > 4 and plain[:2] in ("سي", "ست", "سن") and plain not in _NOT_FUTURE


def _position(gap: int) -> str:
    """Where a cue stands with regard to the trigger: before or after it, and how near."""
    if gap < 0:
        return "b1" if gap == -1 else "b3" if gap > -4 else "b7" if gap > -8 else "s"
    return "a3" if gap < 4 else "a7" if gap < 8 else "s"


@lru_cache(maxsize=1 << 16)
def _cues(word: str) -> tuple[str, ...]:
    """The status classes of a word, its particles set aside."""
    known = _class_of()
    found = known.get(word)
    if found is None and _is_future(word):
        return ("future",)
    if found is None and len(word) > 3 and word[0] in "وفبل":
        found = known.get(word[1:])
    return found or ()


_HEARING = 12  # tokens around a trigger in which a word is a cue of its status


def mention_cues(view: View, c: Candidate) -> list[str]:
    """Names of what around a trigger speaks for one status or another."""
    t = c.token
    form = c.form
    out: list[str] = []
    if c.verbal:
        tense = "part" if form & Form.PARTICIPLE else "perfect" if form & Form.PERFECT else "imperfect"
        out.append(f"tense={tense}")
        out.append(f"typetense={c.entry.type.value}:{tense}")
        if form & Form.FUTURE:
            out.append("future")
        if form & Form.CLITIC:
            out.append("purpose")
    else:
        state = "definite" if form & Form.DEFINITE else "owned" if form & Form.OWNED else "bare"
        out.append(f"noun={state}")
        out.append(f"typenoun={c.entry.type.value}")
    sentence = view.sentence(t)
    classes = words()
    seen: set[str] = set()
    for k in range(max(sentence.first, t - _HEARING), min(sentence.last, t + _HEARING)):
        if k == t or view.entity_of[k] >= 0:
            continue
        word = view.words[k]
        found = _cues(word)
        if not found:
            continue
        gap = k - t
        where = _position(gap)
        seen.update(f"{name}@{where}" for name in found)
        if where in ("b1", "b3"):
            seen.add(f"word={word}")
    out.extend(seen)
    title = view.title[0] <= t < view.title[1]
    if c.verbal:
        out += [f"tensetitle={tense}:{title}", f"tensequoted={tense}:{view.quoted[t]}"]
        if t == sentence.first:
            out.append(f"opens={tense}")
    if t > sentence.first:
        out.append(f"prev={strip(view.words[t - 1])}")
    if t - 1 > sentence.first and view.entity_of[t - 2] < 0:
        out.append(f"prev2={strip(view.words[t - 2])}")
    if t + 1 < sentence.last and view.entity_of[t + 1] < 0:
        out.append(f"next={strip(view.words[t + 1])}")
    if t + 2 < sentence.last and view.entity_of[t + 2] < 0:
        out.append(f"next2={strip(view.words[t + 2])}")
    if view.quoted[t]:
        out.append("quoted")
    governor = verb_before(view, t) if not c.verbal else -1
    if governor >= 0:
        word = view.words[governor]
        out.append(f"governor={word}")
        plain = word[1:] if word[0] in "وف" else word
        if plain[:2] in ("سي", "ست"):
            out.append("governed=future")
        else:
            imperfect = plain[0] in "يت" and plain not in ("تم", "تمت")
            out.append("governed=imperfect" if imperfect else "governed=perfect")
    if title:
        out.append("title")
    for k in range(t + 1, min(sentence.last, t + 9)):
        if view.words[k] in classes.relatives and k + 1 < sentence.last:
            follows = view.words[k + 1]
            out.append("relative=future" if _is_future(follows) else f"relative={follows[0]}")
            break
        if view.hard[k]:
            break
    return out


def status_features(
    view: View, type_: EventType, items: Sequence[tuple[Candidate, str, EventStatus]], date: int
) -> list[str]:
    """Feature names of an event: the cues of its mentions (the first item is its head), type and date."""
    head = items[0][0]
    out = ["bias", f"type={type_.value}", f"lemma={head.entry.lemma}"]
    out.append(f"rule={items[0][2].value}")
    out.append(f"cue={items[0][1]}")
    pos = "noun" if not head.verbal else "perfect" if head.form & Form.PERFECT else "imperfect"
    out += [f"lemmapos={head.entry.lemma}:{pos}", f"mode={head.entry.mode}:{pos}"]
    out.extend(f"h:{x}" for x in mention_cues(view, head))
    states = {state for _, _, state in items}
    out.extend(f"any={x.value}" for x in states)
    if len(states) == 1:
        out.append(f"all={items[0][2].value}")
    rest: set[str] = set()
    for c, cue, state in items[1:4]:
        rest.add(f"orule={state.value}")
        rest.add(f"ocue={cue}")
        rest.update(f"o:{x}" for x in mention_cues(view, c) if "@" in x or x in ("future", "purpose"))
        if c.verbal and c.form & Form.PERFECT:
            rest.add("o:perfect")
    out.extend(rest)
    out.append(f"when={_relation(view, date)}")
    out.append(f"when={type_.value}:{_relation(view, date)}")
    return out


def _relation(view: View, date: int) -> str:
    """Where the event's date lies with regard to the publication."""
    if date < 0:
        return "none"
    value = view.dates[date].value
    published = view.article.published.start
    if not value.start:
        text = view.article.text.search[slice(*view.dates[date].span)]
        if any(w in text for w in ("المقبل", "القادم", "غدا", "الغد")):
            return "next"
        return "last" if any(w in text for w in ("الماضي", "المنصرم", "امس", "الفارط")) else "open"
    if not published:
        return "known"
    n = min(len(value.start), len(published))
    if value.start[:n] > published[:n]:
        return "later"
    end = value.end or value.start
    n = min(len(end), len(published))
    return "earlier" if end[:n] < published[:n] else "same"
