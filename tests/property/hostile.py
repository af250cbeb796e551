"""Files as a hostile or broken world sends them: articles, sidecars, manifests and archives, mutated.

``folder`` fills a directory with inputs of all kinds; what each is worth is decided by a seed alone.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
import zipfile
from pathlib import Path

import zstandard

ARTICLES = (
    "وزير الصيد يزور الميناء الجديد\n"
    "قال وزير الصيد سامي الراجحي أمس الأربعاء إن الميناء سيفتح يوم 12 مارس 2024، وأضاف: «نعم».\n"
    "والتقى الراجحي السفير مروان التازي في الرباط.\n",
    "أصيب ثلاثة أشخاص في حادث مرور قرب طنجة\n"
    "تونس - وات - أصيب ثلاثة أشخاص، الخميس 14 دجنبر 2023، في حادث مرور قرب مدينة طنجة.\n"
    "اقرأ أيضا: خبر آخر\n",
    "title: عنوان\n\nأعلنت وزارة الداخلية، اليوم، اعتقال رئيس البلدية هدى قاسم.\nشارك من خلال تويتر فيسبوك\n",
    "The minister met the ambassador in Rabat on Thursday.\n\nThey talked about trade.\n",
    "استقبل الملك الرئيس في الدار البيضاء يوم الجمعة 8 أبريل 2022 - 23:56\n" * 4,
)
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1256", "iso8859-6")
# pieces that mean something to some reader on the way
TRICKS = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\xbd", b"\r", b"\n\n", b"\x1b[2J", b"\xe2\x80\xae",
    b"\xe2\x81\xa9", b"---\na: &a [*a]\n---\n", b"---\ntitle: [1, {2: 3}]\npublished: 0xFFFFFFFF\n---\n",
    b"\xf4\x90\x80\x80", b"\xc0\x80", b"<script>alert(1)</script>", b"'; DROP TABLE article; --", b"\\u0000",
    "٩٩٩٩٩٩٩٩٩٩٩٩٩٩٩٩٩٩".encode(), "يوم 99 دجنبر 99999".encode(), "«".encode(), b"(", "قال ".encode(),
    "ـ".encode() * 50, "\u064e".encode() * 50, "\u0301".encode() * 20, "ﷺ".encode(), "الوزير ".encode(),
)  # fmt: skip
NAMES = (
    "../../etc/passwd.txt", "/etc/cron.d/x.txt", "a/../../b.txt", "C:\\x.txt", "..\\..\\y.txt", "n\0ul.txt",
    "\u202egpj.txt", "\x1b[31mred.txt", "خبر.txt", "x" * 300 + ".txt", "a//b.txt", "./c.txt", "d.txt ",
    "~/e.txt", "-rf.txt", "f\n.txt", "CON.txt", "inner.zip", "inner.tar.gz", "deep/" * 60 + "g.txt",
    "%2e%2e/h.txt",
)  # fmt: skip
FIELDS = (
    "title",
    "published",
    "url",
    "source",
    "author",
    "date",
    "link",
    "Title",
    "",
    "\0",
    "\u202e",
    "tags",
)
ENDINGS = ("", ".gz", ".bz2", ".xz", ".zst")


def mutated(data: bytes, rng: random.Random, most: int = 6) -> bytes:
    """A few of the accidents, and of the attacks, that happen to bytes."""
    out = bytearray(data)
    for _ in range(rng.randint(0, most)):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(9):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[at : at + rng.randint(1, 20)]
            case 2:
                out[at:at] = rng.randbytes(rng.randint(1, 8))
            case 3:
                out[at:at] = out[at : at + 100] * rng.randint(1, 12)
            case 4 | 5:
                out[at:at] = rng.choice(TRICKS)
            case 6:
                del out[at:]
            case 7:
                out[0:0] = rng.choice(TRICKS)
            case _:
                other = rng.choice(ARTICLES).encode(rng.choice(CODECS), "replace")
                out[at:at] = other[: rng.randint(1, len(other))]
    return bytes(out)


def article(rng: random.Random) -> bytes:
    return mutated(rng.choice(ARTICLES).encode(rng.choice(CODECS[:1] * 4 + CODECS), "replace"), rng)


def _value(rng: random.Random, depth: int = 0) -> object:
    match rng.randrange(10 if depth < 3 else 7):
        case 0:
            return rng.choice((None, True, False, 0, -1, 1e308, 10**17))
        case 1:
            return rng.choice(
                ("2024-01-01", "2024-13-45", "99999999", "أمس", "0000-00-00T99:99", "14 دجنبر 2023")
            )
        case 2 | 3 | 4:
            return rng.choice(TRICKS).decode("utf-8", "replace") + rng.choice(ARTICLES)[: rng.randint(0, 40)]
        case 5:
            return "x" * rng.choice((0, 1, 300, 12_000))
        case 6:
            return "https://example.com/" + "a" * rng.choice((1, 3_000))
        case 7:
            return [_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
        case _:
            return {rng.choice(FIELDS): _value(rng, depth + 1) for _ in range(rng.randint(0, 3))}


def fields(rng: random.Random) -> dict[str, object]:
    return {rng.choice(FIELDS): _value(rng) for _ in range(rng.randint(0, 5))}


def sidecar(rng: random.Random) -> bytes:
    if rng.random() < 0.02:
        return b"[" * rng.choice((10, 2_000, 100_000))
    return mutated(json.dumps(fields(rng), ensure_ascii=rng.random() < 0.5).encode(), rng, rng.choice((0, 2)))


def manifest(rng: random.Random, names: list[str], ending: str) -> bytes:
    if ending == "csv":
        rows = [f'{name},"{rng.choice(ARTICLES)[:20]}",2024-01-0{rng.randint(0, 9)}' for name in names]
        return mutated("\n".join(["file,title,published", *rows]).encode(), rng, 2)
    rows = [json.dumps({"file": name, **fields(rng)}, ensure_ascii=False) for name in names]
    return mutated("\n".join(rows).encode("utf-8", "surrogatepass"), rng, 2)


def front_matter(rng: random.Random) -> bytes:
    lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in fields(rng).items())
    return mutated(f"---\n{lines}---\n".encode("utf-8", "replace"), rng, 2) + article(rng)


def _members(rng: random.Random) -> list[tuple[str, bytes]]:
    members = []
    for n in range(rng.randint(1, 5)):
        name = rng.choice((f"{n}.txt", f"sub/{n}.txt", rng.choice(NAMES)))
        members.append((name, article(rng)))
        if rng.random() < 0.3:
            members.append((f"{name.removesuffix('.txt')}.meta.json", sidecar(rng)))
    if rng.random() < 0.3:
        members.append(("manifest.jsonl", manifest(rng, [name for name, _ in members], "jsonl")))
    if rng.random() < 0.1:
        members.append(("inner.zip", zipped(rng, [("a.txt", article(rng))])))
    return members


def zipped(rng: random.Random, members: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, (rng.randint(1980, 2107), rng.randint(1, 12), 1, 0, 0, 0))
            info.external_attr = rng.choice((0, 0, 0o120777 << 16))
            archive.writestr(info, data)
    return out.getvalue()


def tarred(rng: random.Random, members: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    kind = rng.choice((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name.replace("\0", "_"))
            info.size = len(data)
            info.mtime = rng.choice((0, 1_700_000_000, 2**40, -(2**33)))
            info.type = rng.choice(
                (tarfile.REGTYPE,) * 8 + (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)
            )
            if kind == tarfile.PAX_FORMAT and rng.random() < 0.1:
                info.pax_headers = rng.choice(
                    ({"mtime": "nan"}, {"mtime": "1e400"}, {"size": "-5"}, {"path": "../" * 50 + "z.txt"})
                )
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def compressed(data: bytes, ending: str) -> bytes:
    match ending:
        case ".gz":
            return gzip.compress(data, 1)
        case ".bz2":
            return bz2.compress(data, 1)
        case ".xz":
            return lzma.compress(data, preset=0)
        case ".zst":
            return zstandard.ZstdCompressor(level=1).compress(data)
        case _:
            return data


def folder(path: Path, inputs: int, rng: random.Random) -> int:
    """Fill an empty folder with about ``inputs`` inputs; how many files and members were mutated."""
    made = 0
    names = []
    for n in range(inputs):
        match rng.randrange(10):
            case 0 | 1 | 2 | 3 | 4:
                (path / f"{n}.txt").write_bytes(article(rng))
                names.append(f"{n}.txt")
                made += 1
            case 5:
                (path / f"{n}.txt").write_bytes(front_matter(rng))
                made += 1
            case 6 | 7:
                (path / f"{n}.txt").write_bytes(article(rng))
                (path / f"{n}.meta.json").write_bytes(sidecar(rng))
                made += 2
            case 8:
                ending = rng.choice(ENDINGS[1:])
                data = compressed(article(rng), ending)
                (path / f"{n}.txt{ending}").write_bytes(mutated(data, rng, rng.choice((0, 1))))
                made += 1
            case _:
                members = _members(rng)
                if rng.random() < 0.5:
                    name, data = f"{n}.zip", zipped(rng, members)
                else:
                    ending = rng.choice(ENDINGS)
                    name, data = f"{n}.tar{ending}", compressed(tarred(rng, members), ending)
                (path / name).write_bytes(mutated(data, rng, rng.choice((0, 0, 1, 4))))
                made += 1 + len(members)
    ending = rng.choice(("jsonl", "csv"))
    (path / f"manifest.{ending}").write_bytes(manifest(rng, names, ending))
    return made + 1
