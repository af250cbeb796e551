"""Archives read in place: zip, tar, compressed tar, and single compressed files.

A member of a zip or a plain tar is read by its position.  A compressed tar can only be read from its start,
so
``listing`` goes through it twice, once for manifests and sidecars and once handing each member out with its
bytes; nothing is read once per member and nothing is unpacked to disk.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import shutil
import stat
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast

__all__ = [
    "ArchiveError",
    "Member",
    "TooLargeError",
    "aside",
    "compression",
    "decompress",
    "kind",
    "listing",
    "opened",
    "read",
    "without_compression",
]

_SPOOL = 64_000_000  # bytes of a remote archive kept in memory; more go to an unnamed temporary file
_MAX_HEADER = 1_000_000  # bytes of a long name or of pax fields in a tar
_MAX_ASIDES = 500_000_000  # bytes of all manifests and sidecars of one archive
_COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")
_TAR = re.compile(r"\.(?:tar(?:\.(?:gz|bz2|xz|zst))?|tgz|tbz2?|txz|tzst)\Z", re.IGNORECASE)
_SHORT = {"tgz": ".gz", "tbz": ".bz2", "tbz2": ".bz2", "txz": ".xz", "tzst": ".zst"}
_URL = re.compile(r"\A[a-zA-Z][a-zA-Z0-9+.-]+://")


class ArchiveError(Exception):
    """An archive or a member that cannot be read; ``cause`` is the rejection's code."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


def _broken(what: str, exc: Exception) -> ArchiveError:
    """What a decoder of the library raises on hostile bytes may be anything: struct.error, ValueError,
    RecursionError, zstandard's own errors ..."""
    if isinstance(exc, ArchiveError):
        return exc
    return ArchiveError("bad_archive", f"{what}: {exc or type(exc).__name__}")


class TooLargeError(Exception):
    """More bytes than an article may have; the argument is how many are known of."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an archive.  ``offset`` is the position of its bytes in a plain tar, in a zip that of its
    header; ``data`` are its bytes where they were only to be had while the archive streamed by."""

    name: str
    size: int
    modified: float | None = None
    offset: int | None = None
    data: bytes | None = None
    problem: tuple[str, str] | None = None  # cause and message where it cannot be read


def compression(name: str) -> str | None:
    """``.gz`` and the like, where ``name`` is a single compressed file."""
    lower = name.lower()
    # most names are plain ones: one call in C decides
    if not lower.endswith(_COMPRESSIONS) or _TAR.search(lower):
        return None
    return next(suffix for suffix in _COMPRESSIONS if lower.endswith(suffix))


def without_compression(name: str) -> str:
    suffix = compression(name)
    return name[: -len(suffix)] if suffix else name


def kind(name: str) -> str | None:
    """``zip`` or ``tar`` where ``name`` is an archive of several files."""
    if name.lower().endswith(".zip"):
        return "zip"
    return "tar" if _TAR.search(name) else None


def _tar_compression(name: str) -> str | None:
    lower = name.lower()
    ending = lower.rpartition(".")[2]
    if ending in _SHORT:
        return _SHORT[ending]
    return next((suffix for suffix in _COMPRESSIONS if lower.endswith(suffix)), None)


# ---------------------------------------------------------------------------------------- byte streams


def opened(path: str) -> IO[bytes]:
    """A seekable stream of a local regular file or a URL.  Raises OSError."""
    if _URL.match(path):
        return _remote(path)
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ArchiveError("not_a_file", "no regular file")
    return os.fdopen(handle, "rb")


def _remote(path: str) -> IO[bytes]:
    import fsspec

    fs, name = fsspec.core.url_to_fs(path)
    if path.lower().startswith("http") and not fs.info(name).get("partial"):
        # the server cannot hand out parts of a file: fetched once, as it is, and gone when closed
        copy = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115  (closed by the caller)
        with fs.open(name, "rb", block_size=0) as stream:
            shutil.copyfileobj(stream, copy, 1 << 20)
        copy.seek(0)
        return cast(IO[bytes], copy)
    return cast(IO[bytes], fs.open(name, "rb"))


def _zstd() -> Any:
    try:
        import zstandard  # type: ignore[import-not-found,unused-ignore]
    except ImportError as exc:
        raise ArchiveError("unsupported", "zstandard files want the package `zstandard`") from exc
    return zstandard


def _decompressing(stream: IO[bytes], suffix: str) -> IO[bytes]:
    if suffix == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=stream, mode="rb"))
    if suffix == ".bz2":
        return cast(IO[bytes], bz2.BZ2File(stream))
    if suffix == ".xz":
        return cast(IO[bytes], lzma.LZMAFile(stream))
    return cast(IO[bytes], _zstd().ZstdDecompressor().stream_reader(stream, read_across_frames=True))


