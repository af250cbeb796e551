"""Rules and a statistical engine together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flows.extract.engines import TokenLabel
from tests.names import names


class Told:
    """An engine that says what a test tells it: word -> (label, probability, clitic)."""

    name = "told"

    def __init__(self, labels: Mapping[str, tuple[str, float, int]]) -> None:
        self.labels = labels

    def label(self, sentences: Sequence[Sequence[str]]) -> list[list[TokenLabel]]:
        return [
            [TokenLabel(*self.labels.get(word, ("O", 1.0, 0))[:3], 1.0) for word in sentence]
            for sentence in sentences
        ]


def test_the_engine_adds_what_rules_miss() -> None:
    engine = Told({"زغلوطة": ("B-PERSON", 0.9, 0), "الشمخاوي": ("I-PERSON", 0.9, 0)})
    assert names("ثم مر زغلوطة الشمخاوي من هنا.", engine) == {("PERSON", "زغلوطة الشمخاوي")}


def test_a_doubtful_proposal_is_left_out() -> None:
    engine = Told({"زغلوطة": ("B-PERSON", 0.3, 0)})
    assert names("ثم مر زغلوطة من هنا.", engine) == set()


def test_lists_correct_boundary_kind_and_clitic() -> None:
    engine = Told({"الأمم": ("B-LOCATION", 0.9, 0), "بالرباط": ("B-LOCATION", 0.9, 0)})
    found = names("اجتمع موظفو الأمم المتحدة بالرباط.", engine)
    assert found == {("ORGANIZATION", "الأمم المتحدة"), ("LOCATION", "الرباط")}


def test_the_engine_knows_a_person_called_like_a_place() -> None:
    engine = Told({"سليمان": ("B-PERSON", 0.95, 0), "طنجة": ("B-PERSON", 0.95, 0)})
    assert ("PERSON", "طنجة") in names("سلم عليه طنجة ثم مضى.", engine)


def test_head_words_alone_are_no_names() -> None:
    engine = Told({"الحكومة": ("B-ORGANIZATION", 0.99, 0), "مدينة": ("B-LOCATION", 0.99, 0)})
    assert names("قالت الحكومة إن كل مدينة بخير.", engine) == set()


def test_quotation_marks_stay_outside() -> None:
    engine = Told(
        {"«": ("B-ORGANIZATION", 0.9, 0), "شموخ": ("I-ORGANIZATION", 0.9, 0), "»": ("I-ORGANIZATION", 0.9, 0)}
    )
    assert names("باعت «شموخ» كل أسهمها.", engine) == {("ORGANIZATION", "شموخ")}


def test_clitic_that_the_engine_is_sure_of() -> None:
    engine = Told({"لزغلوطة": ("B-PERSON", 0.9, 1)})
    assert names("قدم هدية لزغلوطة أمس.", engine) == {("PERSON", "زغلوطة")}


def told(phrase: str, probability: float) -> Told:
    first, *rest = phrase.split()
    return Told(
        {first: ("B-ORGANIZATION", probability, 0)} | dict.fromkeys(rest, ("I-ORGANIZATION", probability, 0))
    )


def test_the_engine_knows_how_far_a_body_s_name_goes_where_it_is_sure() -> None:
    text = "نشرت الجمعية المغربية للتاريخ الزغلوطي المقارن كتابا."
    longer = "الجمعية المغربية للتاريخ الزغلوطي المقارن"
    (rule,) = names(text.replace(" الزغلوطي المقارن", ""))
    assert rule == ("ORGANIZATION", "الجمعية المغربية للتاريخ")
    text = text.replace("للتاريخ الزغلوطي", "للتاريخ عند الزغلوطي")
    longer = longer.replace("للتاريخ الزغلوطي", "للتاريخ عند الزغلوطي")
    assert names(text, told(longer, 0.9)) == {("ORGANIZATION", longer)}
    assert names(text, told(longer, 0.65)) == {rule}


def test_a_place_inside_a_body_s_name_is_none_of_its_own() -> None:
    text = "زار مدرسة زغلوط سوسة أمس."
    assert ("LOCATION", "سوسة") in names(text)
    assert names(text, told("مدرسة زغلوط سوسة", 0.9)) == {("ORGANIZATION", "مدرسة زغلوط سوسة")}
    text = "زار مدرسة زغلوط في سوسة أمس."
    assert ("LOCATION", "سوسة") in names(text, told("مدرسة زغلوط في سوسة", 0.9))


def test_a_head_word_keeps_its_first_letter() -> None:
    engine = Told({"لجنة": ("B-ORGANIZATION", 0.9, 1), "زغلوط": ("I-ORGANIZATION", 0.9, 0)})
    assert names("قالت لجنة زغلوط ذلك.", engine) == {("ORGANIZATION", "لجنة زغلوط")}


def test_a_nationality_that_agrees_with_the_services_makes_no_body() -> None:
    engine = told("الأمن الخارجي الكينية", 0.95)
    assert names("أشاد بعمل مصالح الأمن الخارجي الكينية اليوم.", engine) == set()
