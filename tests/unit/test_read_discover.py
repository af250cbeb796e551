"""Which files are read, in which order, and what becomes of those that cannot be."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.read.discover import Found, discover, load
from flows.read.listing import name_of
from flows.records import Metadata, RawFile, Rejection

BODY = "خبر قصير للاختبار".encode()


def write(path: Path, data: bytes = BODY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def run(*paths: object, **options: object) -> list[Found | Rejection]:
    return list(discover([str(p) for p in paths], **options))  # type: ignore[arg-type]


def names(found: list[Found | Rejection]) -> list[str]:
    return [f.name if isinstance(f, Found) else f"!{f.cause}" for f in found]


def loaded(found: Found | Rejection) -> RawFile:
    assert isinstance(found, Found), found
    raw = load(pickle.loads(pickle.dumps(found)))  # as a worker process gets it
    assert isinstance(raw, RawFile), raw
    return raw


def test_folder_in_order_without_hidden_and_unfinished_files(tmp_path: Path) -> None:
    for name in (
        "b.txt",
        "a.txt",
        "sub/c.txt",
        ".hidden.txt",
        ".git/x.txt",
        "d.txt.part",
        "e.txt~",
        "f.tmp",
        "g.md",
        "h.TXT",
    ):
        write(tmp_path / name)
    found = run(tmp_path)
    assert names(found) == ["a", "b", "h", "c"]
    assert [f.uri for f in found] == [str(tmp_path / n) for n in ("a.txt", "b.txt", "h.TXT", "sub/c.txt")]
    raw = loaded(found[0])
    assert (raw.data, raw.name) == (BODY, "a")
    assert raw.modified == pytest.approx((tmp_path / "a.txt").stat().st_mtime)


def test_it_is_lazy(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    stream = discover([str(tmp_path), "/nowhere/at/all"])
    assert isinstance(stream, Iterator)
    assert isinstance(next(stream), Found)
    assert isinstance(next(stream), Rejection)


def test_files_modified_just_now_are_left_for_the_next_run(tmp_path: Path) -> None:
    old = write(tmp_path / "old.txt")
    os.utime(old, (time.time() - 100, time.time() - 100))
    write(tmp_path / "new.txt")
    assert names(run(tmp_path, settle_seconds=10)) == ["old"]
    assert names(run(tmp_path)) == ["new", "old"]


def test_a_file_named_itself_may_have_any_name(tmp_path: Path) -> None:
    assert names(
        run(write(tmp_path / "README"), write(tmp_path / "a.b.txt"), write(tmp_path / "page.html"))
    ) == [
        "README",
        "a.b",
        "page",
    ]


def test_globs(tmp_path: Path) -> None:
    for name in ("a1.txt", "a2.txt", "b1.txt", "a1.meta.json", "deep/er/a3.txt"):
        write(tmp_path / name, b"{}" if name.endswith("json") else BODY)
    assert names(run(tmp_path / "a*")) == ["a1", "a2"]
    assert names(run(tmp_path / "**" / "a*.txt")) == ["a1", "a2", "a3"]
    assert names(run(tmp_path / "z*.txt")) == ["!not_found"]
    bracket = write(tmp_path / "x[1].txt")
    assert names(run(bracket)) == ["x[1]"]  # a name that looks like a pattern


def test_what_is_not_there(tmp_path: Path) -> None:
    (rejection,) = run(tmp_path / "none.txt")
    assert isinstance(rejection, Rejection)
    assert (rejection.stage, rejection.cause) == ("discover", "not_found")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    write(tmp_path / "x.txt" / "inside.txt")
    write(tmp_path / "y.txt")
    assert names(run(tmp_path)) == ["!not_a_file", "y"]


def test_links(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / "a.txt")
    write(tmp_path / "outside.txt")
    write(tmp_path / "other" / "z.txt")
    (root / "b-dangling.txt").symlink_to(root / "none.txt")
    (root / "c-inside.txt").symlink_to(root / "a.txt")
    (root / "d-outside.txt").symlink_to(tmp_path / "outside.txt")
    (root / "e-loop").symlink_to(root)
    (root / "f-other").symlink_to(tmp_path / "other")
    (root / "g-self.txt").symlink_to(root / "g-self.txt")
    assert names(run(root)) == [
        "a",
        "!dangling_link",
        "c-inside",
        "!link_out_of_root",
        "!link_loop",
        "!link_out_of_root",
        "!dangling_link",
    ]
    assert names(run(root / "b-dangling.txt")) == ["!dangling_link"]
    assert names(run(root / "g-self.txt")) == ["!link_loop"]
    assert names(run(root / "d-outside.txt")) == ["d-outside"]  # named by the user


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no FIFOs")
def test_fifos_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    write(tmp_path / "z.txt")
    assert names(run(tmp_path)) == ["!not_a_file", "z"]  # would hang if it opened the pipe
    assert names(run(tmp_path / "pipe.txt")) == ["!not_a_file"]
    assert names(run("/dev/zero")) == ["!not_a_file"]
    # swapped after it was found
    (found,) = run(tmp_path / "z.txt")
    assert isinstance(found, Found)
    (tmp_path / "z.txt").unlink()
    os.mkfifo(tmp_path / "z.txt")
    late = load(found)
    assert isinstance(late, Rejection) and late.cause == "not_a_file"


_AS_NOBODY = """
import os, sys
sys.path[:0] = sys.argv[2:]
from flows.read.discover import Found, discover, load
if os.geteuid() == 0:  # after the imports: the account need not be able to read the project
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for found in discover([sys.argv[1]]):
    outcome = load(found) if isinstance(found, Found) else found
    print(outcome.stage, outcome.cause, outcome.message.rpartition(": ")[2], sep="|")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the platform has no such permissions")
