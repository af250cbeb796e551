"""Files made to do harm: metadata that explodes, archives that lie, names that command a terminal."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from db.runs import to_json
from flows.pipeline import Options
from flows.read import archives
from flows.read.discover import Found, discover, load
from flows.read.metadata import MetadataError, front_matter, parse_manifest, parse_sidecar
from flows.records import Metadata, RawFile, Rejection
from flows.rows import article_rows, file_key
from flows.storable import storable_json
from flows.terminal import console, harmless, isolate
from flows.workers import process_one

TEXT = "استقبل وزير الخارجية سامي الراجحي، أمس الخميس بالرباط، السفير."


def answers(path: Path) -> list[Found | Rejection]:
    return list(discover([str(path)]))


# ---------------------------------------------------------------------------------------- metadata


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 2_000 + "1" + "}" * 2_000])
def test_json_without_bottom(text: str) -> None:
    with pytest.raises(MetadataError, match="nested too deeply"):
        parse_sidecar(text.encode(), "x")
    entries, faults = parse_manifest(
        b'{"file": "a", "b": ' + text.encode() + b"\n" + b'{"file": "b"}', "m.jsonl"
    )
    assert list(entries) == ["b"]
    assert len(faults) == 1


def test_a_csv_column_without_end() -> None:
    usual = csv.field_size_limit(131_072)  # other libraries raise it for the whole process
    try:
        entries, faults = parse_manifest(b"file," + b"x" * 200_000 + b"\n", "m.csv")
    finally:
        csv.field_size_limit(usual)
    assert not entries
    assert "field larger than field limit" in str(faults[0])


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)


@pytest.mark.parametrize(
    "block", [BOMB, "a: &a [*a]", "a: &a {b: *a}", "a: " + "[" * 15_000, "a: " + "[" * 900 + "]" * 900]
)
def test_yaml_that_explodes_is_text(block: str) -> None:
    assert front_matter(f"---\n{block}\n---\nx") is None


def test_yaml_values_of_every_kind_become_text() -> None:
    found = front_matter(
        "---\nhex: 0x" + "F" * 15_000 + "\nset: !!set {c, b}\nkeys: {null: 3, 1.5: 2}\n1: one\n---\nx"
    )
    assert found is not None
    extra = found[0].extra
    assert extra["hex"].startswith("0xffff")
    assert extra["set"] == '["b","c"]', "in an order that does not change from run to run"
    assert extra["1"] == "one"


@pytest.mark.parametrize("modified", [1e18, -1e18, float("nan"), float("inf")])
def test_times_that_no_calendar_has(modified: float) -> None:
    data = TEXT.encode()
    raw = RawFile("/a.txt", "a", data, hashlib.sha256(data).hexdigest(), Metadata(), modified)
    assert file_key(raw).modified is None
    assert not isinstance(process_one(raw, article_rows, Options(names_engine="rules"), 60), Rejection)


@pytest.mark.parametrize("text", ["a\0b", "a\\u0000b", "a\\\0b", "\\\\u0000", "\0\0", "\udcff", "\\u0000\0"])
def test_any_text_is_storable_json(text: str) -> None:
    """Also where somebody wrote an escaped NUL out: a backslash and five characters."""
    kept = json.loads(storable_json(json.dumps({"a": text}, ensure_ascii=False)))["a"]
    assert kept == text.replace("\0", "\ufffd").replace("\udcff", "\ufffd")
    assert json.loads(to_json({"a": text}))["a"] == kept


# ---------------------------------------------------------------------------------------- archives


def tar(*members: tuple[str, bytes, dict[str, str]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data, headers in members:
            info = tarfile.TarInfo(name)
            info.size, info.pax_headers = len(data), headers
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_a_damaged_header_does_not_hide_what_follows(tmp_path: Path, ending: str) -> None:
    """tarfile takes a damaged header for the end of the archive."""
    data = bytearray(tar(*((f"{n}.txt", TEXT.encode(), {}) for n in range(4))))
    data[2048:2060] = b"x" * 12  # the header of 2.txt
    path = tmp_path / f"a.{ending}"
    path.write_bytes(gzip.compress(bytes(data)) if ending == "tar.gz" else bytes(data))
    found = answers(path)
    assert isinstance(found[-1], Rejection)
    assert (found[-1].cause, "damaged header" in found[-1].message) == ("bad_archive", True)


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_a_long_name_of_gigabytes_is_not_read(tmp_path: Path, ending: str) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 5_000_000_000
    data = info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)
    path = tmp_path / f"a.{ending}"
    path.write_bytes(gzip.compress(data) if ending == "tar.gz" else data)
    (found,) = answers(path)
    assert isinstance(found, Rejection)
    assert "a header of 5,000,000,000 bytes" in found.message


@pytest.mark.parametrize("header", ["mtime=nan", "mtime=1e400", "size=-5", "mtime=" + "9" * 400])
@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_absurd_headers(tmp_path: Path, header: str, ending: str) -> None:
    data = tar(("a.txt", TEXT.encode(), dict([header.split("=")])), ("b.txt", TEXT.encode(), {}))
    path = tmp_path / f"a.{ending}"
    path.write_bytes(gzip.compress(data) if ending == "tar.gz" else data)
    found = answers(path)
    assert found
    for one in found:
        raw = load(one) if isinstance(one, Found) else one
        if isinstance(raw, RawFile):
            file_key(raw)


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_too_large_a_sidecar_is_a_rejection(tmp_path: Path, ending: str) -> None:
    """Beside a file it is one; in an archive the article came without its metadata and without a word."""
    import zipfile

    members = [("a.txt", TEXT.encode()), ("a.meta.json", b'{"title": "' + b"x" * 1_100_000 + b'"}')]
    path = tmp_path / f"a.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)
    else:
        data = tar(*((name, data, {}) for name, data in members))
        path.write_bytes(gzip.compress(data) if ending == "tar.gz" else data)
    (found,) = answers(path)
    assert isinstance(found, Found)
    rejected = load(found)
    assert isinstance(rejected, Rejection)
    assert rejected.cause == "bad_sidecar"


def test_sidecars_are_bounded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kilobyte of compressed tar may stand for a gigabyte of sidecars."""
    monkeypatch.setattr(archives, "_MAX_ASIDES", 3_000_000)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(tar(*((f"{n}.meta.json", b" " * 900_000, {}) for n in range(5)))))
    (found,) = answers(path)
    assert isinstance(found, Rejection)
    assert found.cause == "too_large"


def test_folders_without_bottom(tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(300):
            Path("a").mkdir()
            os.chdir("a")
    finally:
        os.chdir(before)
    (tmp_path / "b.txt").write_text(TEXT, encoding="utf-8")
    deep, article = answers(tmp_path)
    assert isinstance(deep, Rejection)
    assert deep.cause == "too_deep"
    assert isinstance(article, Found)


# ---------------------------------------------------------------------------------------- terminal


def test_a_terminal_gets_no_commands_and_no_turns(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\u202ea\x1b]0;title\x07b\x9bc\u2067d\x7f\rخبر"
    console().print(hostile, markup=False)
    shown = capsys.readouterr().out
    assert "خبر" in shown
    assert not set(shown) & set("\x1b\x07\x9b\x7f\r\u202e\u2067")
    assert harmless(hostile) == "a␛]0;title␇b\ufffdcd␡␍خبر"
    assert harmless("سطر\nوآخر\tهنا") == "سطر\nوآخر\tهنا"


def test_what_is_isolated_cannot_end_its_isolation() -> None:
    assert isolate("خبر\u2069\u2067 آخر", terminal=True) == "\u2068خبر آخر\u2069"
