"""Title, dateline, byline, boilerplate: texts of our own in the ways of many outlets."""

from __future__ import annotations

import pytest

from flows.clean.normalize import clean, fold
from flows.read.layout import Layout, lay_out
from flows.read.rules import rules
from flows.read.sources import Boilerplate, Source
from flows.records import BlockKind, CleanText, Metadata

LONG = (
    "أعلنت وزارة النقل، أمس الأربعاء، فتح خط جديد يربط الميناء بوسط المدينة، وقال مسؤول إن الأشغال "
    "انتهت قبل الموعد وإن التذاكر تباع ابتداء من الأسبوع المقبل في جميع المحطات."
)
OTHER = "وأضاف المسؤول أن الخط سينقل نحو عشرين ألف راكب في اليوم، وأن الصيانة تتكفل بها شركة محلية."
TITLE = "خط جديد يربط الميناء بوسط المدينة"


def layout(
    raw: str,
    *,
    metadata: Metadata | None = None,
    source: Source | None = None,
    recurring: frozenset[str] = frozenset(),
) -> tuple[CleanText, Layout]:
    text = clean(raw)
    return text, lay_out(text, metadata or Metadata(), rules(source), recurring=recurring)


def parts(raw: str, **options: object) -> tuple[str | None, list[str], list[str], list[str]]:
    """(title, datelines, paragraphs, boilerplate)"""
    text, found = layout(raw, **options)  # type: ignore[arg-type]

    def of(kind: BlockKind) -> list[str]:
        return [text.text[a:b] for k, (a, b) in found.blocks if k is kind]

    title = of(BlockKind.TITLE)
    assert len(title) <= 1
    gone = [text.text[a:b] for a, b in found.boilerplate]
    return (title[0] if title else None), of(BlockKind.DATELINE), of(BlockKind.PARAGRAPH), gone


def test_title_paragraphs_and_nothing_else() -> None:
    assert parts(f"{TITLE}\n\n{LONG}\n\n{OTHER}") == (TITLE, [], [LONG, OTHER], [])
    assert parts(f"{TITLE}\r\n{LONG}\r\n{OTHER}\r\n") == (TITLE, [], [LONG, OTHER], [])


def test_an_article_without_title() -> None:
    assert parts(f"{LONG}\n{OTHER}") == (None, [], [LONG, OTHER], [])
    assert parts(LONG) == (None, [], [LONG], [])
    assert parts("افتتح الخط أمس.\n\n" + LONG)[0] is None  # a full stop ends a sentence, not a title


def test_metadata_decides_the_title() -> None:
    with_dot = "افتتح الخط أمس."
    meta = Metadata(title="افتتح الخط أمس.")
    assert parts(f"{with_dot}\n\n{LONG}", metadata=meta) == (with_dot, [], [LONG], [])
    # another spelling, title and body on one line
    meta = Metadata(title="خط  جديد يربط الميناء بوسط المدينه")
    assert parts(f"{TITLE} {LONG}", metadata=meta) == (TITLE, [], [LONG], [])
    # not in the text: no title block
    assert parts(f"{LONG}\n{OTHER}", metadata=Metadata(title="شيء آخر تماما"))[0] is None
    # the only line there is
    assert parts(TITLE, metadata=Metadata(title=TITLE)) == (TITLE, [], [], [])


def test_a_title_printed_twice_is_kept_once() -> None:
    long_title = TITLE + " بعد سنوات من الأشغال والتأجيل"
    title, _, body, gone = parts(f"{long_title}\n\n{long_title}\n\n{LONG}")
    assert (title, body, gone) == (long_title, [LONG], [long_title])


def test_a_paragraph_repeated_is_kept_once() -> None:
    assert parts(f"{TITLE}\n\n{LONG}\n\n{OTHER}\n\n{LONG}")[2:] == ([LONG, OTHER], [LONG])


