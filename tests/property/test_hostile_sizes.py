"""Single files made to cost much: each in a process of its own, with bounded time and memory.

uv run pytest -m slow tests/property/test_hostile_sizes.py
"""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from tests.flows.rasd import ROOT

pytestmark = pytest.mark.slow

LINE = "استقبل وزير النقل سامي الراجحي السفير مروان التازي في الرباط يوم 12 ماي 2023.\n"
MEGABYTES = 600  # of address room that a usual extraction needs, models and all, is half of it
LETTERS = "بتثجحخدذرزسشصضطعغفقكلمنهوي"

# prints the largest resident size in KB and the seconds of computing at the end
CODE = """
import resource, sys
from flows.commands.main import extract_command
try:
    status = extract_command(sys.argv[1:2], None, "rules")
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_maxrss, used.ru_utime + used.ru_stime, file=sys.stderr)
sys.exit(status)
"""


def words(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices(LETTERS, k=rng.randint(3, 6))) for _ in range(count)]


def many_names() -> str:
    """Ten thousand people, each named once."""
    rng, pool = random.Random(1), words(4_000, 2)
    lines = [
        f"قال وزير النقل {rng.choice(pool)} {rng.choice(pool)} إن السفير {rng.choice(pool)} بن"
        f" {rng.choice(pool)} وصل يوم {n % 28 + 1} ماي 2023."
        for n in range(5_000)
    ]
    return "عنوان الخبر\n" + "\n".join(lines)


def zip_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def tar_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def extract(path: Path, seconds: float, megabytes: float = MEGABYTES) -> subprocess.CompletedProcess[str]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path)],
        cwd=ROOT,
        env={**os.environ, "RASD_WORKERS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    *_, last = done.stderr.strip().splitlines()
    kilobytes, used = (float(value) for value in last.split())
    waited = time.monotonic() - began
    print(f"\n{path.name}: {used:.1f} s of computing, {kilobytes / 1024:.0f} MB, {waited:.0f} s")
    assert "Traceback" not in done.stderr, done.stderr
    assert used < seconds
    assert kilobytes < megabytes * 1024
    return done


def test_200_megabytes_of_article(tmp_path: Path) -> None:
    """Refused by its size, unread."""
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        for _ in range(200):
            file.write(LINE.encode() * (1_000_000 // len(LINE.encode())))
    done = extract(path, 10)
    assert done.returncode == 1
    assert "are no news article" in done.stderr


def test_the_largest_article_that_is_read(tmp_path: Path) -> None:
    """Twenty megabytes of text are given up after the time a file may take."""
    path = tmp_path / "largest.txt"
    path.write_bytes(LINE.encode() * (19_900_000 // len(LINE.encode())))
    done = extract(path, 90, 6_000)
    assert done.returncode in (0, 1)
    assert done.stdout or "took longer than" in done.stderr


def test_ten_thousand_names(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text(many_names(), encoding="utf-8")
    done = extract(path, 75, 1_500)
    assert done.returncode == 0 or "took longer than" in done.stderr


@pytest.mark.parametrize("ending", ["gz", "zip", "tar.gz"])
def test_a_gigabyte_in_a_megabyte(tmp_path: Path, ending: str) -> None:
    piece = bytes(1_000_000)
    path = tmp_path / f"bomb.txt.{ending}" if ending == "gz" else tmp_path / f"bomb.{ending}"
    if ending == "zip":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("a.txt", "w") as member,
        ):
            for _ in range(1_000):
                member.write(piece)
    elif ending == "gz":
        with gzip.open(path, "wb", compresslevel=1) as file:
            for _ in range(1_000):
                file.write(piece)
    else:
        info = tarfile.TarInfo("a.txt")
        info.size = 1_000_000_000
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(info.tobuf())
            for _ in range(1_000):
                file.write(piece)
            file.write(bytes(2 * 512))
    done = extract(path, 30)
    assert done.returncode == 1
    assert "no news article" in done.stderr


def test_archives_in_archives(tmp_path: Path) -> None:
    """They are not opened; the article beside them is read."""
    inner = zip_of({"a.txt": LINE.encode()})
    for _ in range(50):
        inner = zip_of({"next.zip": inner})
    path = tmp_path / "nested.zip"
    path.write_bytes(zip_of({"inner.zip": inner, "b.txt": LINE.encode()}))
    done = extract(path, 10)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1


def test_fifty_thousand_members(tmp_path: Path) -> None:
    path = tmp_path / "many.tar"
    path.write_bytes(tar_of({f"{n}.txt": b"" for n in range(50_000)}))
    done = extract(path, 60)
    assert done.stderr.count("rejected:") == 50_000


def test_a_manifest_of_a_hundred_megabytes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(LINE, encoding="utf-8")
    with (tmp_path / "manifest.jsonl").open("w", encoding="utf-8") as file:
        for n in range(500_000):
            file.write(f'{{"file": "{n}.txt", "title": "{"x" * 150}"}}\n')
    done = extract(tmp_path, 60, 1_500)
    assert done.returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "«" * 60_000,
        "قال " * 60_000,
        "وزير " * 60_000,
        "بن " * 60_000,
        "يوم 12 " * 30_000,
        "1 " * 60_000,
        "الوزير سامي الراجحي " * 20_000,
        "و" * 200_000,
        "قال الوزير إن " * 20_000,
        "، " * 60_000,
        "عبد " * 60_000,
        "في الرباط " * 30_000,
    ],
    ids=lambda text: text[:8].strip(),
)
def test_one_thing_over_and_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "again.txt"
    path.write_text("عنوان\n" + text + "\n", encoding="utf-8")
    done = extract(path, 75, 2_000)
    assert done.returncode == 0 or "took longer than" in done.stderr or "rejected" in done.stderr
