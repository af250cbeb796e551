"""Any bytes: an article or a rejection, never an exception, never a hang, every span right."""

from __future__ import annotations

import hashlib
import random
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.clean.normalize import clean
from flows.read.decode import byte_span, decode, redecode
from flows.read.document import read_document
from flows.records import DecodedText, Metadata, RawFile, Rejection

LINES = [
    "وزير الصيد يزور الميناء الجديد",
    "(CNN)-- أعلن الوزير أمس الأربعاء أن الميناء سيفتح يوم 12 مارس 2024، وقال: «نعم».",
    "تونس - وات - وأضاف المسؤول أن الأشغال انتهت. ر ع",
    "0 54",
    "اترك رد",
    "---",
    "title: عنوان",
    "اقرأ أيضا: خبر آخر",
    "الجمعة 8 أبريل 2022 - 23:56",
    "شارك من خلال تويتر فيسبوك جوجل بلس",
    "جدة ـ نجيب المرزوقي",
    "",
    " ",
    "http://example.com/x",
    "The minister said that the port is open.",
    "ﻷﷲ ـــ ڤـــو \u200f\u064e",
]
CODECS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1256"]
documents = st.builds(
    lambda lines, newline, codec: newline.join(lines).encode(codec, "replace"),
    st.lists(st.sampled_from(LINES), max_size=12),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    st.sampled_from(CODECS),
)
any_bytes = st.binary(max_size=400) | documents


def raw(data: bytes, metadata: Metadata | None = None) -> RawFile:
    return RawFile("x", "x", data, hashlib.sha256(data).hexdigest(), metadata or Metadata())


def check(data: bytes, metadata: Metadata | None = None) -> None:
    """Everything that must hold of a file's reading, whatever the file."""
    read = read_document(raw(data, metadata))
    if isinstance(read, Rejection):
        assert read.stage in ("decode", "layout") and read.cause and read.message
        return
    decoded, article = read
    assert redecode(data, decoded.encoding) == decoded.text
    assert "\x00" not in decoded.text
    decoded.text.encode()  # no lone surrogates
    for fault in decoded.faults:
        assert 0 <= fault.offset <= fault.offset + fault.length <= len(data)
    text = article.text
    assert text.text and len(text.text) == len(text.search) == text.start.size == text.end.size
    assert "\n".join(text.text[slice(*b.span)] for b in article.blocks) == text.text
    spans = [text.raw_span(b.span) for b in article.blocks] + list(article.boilerplate)
    for a, b in spans:
        assert 0 <= a < b <= len(decoded.text)
    for block in article.blocks:
        a, b = text.raw_span(block.span)
        assert text.text[slice(*block.span)] == clean(decoded.text[a:b]).text
        c, d = byte_span(data, decoded, (a, b))
        assert 0 <= c < d <= len(data)
    assert [i for s in article.sentences for i in range(s.first, s.last)] == list(range(len(article.tokens)))
    # nothing is lost: what is neither block nor boilerplate is blank once cleaned
    covered = bytearray(len(decoded.text))
    for a, b in spans:
        covered[a:b] = b"\x01" * (b - a)
    rest = "".join(c if not covered[i] else " " for i, c in enumerate(decoded.text))
    assert not [w for w in clean(rest).text.split() if w.isalnum()]


@given(any_bytes)
@settings(max_examples=500, deadline=None)
def test_any_bytes(data: bytes) -> None:
    check(data)


@given(documents, st.sampled_from(LINES), st.sampled_from([None, "2024-01-01"]))
@settings(max_examples=200, deadline=None)
def test_any_document_with_metadata(data: bytes, title: str, published: str | None) -> None:
    check(data, Metadata(title=title, published=published))


@given(st.text(min_size=1), st.sampled_from(CODECS), st.data())
@settings(max_examples=300, deadline=None)
def test_byte_spans(text: str, codec: str, data: st.DataObject) -> None:
    """A raw span leads to the bytes that decode to it."""
    encoded = text.encode(codec, "replace")
    decoded = decode(raw(encoded))
    if not isinstance(decoded, DecodedText) or " < " in decoded.encoding:
        return
    a = data.draw(st.integers(0, len(decoded.text)))
    b = data.draw(st.integers(a, len(decoded.text)))
    c, d = byte_span(encoded, decoded, (a, b))
    bare = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(
        decoded.encoding, decoded.encoding
    )
    if "\ufffd" not in decoded.text:
        assert encoded[c:d].decode(bare) == decoded.text[a:b]
    assert byte_span(encoded, decoded, (b, b))[0] == d


def _mutate(data: bytes, rng: random.Random) -> bytes:
    """A few of the accidents that happen to files."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(8):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[at : at + rng.randint(1, 20)]
            case 2:
                out[at:at] = rng.randbytes(rng.randint(1, 8))
            case 3:
                out[at:at] = out[at : at + 200] * rng.randint(1, 30)
            case 4:
                out[at:at] = rng.choice(
                    [b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\xbd", b"\r", b"\n\n"]
                )
            case 5:
                del out[at:]
            case 6:
                out[at:at] = rng.choice(LINES).encode(rng.choice(CODECS), "replace")
            case _:
                out[at:at] = rng.choice(
                    ["ـ", "\u064e", "ي", '"', "(", "-", " ", "\u0301", "."]
                ).encode() * rng.randint(1, 500)
    return bytes(out)


@pytest.mark.slow
def test_100_000_mutated_files() -> None:
    """No crash, no second over any file, memory bounded."""
    rng = random.Random(20240312)
    seeds = [
        "\n".join(rng.choices(LINES, k=8)).encode(codec, "replace") for codec in CODECS for _ in range(20)
    ]
    tracemalloc.start()
    worst = 0.0
    for i in range(100_000):
        data = _mutate(rng.choice(seeds), rng)
        started = time.process_time()
        if i % 20:
            read_document(raw(data))
        else:
            check(data)
        worst = max(worst, time.process_time() - started)
        if i == 20_000:  # caches are full by now
            settled = tracemalloc.get_traced_memory()[0]
    grown = tracemalloc.get_traced_memory()[0] - settled
    tracemalloc.stop()
    assert worst < 1.0, f"one file took {worst:.2f} s"
    assert grown < 50_000_000, f"{grown:,} bytes more than after the first 20,000 files"


@pytest.mark.parametrize(
    "data",
    [
        ("(" * 30_000).encode(),
        ('"' * 30_000).encode(),
        ("- " * 30_000).encode(),
        ("أ." * 30_000).encode(),
        ("1," * 30_000).encode(),
        ("شارك " * 20_000).encode(),
        ("a@" * 30_000).encode(),
        ("a." * 30_000).encode(),
        ("www." * 20_000).encode(),
        ("ا" * 100_000).encode(),
        ("\u064e" * 100_000 + "ا").encode(),
        ("اa" * 50_000).encode(),
        ("ا\n" * 30_000).encode(),
        ("سطر. " * 30_000).encode(),
        ("عنوان\n" * 20_000).encode(),
        ("أ\u0654" * 30_000).encode(),
        ("ﷺ" * 30_000).encode(),
        ("ØÙ" * 30_000).encode(),
        ("ـ " * 30_000).encode(),
        ("\r" * 100_000 + "ا").encode(),
        ("اقرأ أيضا\n" * 10_000).encode(),
        b"---\n" + (b"a: &a [*a]\n") * 1000 + b"---\nx",
    ],
    ids=lambda data: repr(data[:8]),
)
def test_no_input_takes_more_than_a_second(data: bytes) -> None:
    started = time.process_time()
    read_document(raw(data))
    assert time.process_time() - started < 1.0