@pytest.mark.parametrize(
    "line",
    [
        "0 54",
        "12 3 4",
        "1523 مشاهدة",
        "عدد المشاهدات: 200",
        "لا توجد تعليقات",
        "شارك هذا الموضوع:",
        "شارك",
        "طباعة",
        "فيسبوك تويتر واتساب",
        "Facebook Twitter WhatsApp",
        "تابعونا على صفحتنا في فيسبوك",
        "اشترك في نشرتنا البريدية",
        "يستخدم هذا الموقع ملفات تعريف الارتباط لتحسين تجربتك",
        "إعلان",
        "الرئيسية / أخبار / جهات",
        "الوسوم: ميناء، نقل، مدينة",
        "كلمات مفتاحية: ميناء",
        "#ميناء #نقل",
        "المقال التالي",
        "المصدر: وكالات",
        "الصورة: أرشيف",
        "*صورة تعبيرية",
        "© جميع الحقوق محفوظة 2024",
        "جميع الحقوق محفوظة",
        "https://example.com/news/1",
        "@example_news",
        "desk@example.com",
        "example.com",
        "// انتهى //",
        "17:19 ت م",
        "10:30 بتوقيت غرينتش",
        "آخر تحديث: 12 مارس 2024",
        "اقرأ أيضا: الوزير يزور الميناء",
        "مواضيع ذات صلة",
    ],
)
@pytest.mark.parametrize("place", ["after title", "at the end"])
def test_lines_that_are_no_article(line: str, place: str) -> None:
    raw = (
        f"{TITLE}\n\n{line}\n\n{LONG}\n\n{OTHER}"
        if place == "after title"
        else f"{TITLE}\n\n{LONG}\n\n{OTHER}\n\n{line}"
    )
    title, datelines, body, gone = parts(raw)
    assert (title, datelines, body) == (TITLE, [], [LONG, OTHER])
    assert fold(" ".join(gone)) == fold(line)


def test_comment_form_takes_the_rest() -> None:
    form = (
        "اترك رد\n\nلن يتم نشر عنوان بريدك الإلكتروني.\n\nالاسم\n\n"
        "احفظ اسمي وبريدي في هذا المتصفح\n\nإرسال التعليق"
    )
    title, _, body, gone = parts(f"{TITLE}\n\n0 54\n\n{LONG}\n\n{OTHER}\n\n{form}")
    assert (title, body) == (TITLE, [LONG, OTHER])
    assert gone == ["0 54", *form.split("\n\n")]


def test_read_also_takes_the_list_behind_it_but_no_paragraph() -> None:
    tail = "اقرأ أيضا\nميناء آخر يفتح أبوابه\nأسعار التذاكر في ارتفاع"
    assert parts(f"{TITLE}\n\n{LONG}\n\n{OTHER}\n\n{tail}")[2:] == ([LONG, OTHER], tail.split("\n"))
    inside = f"{TITLE}\n\n{LONG}\n\nاقرأ أيضا\n\nعنوان من عناوين الفقرات\n\n{LONG[:-1]} {OTHER}"
    assert parts(inside)[2] == [LONG, "عنوان من عناوين الفقرات", f"{LONG[:-1]} {OTHER}"]


@pytest.mark.parametrize(
    ("head", "datelines", "gone"),
    [
        ("(CNN)-- ", [], ["(CNN)--"]),
        ("(CNN) — ", [], ["(CNN) —"]),
        ("دبي، الإمارات العربية المتحدة (CNN)—", ["دبي، الإمارات العربية المتحدة"], ["(CNN)—"]),
        ("القاهرة (رويترز) - ", ["القاهرة"], ["(رويترز) -"]),
        ("الرباط - و م ع: ", ["الرباط"], ["- و م ع:"]),
        ("تونس -وات- ", ["تونس"], ["-وات-"]),
        ("واشنطن – أ ف ب – ", ["واشنطن"], ["– أ ف ب –"]),
        (
            "شارك من خلال تويتر فيسبوك جوجل بلس اكتب رأيك ",
            [],
            ["شارك من خلال تويتر فيسبوك جوجل بلس اكتب رأيك"],
        ),
    ],
)
def test_marks_at_the_first_paragraphs_head(head: str, datelines: list[str], gone: list[str]) -> None:
    assert parts(f"{TITLE}\n\n{head}{LONG}\n{OTHER}") == (TITLE, datelines, [LONG, OTHER], gone)


