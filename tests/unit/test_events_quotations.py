"""Direct and reported speech, and who a sentence hands its news to."""

from __future__ import annotations

from flows.extract import events
from flows.extract.events.attribution import attribution
from flows.extract.quotations import find_quotations
from flows.records import Quotation
from tests.unit.test_events_examples import article_of, entities_of

EXAMPLE = {"persons": ["سامي الكرمي"], "bodies": ["حزب الوفاق"]}


def quotations(text: str) -> tuple[Quotation, ...]:
    names = {k: [n for n in many if n in text] for k, many in EXAMPLE.items()}
    return find_quotations(article_of(text), entities_of(text, names), ())


def test_direct_speech() -> None:
    text = "وقال سامي الكرمي: «لن نقبل بهذا القرار أبدا». وغادر القاعة بعد ذلك."
    (found,) = quotations(text)
    assert found.direct
    assert found.speaker == 0
    assert found.speaker_text == "سامي الكرمي"
    assert text[slice(*found.verb)] == "وقال"
    assert text[slice(*found.quote)] == "لن نقبل بهذا القرار أبدا"


def test_reported_speech_and_a_speaker_carried_over() -> None:
    text = "أكد سامي الكرمي أن المشروع سينتهي قريبا. وأضاف أن العمال يشتغلون كل يوم."
    first, second = quotations(text)
    assert not first.direct
    assert text[slice(*first.quote)].startswith("أن المشروع")
    assert second.speaker == first.speaker == 0


def test_a_term_in_marks_is_no_quotation() -> None:
    assert quotations("زار سامي الكرمي معرض «ألوان» صباح اليوم.") == ()


def test_must_is_not_a_verb_of_saying() -> None:
    assert quotations("يجب أن ينتهي المشروع قبل نهاية الصيف المقبل.") == ()


def test_attribution_is_the_source_of_the_sentence() -> None:
    text = "أوقفت الشرطة ثلاثة أشخاص، حسب بلاغ للولاية، بعد سرقة متجر."
    view = events.view_of(article_of(text), (), (), ())
    span = attribution(view, 0)
    assert span is not None
    assert text[slice(*span)] == "حسب بلاغ للولاية"
    plain = "أوقفت الشرطة ثلاثة أشخاص بعد سرقة متجر."
    assert attribution(events.view_of(article_of(plain), (), (), ()), 0) is None
