"""Encodings, faults, and the way from a span back to the file's bytes."""

from __future__ import annotations

import hashlib
import os
import random

import pytest

from flows.read.decode import byte_span, decode, redecode
from flows.records import DecodedText, Metadata, RawFile, Rejection
from tests.db.articles import text as article_text

TEXT = (
    "أعلنت وزارة الصيد البحري، أمس الأربعاء، عن خطة جديدة لحماية الموانئ.\n"
    "وقال الوزير إن الخطة «طموحة» للغاية؛ وستبدأ يوم 12 مارس المقبل.\n" * 3
)


def raw(data: bytes) -> RawFile:
    return RawFile("file:x", "x", data, hashlib.sha256(data).hexdigest(), Metadata())


def good(data: bytes) -> DecodedText:
    decoded = decode(raw(data))
    assert isinstance(decoded, DecodedText), decoded
    assert redecode(data, decoded.encoding) == decoded.text
    return decoded


def bad(data: bytes) -> Rejection:
    rejection = decode(raw(data))
    assert isinstance(rejection, Rejection)
    assert (rejection.stage, rejection.uri, rejection.size) == ("decode", "file:x", len(data))
    assert rejection.message and rejection.sha256
    return rejection


@pytest.mark.parametrize(
    ("codec", "encoding", "basis"),
    [
        ("utf-8", "utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig", "bom"),
        ("utf-16", "utf-16", "bom"),
        ("utf-16-le", "utf-16-le", "statistics"),
        ("utf-16-be", "utf-16-be", "statistics"),
        ("utf-32", "utf-32", "bom"),
        ("utf-32-le", "utf-32-le", "statistics"),
        ("utf-32-be", "utf-32-be", "statistics"),
        ("cp1256", "cp1256", "statistics"),
        ("mac_arabic", "mac_arabic", "statistics"),
    ],
)
def test_encodings(codec: str, encoding: str, basis: str) -> None:
    data = TEXT.encode(codec)
    decoded = good(data)
    assert (decoded.text, decoded.encoding, decoded.basis) == (TEXT, encoding, basis)
    assert 0.5 < decoded.confidence <= 1
    assert data.decode(decoded.encoding) == TEXT  # Python's own codec agrees
    at = TEXT.index("الأربعاء")
    a, b = byte_span(data, decoded, (at, at + 8))
    bare = codec.removesuffix("-sig") if codec.endswith("-sig") else codec
    bare = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(bare, bare)
    assert data[a:b].decode(bare) == "الأربعاء"


def test_iso_8859_6_has_no_quotation_marks() -> None:
    text = TEXT.replace("«", "").replace("»", "")
    decoded = good(text.encode("iso8859-6"))
    assert (decoded.text, decoded.encoding) == (text, "iso8859-6")


@pytest.mark.parametrize("size", [12, 30, 60, 200])
def test_short_windows_1256(size: int) -> None:
    decoded = good(TEXT[:size].encode("cp1256"))
    assert (decoded.text, decoded.encoding) == (TEXT[:size], "cp1256")


def test_windows_1256_with_french_words() -> None:
    text = TEXT + "وحضر السفير Frédéric Delaunay حفل الافتتاح إلى جانب الوزير.\n"
    assert good(text.encode("cp1256")).text == text


def test_a_declared_encoding_is_tried_first_and_only_where_it_fits() -> None:
    data = "سلام".encode("cp1256")
    decoded = decode(raw(data), declared="windows-1256")
    assert isinstance(decoded, DecodedText)
    assert (decoded.encoding, decoded.basis, decoded.text) == ("cp1256", "declared", "سلام")
    wrong = decode(raw(TEXT.encode("cp1256")), declared="utf-8")
    assert isinstance(wrong, DecodedText) and wrong.encoding == "cp1256"
    unknown = decode(raw(data), declared="klingon")
    assert isinstance(unknown, Rejection) and unknown.cause == "undecodable"


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "cp1256"])
def test_mojibake_is_undone_and_recorded(codec: str) -> None:
    once = b"".join(_through(byte, codec) for byte in TEXT.encode())
    decoded = good(once)
    assert decoded.text == TEXT
    assert decoded.encoding == f"utf-8 < {codec}"
    assert [f.kind for f in decoded.faults] == ["mojibake"]
    at = TEXT.index("الموانئ")
    a, b = byte_span(once, decoded, (at, at + 7))
    assert once[a:b] == b"".join(_through(byte, codec) for byte in "الموانئ".encode())


def _through(byte: int, codec: str) -> bytes:
    try:
        return bytes([byte]).decode(codec).encode()
    except UnicodeDecodeError:
        return chr(byte).encode()


def test_mojibake_on_some_lines_only() -> None:
    lines = TEXT.splitlines(keepends=True)
    data = lines[0].encode() + lines[1].encode().decode("latin-1").encode() + b"plain\n" + lines[0].encode()
    decoded = good(data)
    assert decoded.text == lines[0] + lines[1] + "plain\n" + lines[0]
    at = decoded.text.rindex("الموانئ")
    a, b = byte_span(data, decoded, (at, at + 7))
    assert data[a:b].decode() == "الموانئ"