def test_unreadable_files_and_folders() -> None:
    """What the system refuses to whoever runs the tests or, where that is root, to an account without rights.

    Not under pytest's own folder, which no other account may enter.
    """
    folder = Path(tempfile.mkdtemp(prefix="rasd-"))
    folder.chmod(0o755)
    try:
        write(folder / "a.txt").chmod(0)
        write(folder / "closed" / "b.txt").parent.chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(folder), *sys.path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [
            "read|unreadable|Permission denied",
            "discover|unreadable|Permission denied",
        ]
    finally:
        (folder / "closed").chmod(0o755)
        shutil.rmtree(folder)


def test_a_file_that_vanishes(tmp_path: Path) -> None:
    (found,) = run(write(tmp_path / "a.txt"))
    (tmp_path / "a.txt").unlink()
    assert isinstance(found, Found)
    rejection = load(found)
    assert isinstance(rejection, Rejection)
    assert (rejection.stage, rejection.cause) == ("read", "not_found")


def test_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)
    (found,) = run(path)
    assert isinstance(found, Found)
    rejection = load(found)
    assert isinstance(rejection, Rejection)
    assert (rejection.cause, rejection.size) == ("too_large", 50_000_000)
    assert isinstance(load(found, max_bytes=60_000_000), RawFile)


