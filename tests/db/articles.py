"""Extractions of invented articles for the tests of the database.

The text layers are the real ones (read, clean, alignment); names, dates and events are put in by rules that
know only these articles, so that the tests do not move with the quality of extraction.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import replace

from db.rows import Batch, PipelineRow
from flows.read.document import read_document
from flows.records import (
    Basis,
    DateMention,
    DateValue,
    Entity,
    EntityKind,
    Event,
    EventStatus,
    EventType,
    Extraction,
    Mention,
    Metadata,
    Office,
    Participant,
    Precision,
    Quotation,
    RawFile,
    Rejection,
    Role,
    Span,
)
from flows.rows import article_rows, pipeline_row

PIPELINE = pipeline_row("00" * 8, {"version": "test"})
NEWER = pipeline_row("01" * 8, {"version": "newer"})

GIVEN = ("نزار", "سمير", "ليلى", "هالة", "كمال", "عبد اللطيف", "عبد الرحيم", "أبو بكر", "مروان", "سناء")
FAMILY = ("التازي", "بنعمر", "الورغي", "شكري", "المنصوري", "الدرعي", "قاسم", "الزواوي", "برادة", "الفاسي")
BODIES = ("وزارة الموانئ", "المجلس البلدي", "هيئة الطيران المدني", "مكتب الصرف", "جمعية المكتبات")
PLACES = ("الرباط", "تونس", "وهران", "نواكشوط", "عمان", "بيروت", "مكناس", "صفاقس")
MONTHS = (
    "يناير",
    "فبراير",
    "مارس",
    "أبريل",
    "ماي",
    "يونيو",
    "يوليوز",
    "غشت",
    "شتنبر",
    "أكتوبر",
    "نونبر",
    "دجنبر",
)
FILLER = (
    "وأوضح البلاغ أن الاجتماع تناول سبل تطوير المرافق وتحسين الخدمات المقدمة للمواطنين في السنوات المقبلة.",
    "وَتـــم الاتفاق على تشكيل لجنة مشتركة تتابع تنفيذ التوصيات وترفع تقاريرها كل ثلاثة أشهر.",
    "وتأتي هذه الخطوة بعد مشاورات طويلة شملت ممثلي القطاع والخبراء وعدداً من الفاعلين المحليين.",
    "ومن المنتظر أن تعقد جولة أخرى من اللقاءات قبل نهاية السنة الجارية، حسب المصدر نفسه.",
)


def person(rng: random.Random) -> str:
    return f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"


def text(seed: int, paragraphs: int = 3) -> str:
    """An article: title, a meeting with date and place, filler with tatweel and diacritics, a quotation."""
    rng = random.Random(seed)
    host, guest = person(rng), person(rng)
    body, place = rng.choice(BODIES), rng.choice(PLACES)
    date = f"{rng.randint(1, 28)} {rng.choice(MONTHS)} {rng.randint(2018, 2024)}"
    lines = [
        f"{host} يستقبل {guest} في {place} (خبر رقم {seed})",
        "",
        f"استقبل رئيس {body} {host}، يوم {date} ب{place}، {guest} الذي يقوم بزيارة عمل.",
        *(" ".join(rng.sample(FILLER, 2)) for _ in range(paragraphs)),
        f"وقال {host}: «إن التعاون مع {guest} سيستمر»، مضيفا أن {body} ستنشر التفاصيل.",
    ]
    return "\n".join(lines)


def raw_file(
    content: bytes | str,
    uri: str = "/news/1.txt",
    metadata: Metadata = Metadata(source="test"),  # noqa: B008
) -> RawFile:
    data = content.encode() if isinstance(content, str) else content
    return RawFile(
        uri=uri,
        name=uri.rsplit("/", 1)[-1].removesuffix(".txt"),
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        metadata=metadata,
        modified=1_700_000_000.0,
    )


def extract(raw: RawFile) -> Extraction:
    """What an ideal pipeline says about ``text``."""
    document = read_document(raw)
    assert not isinstance(document, Rejection), document
    decoded, article = document
    clean = article.text.text
    published = DateValue("2024-01-15", "2024-01-15", Precision.DAY, basis=Basis.METADATA, rule="test")
    article = replace(article, published=published)
    entities: list[Entity] = []
    names = (
        *((EntityKind.PERSON, f"{g} {f}") for g in GIVEN for f in FAMILY),
        *((EntityKind.ORGANIZATION, b) for b in BODIES),
        *((EntityKind.LOCATION, p) for p in PLACES),
    )
    for kind, name in names:
        if spans := _all(name, clean):
            entities.append(Entity(name, kind, tuple(Mention(span, kind, 0.9, "test") for span in spans)))
    return Extraction(
        raw=raw,
        decoded=decoded,
        article=article,
        entities=tuple(entities),
        seconds=0.01,
        **_rest(clean, entities),  # type: ignore[arg-type]
    )


def _all(name: str, where: str) -> list[Span]:
    return [(m.start(), m.end()) for m in re.finditer(re.escape(name), where)]


def _rest(clean: str, entities: Sequence[Entity]) -> dict[str, object]:
    def index(kind: EntityKind, after: int) -> int | None:
        found = [
            (m.span[0], i)
            for i, e in enumerate(entities)
            if e.kind is kind
            for m in e.mentions
            if m.span[0] >= after
        ]
        return min(found)[1] if found else None

    lead = re.search(r"^استقبل (رئيس) .*$", clean, re.MULTILINE)
    date = re.search(rf"(\d+) ({'|'.join(MONTHS)}) (\d{{4}})", clean)
    quote = re.search(r"(قال) [^:]+: «([^»]+)»", clean)
    if lead is None or date is None or quote is None:
        return {}
    host, place = index(EntityKind.PERSON, lead.start()), index(EntityKind.LOCATION, lead.start())
    after = clean.index("،", date.end())
    guest = index(EntityKind.PERSON, after)
    iso = f"{date[3]}-{MONTHS.index(date[2]) + 1:02d}-{int(date[1]):02d}"
    guest_span = entities[guest].mentions[0].span if guest is not None else None
    if host is None or guest is None:
        return {}
    return {
        "dates": (
            DateMention(
                date.span(), DateValue(iso, iso, Precision.DAY, basis=Basis.TEXT, rule="day-month-year")
            ),
        ),
        "offices": (Office(host, "رئيس", index(EntityKind.ORGANIZATION, lead.start()), lead.span(1)),),
        "events": (
            Event(
                EventType.CONSULT,
                EventStatus.OCCURRED,
                ((lead.start(), lead.start() + len("استقبل")),),
                (
                    Participant(Role.ACTOR, guest, entities[guest].name, guest_span),
                    Participant(Role.RECIPIENT, host, entities[host].name),
                ),
                location=place,
                date=0,
                mode="visit",
                confidence=0.8,
                rule="test",
            ),
        ),
        "quotations": (Quotation(host, entities[host].name, quote.span(1), quote.span(2), True),),
    }


def batch(raws: Sequence[RawFile], pipeline: PipelineRow = PIPELINE, run_id: int | None = None) -> Batch:
    return Batch(pipeline, run_id, tuple(article_rows(extract(raw)) for raw in raws))


def many(first: int, count: int, paragraphs: int = 3) -> list[RawFile]:
    """Distinct files /news/<seed>.txt."""
    return [raw_file(text(n, paragraphs), f"/news/{n}.txt") for n in range(first, first + count)]
