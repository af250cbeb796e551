"""Tokens, sentences, clitic candidates, search terms."""

from __future__ import annotations

import pytest

from flows.clean.segment import clitics, sentences, tokenize
from flows.clean.terms import stem, terms, tsvector_literal
from flows.records import Block, BlockKind, TokenKind


def words(text: str) -> list[str]:
    return [text[a:b] for a, b, _ in tokenize(text)]


def cut(text: str) -> list[str]:
    return [text[s.start : s.end] for s in sentences(text, tokenize(text), ())]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("أفادت أ.ف.ب اليوم", ["أفادت", "أ.ف.ب", "اليوم"]),
        ("ص.ب 12 الرباط", ["ص.ب", "12", "الرباط"]),
        ("نسبة 3,5 عند 10:30", ["نسبة", "3,5", "عند", "10:30"]),
        ("1.000.000 درهم يوم 2024/12/20", ["1.000.000", "درهم", "يوم", "2024/12/20"]),
        ("يوم 20-12-2024 بنتيجة 1-2", ["يوم", "20-12-2024", "بنتيجة", "1", "-", "2"]),
        ("زوروا https://a.example/x?y=1.", ["زوروا", "https://a.example/x?y=1", "."]),
        ("موقع example.com، أو", ["موقع", "example.com", "،", "أو"]),
        ("راسلوا news@example.org أو @rasd_ar", ["راسلوا", "news@example.org", "أو", "@rasd_ar"]),
        ("لCNN ب400 G20 14 و15", ["ل", "CNN", "ب", "400", "G20", "14", "و", "15"]),
        ("رينو-نيسان O'Neil", ["رينو", "-", "نيسان", "O'Neil"]),
        ("نعم... لا.. (كلا)", ["نعم", "...", "لا", "..", "(", "كلا", ")"]),
        ("U.S.A. تقرر", ["U.S.A.", "تقرر"]),
        ("٣٫٥ و۲۰۲۴", ["٣٫٥", "و", "۲۰۲۴"]),
        ("x_y😀", ["x", "_", "y", "😀"]),
        ("", []),
    ],
)
def test_tokens(text: str, wanted: list[str]) -> None:
    assert words(text) == wanted


def test_token_kinds() -> None:
    text = "قال 3,5 ، www.example.com"
    assert [t.kind for t in tokenize(text)] == [
        TokenKind.WORD,
        TokenKind.NUMBER,
        TokenKind.PUNCTUATION,
        TokenKind.URL,
    ]


@pytest.mark.parametrize(
    "whole",
    [
        "التقى د. محمد العلوي م. سعيد في المقر.",
        "بلغت النسبة 3.5 في المئة، وارتفعت إلى 4.1 أمس.",
        "رفع المتظاهرون شعار «ارحل! ارحل!» أمام المقر.",
        'تساءل: "لماذا الآن؟" ثم غادر القاعة.',
        "نقلت أ.ف.ب عن مصدر في ص.ب أن الأمر انتهى.",
        "قال، وأضاف، وتابع، " * 40 + "ثم سكت.",
        "عاد.. ثم ذهب... ثم عاد",
        "صدر البيان (انظر الفقرة الأولى. والثانية) اليوم.",
        "انظر www.example.com للمزيد.",
        "1. فتح تحقيق في الحادث",
    ],
)
def test_one_sentence(whole: str) -> None:
    assert cut(whole) == [whole]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("وصل الوفد. وغادر مساء.", ["وصل الوفد.", "وغادر مساء."]),
        ("هل وصل؟ نعم! وصل.", ["هل وصل؟", "نعم!", "وصل."]),
        ("عاد إلى تونس.وقال إنه بخير", ["عاد إلى تونس.", "وقال إنه بخير"]),
        ('قال: "نرفض ذلك." وأضاف المزيد', ['قال: "نرفض ذلك."', "وأضاف المزيد"]),
        ("سطر أول\nسطر ثان", ["سطر أول", "سطر ثان"]),
        ("كان ذلك في 2024. ثم تغير", ["كان ذلك في 2024.", "ثم تغير"]),
    ],
)
def test_several_sentences(text: str, wanted: list[str]) -> None:
    assert cut(text) == wanted


def test_more_than_32_sentences() -> None:
    """pyarabic's sentence_tokenize stops after 32 splits."""
    assert len(cut("وصل الوفد. " * 50)) == 50


def test_a_title_is_one_sentence_and_ends() -> None:
    text = "وزير يستقيل. لماذا؟\nأعلن الوزير استقالته. وغادر."
    at = text.index("\n")
    blocks = (Block(BlockKind.TITLE, (0, at)), Block(BlockKind.PARAGRAPH, (at + 1, len(text))))
    tokens = tokenize(text)
    found = sentences(text, tokens, blocks)
    assert [text[s.start : s.end] for s in found] == [text[:at], "أعلن الوزير استقالته.", "وغادر."]
    assert (found[0].first, found[-1].last) == (0, len(tokens))


def test_clitic_candidates() -> None:
    assert clitics("الأمن")[0] == (0, 0)
    assert (1, 0) in clitics("للأمن") and (2, 0) in clitics("للأمن")
    assert (1, 0) in clitics("وباريس") and (2, 0) in clitics("وباريس")
    assert (4, 0) in clitics("وبالمدرسة")
    assert (0, 2) in clitics("كتابها") and (0, 3) in clitics("كتابهما")
    assert clitics("في") == ((0, 0),)
    assert clitics("CNN") == ((0, 0),)
    for word in ("وال", "ال", "ب", "سيكون", "فرنسا", "ي"):
        assert all(a + b < len(word) or a + b == 0 for a, b in clitics(word))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("فرنسا", "وفرنسا"),
        ("المديرية", "المديريه"),
        ("مصطفى", "مصطفي"),
        ("المغرب", "والمغرب"),
        ("الحموشي", "لحموشي"),
        ("المباحثات", "مباحثات"),
        ("و خلص", "وخلص"),
        ("ف قال", "فقال"),
        ("بالرباط", "الرباط"),
        ("للأمن", "الأمن"),
        ("مباحثاتهم", "المباحثات"),
    ],
)
def test_terms_meet(one: str, other: str) -> None:
    """What PostgreSQL's own Arabic configuration keeps apart."""
    assert {t for t, _ in terms(one)} & {t for t, _ in terms(other)}


def test_stems_stay_readable() -> None:
    assert stem("في") == "في"
    assert stem("الوطن") == "وطن"
    assert stem("cnn") == "cnn"
    assert all(len(stem(w)) >= 3 for w in ("وقال", "كتابها", "والات", "بالي"))


def test_terms_carry_word_positions() -> None:
    assert terms("خلص الاجتماع") == [("خلص", 1), ("الاجتماع", 2), ("اجتماع", 2)]
    assert terms("و") == [("و", 1)]
    assert terms("و CNN") == [("و", 1), ("cnn", 2)]


def test_tsvector_literal() -> None:
    assert tsvector_literal("الأمن والأمن") == "'الامن':1B 'امن':1B 'والامن':2B 'امن':2B"
    assert tsvector_literal("لفرنسا\nمباحثاتهم", 6) == "'لفرنسا':1A 'فرنسا':1B 'مباحثاتهم':2B 'مباحث':2D"
    assert tsvector_literal("") == ""
    assert tsvector_literal("'; DROP TABLE x; -- \\") == "'drop':1B 'table':2B 'x':3B"
    many = tsvector_literal("قال " * 20000)
    assert many.count(",") < 300 and "16384" not in many