def test_sidecars_and_manifests(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    write(tmp_path / "b.txt")
    write(tmp_path / "sub" / "c.txt")
    write(tmp_path / "a.meta.json", json.dumps({"title": "من الجانب", "desk": 3}).encode())
    rows = [
        {"file": "a.txt", "title": "من القائمة", "published": "2024-01-01"},
        {"file": "sub/c.txt", "source": "example.org"},
        {"file": "not-there.txt", "title": "لا شيء"},
    ]
    write(tmp_path / "manifest.jsonl", "\n".join(json.dumps(r) for r in rows).encode())
    write(tmp_path / "sub" / "manifest.csv", "file,title\nc.txt,من الجدول\n".encode())
    a, b, c = (loaded(f) for f in run(tmp_path))
    assert a.metadata == Metadata("من الجانب", "2024-01-01", extra={"desk": "3"})
    assert b.metadata == Metadata()
    assert c.metadata.title == "من الجدول"  # the nearest manifest
    named = loaded(run(tmp_path / "a.txt")[0])
    assert named.metadata == a.metadata
    options = loaded(run(tmp_path / "a.txt", options=Metadata(source="cli"))[0])
    assert (options.metadata.source, options.metadata.title) == ("cli", "من الجانب")


def test_faulty_metadata_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    write(tmp_path / "a.meta.json", b"{not json")
    write(tmp_path / "b.txt")
    write(tmp_path / "manifest.jsonl", '{"file": "b.txt", "title": "ب"}\n[1]\n{"title": "x"}\n'.encode())
    found = run(tmp_path)
    assert names(found) == ["!bad_manifest", "!bad_manifest", "a", "b"]
    assert "manifest.jsonl:2" in found[0].message and "manifest.jsonl:3" in found[1].message  # type: ignore[union-attr]
    bad = load(found[2])  # type: ignore[arg-type]
    assert isinstance(bad, Rejection)
    assert (bad.stage, bad.cause) == ("metadata", "bad_sidecar")
    assert loaded(found[3]).metadata.title == "ب"


MEMBERS = {
    "news/b.txt": BODY + b" 2",
    "news/a.txt": BODY + b" 1",
    "news/a.meta.json": '{"title": "جانب"}'.encode(),
    "news/manifest.jsonl": '{"file": "b.txt", "title": "قائمة"}'.encode(),
    "news/.hidden.txt": b"x",
    "__MACOSX/news/._a.txt": b"x",
    "news/readme.md": b"x",
}


def make_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in MEMBERS.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, mode: str) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in MEMBERS.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_700_000_000
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize(
    "kind", ["x.zip", "x.tar", "x.tar.gz", "x.tgz", "x.tar.bz2", "x.tar.xz", "x.tar.zst"]
)
def test_archives(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind.endswith("zip"):
        make_zip(path)
    elif kind.endswith("zst"):
        zstandard = pytest.importorskip("zstandard")
        path.write_bytes(zstandard.compress(make_tar(tmp_path / "y", "w").read_bytes()))
        (tmp_path / "y").unlink()
    else:
        make_tar(
            path,
            {"tar": "w", "gz": "w:gz", "tgz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}[kind.rpartition(".")[2]],
        )
    found = run(tmp_path)  # found while walking
    assert sorted(names(found)) == ["a", "b"]
    raws = {raw.name: raw for raw in map(loaded, found)}
    assert raws["a"].data == BODY + b" 1" and raws["b"].data == BODY + b" 2"
    assert raws["a"].metadata.title == "جانب" and raws["b"].metadata.title == "قائمة"
    assert raws["a"].uri == f"{path}::news/a.txt"
    assert names(run(path)) == names(found)


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz", "zst"])
def test_single_compressed_files(tmp_path: Path, suffix: str) -> None:
    if suffix == "zst":
        data = pytest.importorskip("zstandard").compress(BODY)
    else:
        data = {"gz": gzip, "bz2": bz2, "xz": lzma}[suffix].compress(BODY)
    path = write(tmp_path / f"a.txt.{suffix}", data)
    (found,) = run(tmp_path)
    raw = loaded(found)
    assert (raw.name, raw.data, raw.uri) == ("a", BODY, str(path))
    path.write_bytes(data[: len(data) // 2])
    broken = load(found)  # type: ignore[arg-type]
    assert isinstance(broken, Rejection) and broken.cause in ("bad_archive", "empty")


def test_bombs_are_cut_short(tmp_path: Path) -> None:
    write(tmp_path / "a.txt.gz", gzip.compress(b"\0" * 60_000_000))
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("c.txt", b"\0" * 60_000_000)
    with tarfile.open(tmp_path / "d.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("e.txt")
        info.size = 60_000_000
        tar.addfile(info, io.BytesIO(b"\0" * 60_000_000))
    a, c, e = run(tmp_path)
    assert [load(f).cause for f in (a, c) if isinstance(f, Found)] == ["too_large", "too_large"]  # type: ignore[union-attr]
    assert isinstance(e, Rejection) and e.cause == "too_large"


def test_broken_and_hostile_archives(tmp_path: Path) -> None:
    write(tmp_path / "a.zip", b"PK\x03\x04 nothing")
    write(tmp_path / "b.tar", b"x" * 3000)
    good = make_tar(tmp_path / "good", "w:gz").read_bytes()
    (tmp_path / "good").unlink()
    write(tmp_path / "c.tar.gz", good[: len(good) // 2])
    with tarfile.open(tmp_path / "d.tar", "w") as tar:
        link = tarfile.TarInfo("evil.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        up = tarfile.TarInfo("../up.txt")
        up.size = len(BODY)
        tar.addfile(up, io.BytesIO(BODY))
    write(tmp_path / "z.txt")
    found = run(tmp_path)
    causes = [f.cause for f in found if isinstance(f, Rejection)]
    assert causes == ["bad_archive", "bad_archive", "bad_archive", "not_a_file"]
    assert loaded(found[-1]).data == BODY  # everything beside them is read
    assert not (tmp_path.parent / "up.txt").exists()


def test_members_of_a_compressed_tar_are_read_in_two_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many members: the archive is opened once for manifests and once for the rest."""
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        for i in range(300):
            info = tarfile.TarInfo(f"{i:03}.txt")
            info.size = len(BODY)
            tar.addfile(info, io.BytesIO(BODY))
    from flows.read import archives

    opened: list[str] = []
    original = archives.opened
    monkeypatch.setattr(archives, "opened", lambda path: opened.append(path) or original(path))
    found = run(tmp_path)
    assert len(found) == 300 and all(loaded(f).data == BODY for f in found)
    assert len(opened) == 2


def test_urls_through_fsspec() -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe("/rasd-test/b.txt", BODY)
    memory.pipe("/rasd-test/a.txt", BODY)
    memory.pipe("/rasd-test/a.meta.json", '{"title": "بعيد"}'.encode())
    memory.pipe("/rasd-test/manifest.jsonl", b'{"file": "b.txt", "published": "2024-05-01"}')
    memory.pipe("/rasd-test/.c.txt", BODY)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("z.txt", BODY)
    memory.pipe("/rasd-test/pack.zip", buffer.getvalue())
    try:
        found = run("memory://rasd-test")
        assert names(found) == ["a", "b", "z"]
        a, b, z = map(loaded, found)
        assert (a.metadata.title, b.metadata.published, z.data) == ("بعيد", "2024-05-01", BODY)
        assert a.uri == "memory:///rasd-test/a.txt"
        assert names(run("memory://rasd-test/*.txt")) == ["a", "b"]
        assert names(run("memory://rasd-test/b.txt")) == ["b"]
        assert names(run("memory://rasd-test/none.txt")) == ["!not_found"]
    finally:
        memory.rm("/rasd-test", recursive=True)


def test_unknown_protocols_are_rejected() -> None:
    (rejection,) = run("gopher-like://host/x.txt")
    assert isinstance(rejection, Rejection)
    assert rejection.cause in ("unsupported", "unreadable")


def test_file_urls(tmp_path: Path) -> None:
    assert names(run(f"file://{write(tmp_path / 'a.txt')}")) == ["a"]


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/in/a.txt", "a"),
        ("/in/a.b.txt.gz", "a.b"),
        ("/in/pack.zip::day/مقال.txt", "مقال"),
        ("/in/pack.zip::a.text", "a"),
        ("https://example.org/daily/b.txt?day=1", "b"),
        ("/in/why?.txt", "why?"),
    ],
)
def test_the_name_of_an_address(uri: str, name: str) -> None:
    """What is read again from stored bytes has the name that it had as a file."""
    assert name_of(uri) == name