@pytest.mark.parametrize(
    "sentence",
    [
        "قالت وكالة (رويترز) إن الخط افتتح أمس بحضور الوزير وعدد من المسؤولين المحليين في المدينة.",
        "قال مراسل الجزيرة - في تقرير بثته القناة أمس - إن الخط افتتح بحضور الوزير وعدد من المسؤولين.",
        "شارك الوزير في افتتاح الخط الجديد، وكتب في تويتر وفيسبوك أنه سعيد بالإنجاز وبالعاملين عليه.",
        "ومع ذلك فإن الوزارة ترى أن الخط - وهو الأول من نوعه - سيغير عادات السكان في التنقل اليومي.",
    ],
)
def test_sentences_that_only_resemble_marks(sentence: str) -> None:
    assert parts(f"{TITLE}\n\n{sentence}\n{OTHER}") == (TITLE, [], [sentence, OTHER], [])


@pytest.mark.parametrize(
    "tail",
    [
        "ر ع",
        "ع ب م",
        "ت. ع.",
        "(أ ف ب)",
        "-وات-",
        "(صورة أرشيفية)",
        "المصدر (سكاي نيوز)",
        "هاجر المنصوري",
        "سمات الميناء النقل المدينة",
        "(فيديو رويترز)",
    ],
)
def test_signatures_behind_the_last_sentence(tail: str) -> None:
    wanted = [LONG, OTHER] if tail != "(فيديو رويترز)" else None
    title, _, body, gone = parts(f"{TITLE}\n\n{LONG}\n{OTHER} {tail}")
    if wanted is None:
        assert body[-1] in (OTHER, f"{OTHER} {tail}")  # a credit we do not know stays: nothing is guessed
    else:
        assert (title, body, gone) == (TITLE, wanted, [tail])


@pytest.mark.parametrize(
    "tail", ["وهو ما تم", "قالت هي", "في العمل", "3 مليارات دولار", "ثم عاد الهدوء إلى المدينة"]
)
def test_a_last_sentence_without_full_stop_stays(tail: str) -> None:
    assert parts(f"{TITLE}\n\n{LONG}\n{OTHER} {tail}")[2] == [LONG, f"{OTHER} {tail}"]


@pytest.mark.parametrize(
    ("header", "datelines", "gone"),
    [
        ("جدة ـ نجيب المرزوقي", ["جدة"], ["نجيب المرزوقي"]),
        ("ماجد سالم ومحمد الحربي ـ جدة", ["جدة"], ["ماجد سالم ومحمد الحربي"]),
        ("الدار البيضاء - و م ع", ["الدار البيضاء"], ["و م ع"]),
        ("و م ع", [], ["و م ع"]),
        ("متابعة", [], ["متابعة"]),
        ("بقلم: سعاد العلمي", [], ["بقلم: سعاد العلمي"]),
        ("كتب محمد الراضي", [], ["كتب محمد الراضي"]),
        ("سعاد العلمي", [], ["سعاد العلمي"]),
        ("الجمعة 8 أبريل 2022 - 23:56", [], ["الجمعة 8 أبريل 2022 - 23:56"]),
        (
            "الرياض 26 شوال 1436 هـ الموافق 11 أغسطس 2015 م واس",
            ["الرياض 26 شوال 1436 ه الموافق 11 أغسطس 2015 م"],
            ["واس"],
        ),
    ],
)
def test_headers(header: str, datelines: list[str], gone: list[str]) -> None:
    assert parts(f"{TITLE}\n\n{header}\n\n{LONG}\n{OTHER}") == (TITLE, datelines, [LONG, OTHER], gone)


@pytest.mark.parametrize(
    "heading", ["تفاصيل المشروع الجديد", "محمد صلاح يغيب", "أصوات تنادي بالتأجيل", "أسئلة وأجوبة"]
)
def test_subheadings_stay(heading: str) -> None:
    assert parts(f"{TITLE}\n\n{heading}\n\n{LONG}\n{OTHER}")[2] == [heading, LONG, OTHER]


