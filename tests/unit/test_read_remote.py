"""s3:// and http:// against real servers on this machine; what is said where a driver is missing."""

from __future__ import annotations

import io
import json
import pickle
import socket
import subprocess
import sys
import tarfile
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flows.read.discover import Found, discover, load
from flows.records import RawFile, Rejection

BODY = "خبر قصير للاختبار".encode()
BUCKET = "rasd-news"


def names(url: str) -> list[str]:
    return [f.name if isinstance(f, Found) else f"!{f.cause}" for f in discover([url])]


def loaded(found: Found | Rejection) -> RawFile:
    assert isinstance(found, Found), found
    raw = load(pickle.loads(pickle.dumps(found)))  # as a worker process gets it
    assert isinstance(raw, RawFile), raw
    return raw


def archive(members: dict[str, bytes], kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in members.items():
                packed.writestr(name, data)
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz" if kind == "tar.gz" else "w") as tar:
            for name, data in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


MEMBERS = {"in/z.txt": BODY + b" z", "in/manifest.csv": "file,title\nz.txt,من الأرشيف\n".encode()}
OBJECTS = {
    "daily/b.txt": BODY + b" b",
    "daily/a.txt": BODY + b" a",
    "daily/a.meta.json": json.dumps({"title": "من الجانب"}).encode(),
    "daily/manifest.jsonl": json.dumps({"file": "b.txt", "published": "2024-05-01"}).encode(),
    "daily/deep/c.txt": BODY + b" c",
    "daily/half.txt.part": b"x",
    "daily/.hidden.txt": b"x",
    "daily/notes.md": b"x",
    "packs/p.zip": archive(MEMBERS, "zip"),
    "packs/q.tar.gz": archive(MEMBERS, "tar.gz"),
    "packs/r.tar": archive(MEMBERS, "tar"),
}


# ------------------------------------------------------------------------------------------------- S3


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """moto's server in a process of its own, with authentication on: a real S3 over HTTP."""
    pytest.importorskip("s3fs")
    pytest.importorskip("moto.server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).read()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < end, "moto's server does not start"
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A file system on a bucket with OBJECTS; the environment leads to the server, as a user's would."""
    import fsspec

    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "reader")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fs = fsspec.filesystem("s3", skip_instance_cache=True)
    fs.mkdir(BUCKET)
    for name, data in OBJECTS.items():
        fs.pipe(f"{BUCKET}/{name}", data)
    fsspec.filesystem("s3").invalidate_cache()
    yield fs
    fs.rm(BUCKET, recursive=True)
    fsspec.filesystem("s3").clear_instance_cache()


def test_objects_are_listed_in_order_with_what_stands_beside_them(s3: object) -> None:
    found = list(discover([f"s3://{BUCKET}/daily"]))
    assert [f.name for f in found if isinstance(f, Found)] == ["a", "b", "c"]
    assert [f.uri for f in found] == [f"s3://{BUCKET}/daily/{n}.txt" for n in ("a", "b", "deep/c")]
    a, b, c = map(loaded, found)
    assert (a.data, a.metadata.title) == (BODY + b" a", "من الجانب")
    assert (b.data, b.metadata.published) == (BODY + b" b", "2024-05-01")
    assert c.data == BODY + b" c" and c.modified is not None
    assert [f.uri for f in discover([f"s3://{BUCKET}/daily"])] == [f.uri for f in found]


def test_globs_and_single_objects(s3: object) -> None:
    assert names(f"s3://{BUCKET}/daily/*.txt") == ["a", "b"]
    assert names(f"s3://{BUCKET}/**/c.txt") == ["c"]
    assert names(f"s3://{BUCKET}/daily/none*.txt") == ["!not_found"]
    (one,) = discover([f"s3://{BUCKET}/daily/a.txt"])
    assert loaded(one).metadata.title == "من الجانب"
    assert names(f"s3://{BUCKET}/none.txt") == ["!not_found"]
    assert names("s3://no-such-bucket/x") == ["!not_found"]


@pytest.mark.parametrize("pack", ["p.zip", "q.tar.gz", "r.tar"])
def test_archives_on_s3(s3: object, pack: str) -> None:
    (found,) = discover([f"s3://{BUCKET}/packs/{pack}"])
    raw = loaded(found)
    assert raw.uri == f"s3://{BUCKET}/packs/{pack}::in/z.txt"
    assert (raw.data, raw.metadata.title) == (BODY + b" z", "من الأرشيف")


def test_an_object_that_vanishes(s3: object) -> None:
    a, b, _ = discover([f"s3://{BUCKET}/daily"])
    s3.rm(f"{BUCKET}/daily/a.txt")  # type: ignore[attr-defined]
    assert isinstance(a, Found) and isinstance(b, Found)
    gone = load(a)
    assert isinstance(gone, Rejection)
    assert (gone.stage, gone.cause, gone.uri) == ("read", "not_found", f"s3://{BUCKET}/daily/a.txt")
    assert loaded(b).data == BODY + b" b"


def test_wrong_credentials(s3: object, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the server does not know: one rejection that says so, and where to look."""
    import fsspec

    def enforce(after: int) -> None:
        request = urllib.request.Request(
            f"{s3_server}/moto-api/reset-auth",
            data=str(after).encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request, timeout=10).read()

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stranger")
    fsspec.filesystem("s3").clear_instance_cache()
    enforce(0)
    try:
        (refused,) = discover([f"s3://{BUCKET}/daily"])
    finally:
        enforce(1_000_000_000)
        fsspec.filesystem("s3").clear_instance_cache()
    assert isinstance(refused, Rejection)
    assert (refused.stage, refused.cause) == ("discover", "forbidden")
    assert "AWS_ACCESS_KEY_ID" in refused.message and "\n" not in refused.message


# ----------------------------------------------------------------------------------------------- HTTP


@pytest.fixture
def http(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    links = BODY + b" https://example.org/news/1.html"
    for name, data in {**OBJECTS, "daily/links.txt": links}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_files_over_http(http: str) -> None:
    (one,) = discover([f"{http}/daily/a.txt"])
    raw = loaded(one)
    assert (raw.data, raw.uri, raw.name) == (BODY + b" a", f"{http}/daily/a.txt", "a")
    (query,) = discover([f"{http}/daily/b.txt?day=1"])
    assert loaded(query).name == "b"
    (linked,) = discover([f"{http}/daily/links.txt"])  # no page of links, though there is one in it
    assert loaded(linked).data.startswith(BODY)


def test_archives_over_http(http: str) -> None:
    for pack in ("p.zip", "q.tar.gz", "r.tar"):
        (found,) = discover([f"{http}/packs/{pack}"])
        assert loaded(found).metadata.title == "من الأرشيف"


def test_what_is_not_there_over_http(http: str) -> None:
    assert names(f"{http}/none.txt") == ["!not_found"]
    (one,) = discover([f"{http}/daily/a.txt"])
    assert isinstance(one, Found)
    (closed,) = discover(["http://127.0.0.1:1/x.txt"])
    assert isinstance(closed, Rejection) and closed.cause in ("unreadable", "not_found")
    assert "\n" not in closed.message


# -------------------------------------------------------------------------------------------- drivers


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [
        ("s3://b/x.txt", "s3fs", "s3"),
        ("gs://b/x.txt", "gcsfs", "gs"),
        ("az://b/x.txt", "adlfs", "az"),
        ("https://host/x.txt", "aiohttp", "http"),
    ],
)
def test_a_missing_driver_names_its_extra(url: str, module: str, extra: str) -> None:
    code = f"""
import sys
sys.modules[{module!r}] = None  # what Python has for a module that cannot be imported
from flows.errors import UserError
from flows.read.discover import discover
try:
    list(discover([{url!r}]))
except UserError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith(f"uv sync --extra {extra}")
    assert len(done.stdout.splitlines()) == 1