def decompress(data: bytes, suffix: str, limit: int) -> bytes:
    """At most ``limit`` bytes of a compressed file.  Raises TooLargeError and ArchiveError."""
    if suffix == ".zst":
        return _decompress_zstd(data, limit)
    out = bytearray()
    try:
        with _decompressing(io.BytesIO(data), suffix) as stream:
            while len(out) <= limit and (piece := stream.read(min(1 << 20, limit + 1 - len(out)))):
                out += piece
    except Exception as exc:
        raise _broken(f"broken {suffix[1:]} data", exc) from exc
    if len(out) > limit:
        raise TooLargeError(len(out))
    return bytes(out)


def _decompress_zstd(data: bytes, limit: int) -> bytes:
    """Fed in small pieces, so that a few bytes that stand for gigabytes are noticed in time.  The package's
    own stream reader takes a file that breaks off for a whole one."""
    zstandard = _zstd()
    out = bytearray()
    rest = data
    while rest:
        frame = zstandard.ZstdDecompressor().decompressobj()
        at = 0
        try:
            while at < len(rest) and not frame.eof:
                out += frame.decompress(rest[at : at + 512])
                at += 512
                if len(out) > limit:
                    raise TooLargeError(len(out))
        except zstandard.ZstdError as exc:
            raise ArchiveError("bad_archive", f"broken zst data: {exc}") from exc
        if not frame.eof:
            raise ArchiveError("bad_archive", "broken zst data: it breaks off")
        rest = frame.unused_data + rest[at:]
    return bytes(out)


# -------------------------------------------------------------------------------------------------- zip