def test_a_wire_with_slug_place_and_writer_above_it() -> None:
    raw = f"EXAMPLE.INFO\n \n\u00a0 ورزازات\u00a0\n خاص\n الجيلالي بنعمر\n{LONG}\n{OTHER}"
    assert parts(raw) == (None, ["ورزازات"], [LONG, OTHER], ["EXAMPLE.INFO", "خاص", "الجيلالي بنعمر"])
    one = f"EXAMPLE.INFO- مكتب الرباط - خاص\n{LONG}\n{OTHER}"
    title, _, body, gone = parts(one)
    assert (title, body) == (None, [LONG, OTHER])
    assert "EXAMPLE.INFO" in " ".join(gone) and "خاص" in " ".join(gone)


def test_a_wire_with_its_desk_before_the_title_and_its_end() -> None:
    raw = f"رياضي / {TITLE}\n\n{LONG}\n {OTHER}\n // انتهى //\n 17:19 ت م"
    assert parts(raw) == (TITLE, [], [LONG, OTHER], ["رياضي /", "// انتهى //", "17:19 ت م"])


def test_publication_line_and_author_are_handed_on() -> None:
    _, found = layout(f"{TITLE}\n\nسعاد العلمي\n\nالجمعة 8 أبريل 2022 - 23:56\n\n{LONG}")
    assert (found.published, found.author) == ("الجمعة 8 أبريل 2022 - 23:56", "سعاد العلمي")


@pytest.mark.parametrize(
    "line",
    [
        "نشر في: 12/03/2024",
        "2024-03-12 10:00",
        "الثلاثاء، 12 مارس 2024",
        "12 آذار/مارس 2024",
        "تاريخ النشر: 12 مارس 2024 الساعة 10:15 صباحا",
    ],
)
def test_dated_lines(line: str) -> None:
    _, found = layout(f"{TITLE}\n\n{line}\n\n{LONG}")
    assert found.published is not None and fold(line) in fold(found.published)


def test_numbers_inside_the_article_stay() -> None:
    rest = "\n\n".join((OTHER, OTHER[::-1], LONG[::-1], LONG[1:]))
    raw = f"{TITLE}\n\n{LONG}\n\nالأرقام المطلوبة :\n193\n198\n\n{rest}"
    assert "193" in parts(raw)[2] and "198" in parts(raw)[2]


def test_lines_known_to_recur() -> None:
    line = "مرحبا بكم في بوابة المدينة"
    raw = f"{TITLE}\n\n{LONG}\n\n{OTHER}\n\n{line}"
    assert line in parts(raw)[2]
    assert parts(raw, recurring=frozenset({fold(line)}))[2:] == ([LONG, OTHER], [line])
    # never the title that metadata names
    assert parts(raw, metadata=Metadata(title=TITLE), recurring=frozenset({fold(TITLE)}))[0] == TITLE


def test_rules_of_a_source() -> None:
    source = Source(
        slug="example",
        names=("example.org", "بوابة المثال"),
        boilerplate=Boilerplate(
            lines=("سطر ثابت",),
            patterns=("حاله الطقس.*",),
            heads=("بوابه المثال / خاص ?",),
            tails=("تابعوا البوابه",),
        ),
    )
    raw = (
        f"{TITLE}\n\nبوابة المثال\n\nسطر ثابت\n\nبوابة المثال / خاص {LONG}\n\n"
        f"حالة الطقس: صحو\n\n{OTHER} تابعوا البوابة"
    )
    title, _, body, gone = parts(raw, source=source)
    assert (title, body) == (TITLE, [LONG, OTHER])
    assert len(gone) == 5
    assert parts(raw)[2] != [LONG, OTHER]  # without the description


def test_nothing_but_boilerplate() -> None:
    assert parts("0 54\n\nاترك رد") == (None, [], [], ["0 54", "اترك رد"])
    assert parts("") == (None, [], [], [])
