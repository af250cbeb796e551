"""Did it happen?  Status of an event from tense, governing words and negation."""

from __future__ import annotations

from flows.extract.events.candidates import Candidate
from flows.extract.events.context import View, variants, words
from flows.extract.events.inflection import Form
from flows.records import EventStatus, EventType


def status(view: View, c: Candidate) -> tuple[EventStatus, str]:
    """Status and the name of the cue that decided it."""
    t = c.light if c.light >= 0 else c.token
    classes = words()
    first = view.sentence(t).first
    word = view.words[t]
    previous = [view.words[k] for k in range(t - 1, max(first, t - 6) - 1, -1) if not view.comma[k]]
    one = previous[0] if previous else ""
    for k, w in enumerate(previous[:2]):
        if w in classes.negators and w not in {"غير", "دون", "ما"} and (k == 0 or not c.verbal):
            if w.endswith(("لن", "لم", "عدم")) or (w in {"لا", "ولا"} and c.verbal):
                return EventStatus.DENIED, "negated"
    if any(w in classes.denial_cues for w in previous[:4]):
        return EventStatus.DENIED, "denial"
    if not c.verbal and any(v in classes.cancel_cues for v in previous[:2]):
        return EventStatus.CANCELLED, "cancelled"
    if c.form & Form.FUTURE or word.startswith(("ستت", "سيت")) or one == "سوف":
        return EventStatus.PLANNED, "future"
    if not c.verbal or c.form & Form.CLITIC:
        for w in previous[:4]:
            if any(v in classes.called_verbs or v in classes.called_governors for v in variants(w)):
                return EventStatus.CALLED_FOR, "called"
    if any(
        w in classes.planned_verbs or w in {"المقرر", "المرتقب", "المزمع", "المنتظر", "بصدد"}
        for w in previous[:5]
    ):
        return EventStatus.PLANNED, "planned"
    for w in previous[:3]:
        if w in classes.hypothetical_cues and w not in {"قد", "ان"}:
            return EventStatus.HYPOTHETICAL, "hypothetical"
        if w == "قد" and c.form & Form.IMPERFECT:
            return EventStatus.HYPOTHETICAL, "perhaps"
    last = view.sentence(t).last
    behind = [view.words[k] for k in range(c.token + 1, min(last, c.token + 6))]
    if any(w in classes.planned_cues for w in behind) and not c.form & Form.PERFECT:
        return EventStatus.PLANNED, "next"
    if any(w in classes.hypothetical_cues and w.startswith("المحتمل") for w in behind[:3]):
        return EventStatus.HYPOTHETICAL, "possible"
    if any(w in classes.ongoing_verbs for w in previous[:3]) or any(
        w in {"الجاريه", "الجاري", "المستمر", "المستمره", "حاليا", "المتواصل", "المتواصله"}
        for w in behind[:4]
    ):
        return EventStatus.ONGOING, "ongoing"
    if c.verbal and c.form & Form.CLITIC and word.startswith("ل"):
        return EventStatus.HYPOTHETICAL, "purpose"
    if c.entry.type is EventType.ACCUSE and c.entry.mode == "investigate":
        return EventStatus.ONGOING, "investigation"
    return EventStatus.OCCURRED, "default"