@lru_cache(maxsize=8)
def _zip_at(path: str, _version: tuple[float, int]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(opened(path))
    except Exception as exc:
        raise _broken("no readable zip archive", exc) from exc


def _zip(path: str) -> zipfile.ZipFile:
    """The open archive, one per process; opened anew when the file has changed."""
    if _URL.match(path):
        return _zip_at(path, (0.0, 0))
    try:
        state = Path(path).stat()
    except OSError as exc:
        raise ArchiveError("unreadable", exc.strerror or str(exc)) from exc
    return _zip_at(path, (state.st_mtime, state.st_size))


def _zip_member(info: zipfile.ZipInfo) -> Member:
    problem = ("unreadable", "the member is encrypted") if info.flag_bits & 1 else None
    if stat.S_ISLNK(info.external_attr >> 16):
        problem = ("not_a_file", "a link inside an archive")
    try:
        modified: float | None = (
            time.mktime((*info.date_time, 0, 0, -1)) if info.date_time[0] > 1980 else None
        )
    except (ValueError, OverflowError):
        modified = None
    return Member(info.filename, info.file_size, modified, info.header_offset, None, problem)


@lru_cache(maxsize=8)
def _zip_places(archive: zipfile.ZipFile) -> dict[int, zipfile.ZipInfo]:
    return {info.header_offset: info for info in archive.infolist()}


def _zip_read(path: str, member: Member, limit: int) -> bytes:
    archive = _zip(path)
    info = _zip_places(archive).get(member.offset if member.offset is not None else -1)
    if info is None or info.filename != member.name:
        raise ArchiveError("unreadable", "the archive changed since it was listed")
    try:
        with archive.open(info) as stream:
            data = stream.read(limit + 1)
    except Exception as exc:
        raise _broken("broken member", exc) from exc
    if len(data) > limit:
        raise TooLargeError(len(data))
    return data


# -------------------------------------------------------------------------------------------------- tar


class _TarInfo(tarfile.TarInfo):
    """A header that tells when it is damaged; tarfile takes one after the first for the archive's end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _TarInfo:
        try:
            return super().fromtarfile(archive)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as exc:  # type: ignore[attr-defined]
            raise ArchiveError("bad_archive", f"broken archive: a damaged header ({exc})") from exc

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # headers that carry a long name or pax fields are read whole, whatever size they claim
        if self.type in _LONG_HEADERS and not 0 <= self.size <= _MAX_HEADER:
            raise ArchiveError("bad_archive", f"broken archive: a header of {self.size:,} bytes")
        return super()._proc_member(archive)  # type: ignore[misc, no-any-return]


_LONG_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def _tar_member(info: tarfile.TarInfo, data: bytes | None = None) -> Member:
    problem = None
    if not info.isreg() or info.issparse():
        problem = ("not_a_file", "a link or a special file inside an archive")
    elif info.size < 0 or info.offset_data < 0:
        problem = ("bad_archive", f"a member of {info.size:,} bytes")
    try:
        modified: float | None = float(info.mtime)
    except OverflowError:
        modified = None
    return Member(info.name.removeprefix("./"), info.size, modified, info.offset_data, data, problem)


def _tar_stream(path: str) -> Iterator[tuple[tarfile.TarInfo, Callable[[int], bytes]]]:
    """Every member of a tar as it streams by, with a reader of its bytes that works until the next one."""
    suffix = _tar_compression(path)
    with opened(path) as raw:
        stream = raw if suffix is None else _decompressing(raw, suffix)
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_TarInfo) as archive:
            for info in archive:

                def body(limit: int, info: tarfile.TarInfo = info) -> bytes:
                    extracted = archive.extractfile(info)
                    return b"" if extracted is None else extracted.read(limit)

                yield info, body
                cast(Any, archive).members = []  # tarfile would keep them all


def _tar_plain(path: str) -> list[Member]:
    with opened(path) as raw, tarfile.open(fileobj=raw, mode="r:", tarinfo=_TarInfo) as archive:
        return [_tar_member(info) for info in archive if not info.isdir()]


@lru_cache(maxsize=8)
def _tar_handle(path: str, _version: tuple[float, int]) -> IO[bytes]:
    return opened(path)


def _tar_read(path: str, member: Member, limit: int) -> bytes:
    if member.offset is None:
        raise ArchiveError("unreadable", "no position in the archive")
    if member.size > limit:
        raise TooLargeError(member.size)
    try:
        version = (0.0, 0)
        if not _URL.match(path):
            state = Path(path).stat()
            version = (state.st_mtime, state.st_size)
        stream = _tar_handle(path, version)
        stream.seek(member.offset)
        data = stream.read(member.size)
    except (OSError, ValueError, OverflowError) as exc:
        raise ArchiveError("unreadable", getattr(exc, "strerror", None) or str(exc)) from exc
    if len(data) < member.size:
        raise ArchiveError("bad_archive", "the archive ends inside the member")
    return data


# ----------------------------------------------------------------------------------------------- public


def aside(path: str, member: Member) -> bytes:
    """The bytes of a manifest or sidecar that ``listing`` named.  Raises ArchiveError."""
    if member.problem is not None:
        raise ArchiveError(*member.problem)
    return member.data if member.data is not None else read(path, member, member.size)


def read(path: str, member: Member, limit: int) -> bytes:
    """At most ``limit`` bytes of a member.  Raises TooLargeError and ArchiveError."""
    return _zip_read(path, member, limit) if kind(path) == "zip" else _tar_read(path, member, limit)


def _guarded(path: str, steps: Iterator[Member]) -> Iterator[Member]:
    try:
        yield from steps
    except TooLargeError:
        raise
    except Exception as exc:
        raise _broken("broken archive", exc) from exc


def listing(
    path: str, aside_limit: Callable[[str], int | None]
) -> tuple[list[Member], Callable[[int], Iterator[Member]]]:
    """(manifests and sidecars, how to go through the other members).

    ``aside_limit`` gets a member's name: the most bytes it may have where it is a manifest or sidecar, else
    None; larger ones carry a problem.  The second gets the most bytes that a member may have; larger ones of
    a compressed tar carry a problem.  Zip members come by name, tar members as they stand.  Raises
    ArchiveError, also while going through.
    """
    left = _MAX_ASIDES

    def aside_member(member: Member, limit: int) -> Member:
        nonlocal left
        if member.problem is None and member.size > limit:
            return _too_large(member, limit)
        left -= member.size
        if left < 0:
            raise ArchiveError(
                "too_large", f"its manifests and sidecars have more than {_MAX_ASIDES:,} bytes"
            )
        return member

    if kind(path) == "zip" or _tar_compression(path) is None:
        if kind(path) == "zip":
            infos = sorted((i for i in _zip(path).infolist() if not i.is_dir()), key=lambda i: i.filename)
            members = [_zip_member(info) for info in infos]
        else:
            members = list(_guarded(path, (m for p in (path,) for m in _tar_plain(p))))
        limits = [(member, aside_limit(member.name)) for member in members]
        asides = [aside_member(member, limit) for member, limit in limits if limit is not None]
        return asides, lambda _limit: (member for member, limit in limits if limit is None)

    def first() -> Iterator[Member]:
        for info, body in _tar_stream(path):
            if info.isreg() and (limit := aside_limit(info.name)) is not None:
                member = aside_member(_tar_member(info), limit)
                yield member if member.problem is not None else _tar_member(info, body(info.size))

    def second(limit: int) -> Iterator[Member]:
        for info, body in _tar_stream(path):
            if info.isdir() or aside_limit(info.name) is not None:
                continue
            member = _tar_member(info)
            if member.problem is None and info.size > limit:
                yield _too_large(member, limit)
            elif member.problem is None:
                yield _tar_member(info, body(info.size))
            else:
                yield member

    return list(_guarded(path, first())), lambda limit: _guarded(path, second(limit))


def _too_large(member: Member, limit: int) -> Member:
    words = f"{member.size:,} bytes are no news article; the limit is {limit:,}"
    return Member(member.name, member.size, member.modified, problem=("too_large", words))