@pytest.mark.parametrize(
    "sound", ["ظل طارق يطالب طويلا بظهوره في طنجة", "Le cœur a ses raisons; Ø 12 mm", "naïve Â â€ test"]
)
def test_sound_text_is_not_repaired(sound: str) -> None:
    assert good(sound.encode()).text == sound


def test_truncated_utf8_keeps_the_rest_and_says_where() -> None:
    data = TEXT.encode()
    cut = data[: data.index("الخطة".encode()) + 1]
    decoded = good(cut)
    assert decoded.text[:-1] == TEXT[: TEXT.index("الخطة")]
    assert decoded.text[-1] == "\ufffd"
    assert [(f.kind, f.offset, f.length) for f in decoded.faults] == [("truncated", len(cut) - 1, 1)]


def test_truncated_utf16() -> None:
    data = TEXT.encode("utf-16")[:-1]
    decoded = good(data)
    assert decoded.text == TEXT[:-1]
    assert [(f.kind, f.offset, f.length) for f in decoded.faults] == [("truncated", len(data) - 1, 1)]


def test_nul_surrogates_and_controls_are_marked_with_their_bytes() -> None:
    data = (
        "أعلن\x00 الوزير ".encode() + "\ud83d".encode("utf-8", "surrogatepass") + "\x07 أمس الخميس".encode()
    )
    decoded = good(data)
    assert decoded.text == "أعلن\ufffd الوزير \ufffd\ufffd\ufffd\x07 أمس الخميس"
    kinds = {f.kind: data[f.offset : f.offset + f.length] for f in decoded.faults}
    assert kinds == {"nul": b"\x00", "lone_surrogate": b"\xed\xa0\xbd", "control": b"\x07"}
    at = decoded.text.index("الخميس")
    a, b = byte_span(data, decoded, (at, at + 6))
    assert data[a:b].decode() == "الخميس"


def test_lone_surrogates_in_utf16() -> None:
    data = b"\xff\xfe" + "أعلن ".encode("utf-16-le") + b"\x3d\xd8" + " الوزير".encode("utf-16-le")
    decoded = good(data)
    assert decoded.text == "أعلن \ufffd الوزير"
    assert [(f.kind, f.offset, f.length) for f in decoded.faults] == [("lone_surrogate", 12, 2)]


def test_many_faults_are_counted_once() -> None:
    data = ("قال الوزير كلاما طويلا" + "\x01" * 3).encode() * 500
    faults = good(data).faults
    assert len(faults) <= 202
    assert faults[0].length == 3
    assert faults[-1].kind == "more"


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "empty"),
        (b" \r\n\t ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\xff\xfe", "empty"),
        (b"%PDF-1.7 ...", "binary"),
        (b"PK\x03\x04rest", "binary"),
        (b"\x00" * 5000, "binary"),
        (random.Random(7).randbytes(1_000_000), "binary"),
        (random.Random(8).randbytes(300), "binary"),
    ],
)
def test_rejections(data: bytes, cause: str) -> None:
    assert bad(data).cause == cause


def test_random_bytes_of_the_operating_system() -> None:
    for _ in range(20):
        assert bad(os.urandom(50_000)).cause == "binary"


def test_one_line_of_50_megabytes_is_refused_with_the_limit() -> None:
    rejection = decode(raw("نص ".encode() * 10_000_000))
    assert isinstance(rejection, Rejection)
    assert rejection.cause == "too_large"
    assert "20,000,000" in rejection.message
    small = decode(raw("نص ".encode() * 100), max_bytes=300)
    assert isinstance(small, Rejection) and small.cause == "too_large"


def test_spans_outside_are_refused() -> None:
    data = TEXT.encode()
    decoded = good(data)
    for span in ((-1, 2), (2, 1), (0, len(TEXT) + 1)):
        with pytest.raises(ValueError, match="span"):
            byte_span(data, decoded, span)
    assert byte_span(data, decoded, (0, len(TEXT))) == (0, len(data))


def test_line_ends_stay_as_they_are() -> None:
    assert good(b"\xef\xbb\xbf" + "أ\r\nب\rج\n".encode()).text == "أ\r\nب\rج\n"


def _misread(text: str, codec: str) -> str:
    """UTF-8 read as ``codec`` by a program that, like browsers, keeps undefined bytes as control letters."""
    letters = []
    for byte in text.encode():
        try:
            letters.append(bytes([byte]).decode(codec))
        except UnicodeDecodeError:
            letters.append(chr(byte))
    return "".join(letters)


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "cp1256"])
@pytest.mark.parametrize("share", [1.0, 0.5], ids=["whole files", "half of the lines"])
def test_mojibake_is_undone_at_least_as_well_as_ftfy_does(codec: str, share: float) -> None:
    """ftfy keeps no positions and does not know cp1256, so we do its work; it must not do it better."""
    ftfy = pytest.importorskip("ftfy")
    ours = theirs = 0
    for n in range(40):
        rng = random.Random(n)
        sound = article_text(n)
        broken = "\n".join(
            _misread(line, codec) if rng.random() < share else line for line in sound.split("\n")
        )
        assert ftfy.fix_encoding(sound) == sound
        decoded = decode(raw(broken.encode()))
        assert isinstance(decoded, DecodedText)
        ours += decoded.text == sound
        theirs += ftfy.fix_encoding(broken) == sound
    assert ours >= max(theirs, 40 if share == 1.0 else 30)
