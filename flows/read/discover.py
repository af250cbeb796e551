"""Paths and URLs -> files to read, lazily, in a fixed order; and one of them -> its bytes.

Local folders are walked with the operating system's own listing; URLs (``s3://``, ``https://``, ``memory://``
...) go through fsspec, which is imported only then.  Archives are read in place: members of zip and plain tar
files by their position, those of a compressed tar as it streams by, so no archive is read twice per member
and none is unpacked to disk.
"""

# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH113, PTH114, PTH116, PTH207
# Walking uses the os functions: pathlib objects double the time of listing ten thousand files.

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flows.errors import UserError
from flows.read import archives
from flows.read.decode import MAX_BYTES
from flows.read.metadata import MetadataError, merge, parse_manifest, parse_sidecar
from flows.records import Metadata, RawFile, Rejection

__all__ = ["Found", "discover", "load", "stem"]

_ARTICLE = (".txt", ".text")
_MANIFESTS = ("manifest.jsonl", "manifest.csv")
_SIDECAR = ".meta.json"
_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", ".filepart", ".swp", ".swx", ".lock", "~")
_URL = re.compile(r"\A[a-zA-Z][a-zA-Z0-9+.-]+://")
_MAGIC = re.compile(r"[*?\[]")
_MAX_SIDECAR = 1_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read.  Small and picklable: workers call ``load`` on it."""

    uri: str  # absolute path or URL; archive::member
    name: str  # without its last suffix (two for .txt.gz)
    size: int | None  # bytes, where the listing says so
    modified: float | None
    metadata: Metadata = field(default_factory=Metadata)
    path: str = ""  # of the file or archive
    member: archives.Member | None = None
    sidecar: str | archives.Member | None = None
    data: bytes | None = None  # members of compressed tars come with their bytes
    options: Metadata | None = None  # the command line's; they win over the sidecar
    # what the listing says of the file and its sidecar; another text whenever one of them was written to, and
    # empty where a listing cannot tell
    state: str = ""


def stem(name: str) -> str:
    """A file's name without its ending (and that of its compression)."""
    base = archives.without_compression(name)
    # as PurePosixPath.stem, a tenth of its time
    dot = base.rfind(".")
    return base[:dot] if 0 < dot < len(base) - 1 else base


def _is_article(name: str) -> bool:
    return archives.without_compression(name).lower().endswith(_ARTICLE)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(_UNFINISHED)


def _is_aside(name: str) -> bool:
    return name in _MANIFESTS or name.endswith(_SIDECAR)


@dataclass
class _Manifests:
    """Manifests of the folders seen in one run, each read once."""

    known: dict[str, dict[str, Metadata]] = field(default_factory=dict)
    problems: list[Rejection] = field(default_factory=list)

    def add(self, folder: str, name: str, data: bytes) -> None:
        where = f"{folder}/{name}"
        try:
            entries, faults = parse_manifest(data, where)
        except MetadataError as exc:
            self.problems.append(Rejection(where, "metadata", "bad_manifest", str(exc)))
            return
        self.known.setdefault(folder, {}).update(entries)
        self.problems += [Rejection(where, "metadata", "bad_manifest", str(fault)) for fault in faults]

    def folder(self, folder: str) -> None:
        """Read the manifests of a local folder."""
        if folder in self.known:
            return
        self.known[folder] = {}
        for name in reversed(_MANIFESTS):  # what .jsonl says wins over .csv
            path = f"{folder}/{name}"
            try:
                data = _read_regular(path, 500_000_000)
            except FileNotFoundError:
                continue
            except (OSError, _NotRegularError, archives.TooLargeError) as exc:
                self.problems.append(Rejection(path, "metadata", "bad_manifest", f"{path}: {exc}"))
                continue
            self.add(folder, name, data)

    def of(self, folder: str, name: str, top: str) -> Metadata | None:
        """The entry of a file in its folder's manifest or one above, up to ``top``."""
        if not self.known:
            return None
        here, path = folder, name
        while True:
            if (entry := self.known.get(here, {}).get(path)) is not None:
                return entry
            if here in (top, "") or "/" not in here:
                return None
            here, _, last = here.rpartition("/")
            path = f"{last}/{path}"

    def drain(self) -> Iterator[Rejection]:
        yield from self.problems
        self.problems.clear()


class _NotRegularError(Exception):
    """What the name leads to is no regular file (any more)."""


def _read_regular(path: str, limit: int) -> bytes:
    """At most ``limit`` bytes of a regular file; FIFOs and devices are closed unread."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise _NotRegularError(f"{path} is no regular file")
        if state.st_size > limit:
            raise archives.TooLargeError(state.st_size)
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise archives.TooLargeError(len(data))
    return data


# ----------------------------------------------------------------------------------------------- local


@dataclass(frozen=True)
class _Run:
    """What stays the same while one call of ``discover`` walks."""

    manifests: _Manifests
    settle: float
    now: float
    options: Metadata | None
    max_bytes: int
    unchanged: Callable[[str, str], bool]

    def unsettled(self, modified: float | None) -> bool:
        return self.settle > 0 and modified is not None and self.now - modified < self.settle


def _local_sidecar(folder: str, name: str, siblings: frozenset[str] | None) -> str | None:
    if siblings is not None and not siblings:
        return None
    for candidate in (f"{stem(name)}{_SIDECAR}", f"{name}{_SIDECAR}"):
        path = f"{folder}/{candidate}"
        if candidate in siblings if siblings is not None else os.path.lexists(path):
            return path
    return None


_NO_METADATA = Metadata()


def _local_file(
    run: _Run, path: str, state: os.stat_result, top: str, siblings: frozenset[str] | None
) -> Iterator[Found | Rejection]:
    folder, _, name = path.rpartition("/")
    if run.unsettled(state.st_mtime):
        return
    if archives.kind(name) is not None:
        listed = _state(state)
        if not run.unchanged(path, listed):
            yield from _archive(run, path, name, state.st_mtime, listed)
        return
    sidecar = _local_sidecar(folder, name, siblings)
    yield Found(
        uri=path,
        name=stem(name),
        size=None if archives.compression(name) else state.st_size,
        modified=state.st_mtime,
        metadata=run.manifests.of(folder, name, top) or _NO_METADATA,
        path=path,
        sidecar=sidecar,
        options=run.options,
        state=_state(state) if sidecar is None else f"{_state(state)} {_state_of(sidecar)}",
    )


def _state(state: os.stat_result) -> str:
    """Size, times and place of a file: any write changes one of them, whatever the clock does."""
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}"


def _state_of(path: str) -> str:
    try:
        return _state(os.stat(path))
    except OSError:
        return "?"


def _is_inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _walk(
    run: _Run, folder: str, root: str, above: frozenset[tuple[int, int]]
) -> Iterator[Found | Rejection]:
    """One folder, in the order of its names; ``root`` is what was named, links may not lead out of it."""
    try:
        state = os.stat(folder)
        # names alone: a folder may hold a million files, and an entry of scandir weighs four times its name
        entries = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError as exc:
        yield Rejection(folder, "discover", "unreadable", f"{folder}: {exc.strerror or exc}")
        return
    identity = (state.st_dev, state.st_ino)
    if identity in above:
        yield Rejection(folder, "discover", "link_loop", f"{folder} is a link to a folder above it")
        return
    above |= {identity}
    asides = frozenset(name for name in entries if _is_aside(name))
    if not asides.isdisjoint(_MANIFESTS):
        run.manifests.folder(folder)
        yield from run.manifests.drain()
    for name in entries:
        if _is_hidden(name) or name in asides:
            continue
        path = f"{folder}/{name}"
        wanted = _is_article(name) or archives.kind(name) is not None
        try:
            state = os.lstat(path)
            if stat.S_ISLNK(state.st_mode):
                target = os.path.realpath(path)
                if not os.path.exists(target):
                    if wanted:
                        yield Rejection(path, "discover", "dangling_link", f"{path} is a link to nothing")
                    continue
                if not _is_inside(target, root):
                    yield Rejection(path, "discover", "link_out_of_root", f"{path} leads out of {root}")
                    continue
                state = os.stat(path)
        except OSError as exc:
            yield Rejection(path, "discover", "unreadable", f"{path}: {exc.strerror or exc}")
            continue
        if stat.S_ISDIR(state.st_mode):
            if wanted and not archives.kind(name):
                yield Rejection(path, "discover", "not_a_file", f"{path} is a folder, not a file")
            else:
                yield from _walk(run, path, root, above)
        elif not wanted:
            continue
        elif stat.S_ISREG(state.st_mode):
            yield from _local_file(run, path, state, root, asides)
        else:
            yield Rejection(path, "discover", "not_a_file", f"{path} is a FIFO, socket or device")


def _local(run: _Run, given: str) -> Iterator[Found | Rejection]:
    """A local path as the user named it: file, folder, archive or glob."""
    path = os.path.abspath(os.path.expanduser(given)).replace(os.sep, "/")
    try:
        state = os.stat(path)
    except OSError as exc:
        if _MAGIC.search(given) and not os.path.lexists(path):
            yield from _local_glob(run, path)
        elif os.path.islink(path):
            loop = os.path.lexists(path) and exc.errno == 40
            cause = "link_loop" if loop else "dangling_link"
            yield Rejection(path, "discover", cause, f"{path} is a link to {'itself' if loop else 'nothing'}")
        elif isinstance(exc, FileNotFoundError):
            yield Rejection(path, "discover", "not_found", f"{path}: no such file or folder")
        else:
            yield Rejection(path, "discover", "unreadable", f"{path}: {exc.strerror or exc}")
        return
    if stat.S_ISDIR(state.st_mode):
        yield from _walk(run, path, os.path.realpath(path), frozenset())
    elif stat.S_ISREG(state.st_mode):
        folder = path.rpartition("/")[0]
        run.manifests.folder(folder)
        yield from run.manifests.drain()
        yield from _local_file(run, path, state, folder, None)
    else:
        yield Rejection(path, "discover", "not_a_file", f"{path} is a FIFO, socket or device")


def _local_glob(run: _Run, pattern: str) -> Iterator[Found | Rejection]:
    matches = [m for m in sorted(glob.iglob(pattern, recursive=True)) if not _is_hidden(m.rpartition("/")[2])]
    if not matches:
        yield Rejection(pattern, "discover", "not_found", f"{pattern}: nothing fits the pattern")
    for match in matches:
        name = match.rpartition("/")[2]
        # sidecars, manifests and other files that a pattern catches were not named by the user
        if _is_aside(name) or (os.path.isfile(match) and not (_is_article(name) or archives.kind(name))):
            continue
        if os.path.isdir(match) and "**" in pattern:
            continue  # its files fit the pattern themselves
        yield from _local(run, match)


# ------------------------------------------------------------------------------------------- archives


def _archive(
    run: _Run, path: str, name: str, modified: float | None, state: str
) -> Iterator[Found | Rejection]:
    """The articles in one archive, with its own manifests and sidecars; ``state`` is the archive's."""
    try:
        asides, members = archives.listing(
            path, lambda n: _is_aside(n.rpartition("/")[2]), _MAX_SIDECAR * 500
        )
        inside = _Manifests()
        for member in asides:
            folder, _, base = member.name.rpartition("/")
            if base in _MANIFESTS:
                inside.add(f"{path}::{folder}", base, archives.aside(path, member))
        yield from inside.drain()
        sidecars = {m.name: m for m in asides if m.name.endswith(_SIDECAR)}
        for member in members(run.max_bytes):
            folder, _, base = member.name.rpartition("/")
            parts = member.name.split("/")
            if any(_is_hidden(part) for part in parts) or not _is_article(base) or "__MACOSX" in parts:
                continue
            uri = f"{path}::{member.name}"
            if member.problem is not None:
                yield Rejection(
                    uri, "discover", member.problem[0], f"{uri}: {member.problem[1]}", size=member.size
                )
                continue
            prefix = f"{folder}/" if folder else ""
            sidecar = sidecars.get(f"{prefix}{stem(base)}{_SIDECAR}") or sidecars.get(
                f"{member.name}{_SIDECAR}"
            )
            yield Found(
                uri=uri,
                name=stem(base),
                size=member.size,
                modified=member.modified if member.modified is not None else modified,
                metadata=_inside_entry(inside, path, folder, base) or Metadata(),
                path=path,
                member=replace(member, data=None),
                sidecar=sidecar,
                data=member.data,
                options=run.options,
                state=state,
            )
    except archives.ArchiveError as exc:
        yield Rejection(path, "discover", exc.cause, f"{path}: {exc}")


def _inside_entry(manifests: _Manifests, path: str, folder: str, name: str) -> Metadata | None:
    here, relative = folder, name
    while True:
        if (entry := manifests.known.get(f"{path}::{here}", {}).get(relative)) is not None:
            return entry
        if not here:
            return None
        here, _, last = here.rpartition("/")
        relative = f"{last}/{relative}"


# ----------------------------------------------------------------------------------------------- remote


def _beside(fs: Any, listed: Mapping[str, Any]) -> dict[str, Any]:
    """Manifests and sidecars that stand beside what was named but are not named themselves."""
    found = {}
    for folder in sorted({name.rpartition("/")[0] for name in listed}):
        if not any(name.startswith(f"{folder}/") and _is_aside(name[len(folder) + 1 :]) for name in listed):
            for info in fs.ls(folder, detail=True) if folder else ():
                if _is_aside(info["name"].rpartition("/")[2]):
                    found[info["name"]] = info
    return found


_HTTP = re.compile(r"https?://", re.IGNORECASE)
# protocol -> the project's extra that brings its driver
_EXTRAS = {
    "s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az", "abfss": "az", "adl": "az",
    "http": "http", "https": "http",
}  # fmt: skip
_CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE and AWS_ENDPOINT_URL",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_REFUSED = re.compile(
    r"forbidden|access ?denied|invalidaccesskey|access key id|credential|signature|unauthori[sz]ed"
    r"|\b40[13]\b",
    re.IGNORECASE,
)


def _remote_error(url: str, exc: BaseException) -> tuple[str, str]:
    """Cause and one line of message of what a remote file system's client raised."""
    said = " ".join(f"{type(exc).__name__}: {exc}".split())
    if isinstance(exc, FileNotFoundError):
        return "not_found", "nothing there"
    if isinstance(exc, PermissionError) or _REFUSED.search(said):
        look = _CREDENTIALS.get(_EXTRAS.get(url.partition("://")[0].lower(), ""))
        return "forbidden", f"access refused ({said})" + (f"; look at {look}" if look else "")
    return "unreadable", said


def _remote(run: _Run, url: str) -> Iterator[Found | Rejection]:
    """A URL that fsspec knows: a file, a folder, a pattern or an archive.

    Raises UserError where the driver of an extra is not installed.
    """
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(url)
        # over HTTP a "folder" is a page with links, which an article with links in it is not
        page = _HTTP.match(url) is not None and not url.endswith("/")
        if page:
            listed = {path: fs.info(path)}
        elif _MAGIC.search(path) and not fs.exists(path):
            listed = fs.glob(path, detail=True)
        elif fs.isdir(path):
            listed = fs.find(path, detail=True)
        else:
            listed = {path: fs.info(path)}
        if not listed:
            raise FileNotFoundError(url)
        beside = {} if _HTTP.match(url) else _beside(fs, listed)
    except ImportError as exc:
        extra = _EXTRAS.get(url.partition("://")[0].lower())
        if extra is None:
            yield Rejection(url, "discover", "unsupported", f"{url}: {exc}")
            return
        raise UserError(
            f"{url}: reading {url.partition('://')[0]}:// wants a driver; install it: uv sync --extra {extra}"
        ) from exc
    except Exception as exc:  # whatever a file system's client raises: credentials, network, protocol
        cause, message = _remote_error(url, exc)
        yield Rejection(url, "discover", cause, f"{url}: {message}")
        return
    single = list(listed) == [path]
    names = {str(name): fs.unstrip_protocol(str(name)) for name in sorted(listed.keys() | beside.keys())}
    top = fs.unstrip_protocol(path).rstrip("/") if not single else ""
    for name, full in names.items():
        folder, _, base = name.rpartition("/")
        if base in _MANIFESTS:
            try:
                run.manifests.add(full.rpartition("/")[0], base, fs.cat_file(name))
            except Exception as exc:
                yield Rejection(full, "metadata", "bad_manifest", f"{full}: {type(exc).__name__}: {exc}")
    yield from run.manifests.drain()
    for name, full in names.items():
        if (info := listed.get(name)) is None:
            continue
        base = re.split(r"[?#]", name.rpartition("/")[2])[0]
        if info.get("type") == "directory" or (not single and (_is_hidden(base) or _is_aside(base))):
            continue
        if not single and not (_is_article(base) or archives.kind(base)):
            continue
        modified = _when(info)
        if run.unsettled(modified):
            continue
        if archives.kind(base) is not None:
            listed_state = _remote_state(info)
            if not run.unchanged(full, listed_state):
                yield from _archive(run, full, base, modified, listed_state)
            continue
        folder = name.rpartition("/")[0]
        sidecar = next(
            (c for c in (f"{folder}/{stem(base)}{_SIDECAR}", f"{name}{_SIDECAR}") if c in names), None
        )
        size = info.get("size")
        yield Found(
            uri=full,
            name=stem(base),
            size=size if isinstance(size, int) and not archives.compression(base) else None,
            modified=modified,
            metadata=run.manifests.of(full.rpartition("/")[0], base, top) or Metadata(),
            path=full,
            sidecar=None if sidecar is None else names[sidecar],
            options=run.options,
            state=_remote_state(info, {} if sidecar is None else listed.get(sidecar) or beside[sidecar]),
        )


def _remote_state(*infos: Mapping[str, Any]) -> str:
    """What a remote listing says of files; empty where it tells neither a tag nor a time of one of them."""
    told = []
    for info in infos:
        if not info:
            continue
        tag = next((str(info[key]) for key in ("ETag", "etag", "md5", "content_md5") if info.get(key)), "")
        when = _when(info)
        if not tag and when is None:
            return ""
        told.append(f"{info.get('size')} {tag} {when}")
    return " ".join(told)


def _when(info: Mapping[str, Any]) -> float | None:
    for key in ("mtime", "LastModified", "last_modified", "modified", "created"):
        value = info.get(key)
        if isinstance(value, (int, float)):
            return float(value)
        stamp = getattr(value, "timestamp", None)
        if callable(stamp):
            return float(stamp())
    return None


# ----------------------------------------------------------------------------------------------- public


def discover(
    paths: Sequence[str] | Iterable[str],
    *,
    settle_seconds: float = 0.0,
    options: Metadata | None = None,
    max_bytes: int = MAX_BYTES,
    unchanged: Callable[[str, str], bool] = lambda _path, _state: False,
) -> Iterator[Found | Rejection]:
    """Files to read under ``paths`` (files, folders, patterns, archives, URLs), lazily and in a fixed order.

    Taken for articles are ``*.txt`` (also compressed, also in archives) and whatever file is named itself.
    Hidden and half-written files, and those modified less than ``settle_seconds`` ago, are left for the next
    run without a word.  Everything else that cannot be read is a Rejection.  ``options`` is the command
    line's metadata.  ``unchanged`` is asked for each archive, with its path and state, whether it may be
    passed over without opening it.
    """
    run = _Run(_Manifests(), settle_seconds, time.time(), options, max_bytes, unchanged)
    for given in paths:
        given = str(given)
        if given.startswith("file://"):
            yield from _local(run, given.removeprefix("file://"))
        elif _URL.match(given):
            yield from _remote(run, given)
        else:
            yield from _local(run, given)
        yield from run.manifests.drain()


def _bytes(found: Found, max_bytes: int) -> bytes:
    if found.data is not None:
        data = found.data
    elif found.member is not None:
        data = archives.read(found.path, found.member, max_bytes)
    elif _URL.match(found.path):
        with archives.opened(found.path) as stream:
            data = stream.read(max_bytes + 1)
    else:
        data = _read_regular(found.path, max_bytes)
    if (compression := archives.compression(found.uri)) is not None:
        data = archives.decompress(data, compression, max_bytes)
    if len(data) > max_bytes:
        raise archives.TooLargeError(len(data))
    return data


def _sidecar(found: Found) -> Metadata | None:
    if found.sidecar is None:
        return None
    if isinstance(found.sidecar, archives.Member):
        return parse_sidecar(archives.aside(found.path, found.sidecar), f"{found.path}::{found.sidecar.name}")
    if _URL.match(found.sidecar):
        with archives.opened(found.sidecar) as stream:
            return parse_sidecar(stream.read(_MAX_SIDECAR), found.sidecar)
    return parse_sidecar(_read_regular(found.sidecar, _MAX_SIDECAR), found.sidecar)


def load(found: Found, *, max_bytes: int = MAX_BYTES) -> RawFile | Rejection:
    """The file's bytes with its metadata; at most ``max_bytes`` of memory and one file open.

    Causes: too_large, unreadable, not_a_file, bad_archive, bad_sidecar.
    """

    def reject(cause: str, message: str, stage: str = "read") -> Rejection:
        return Rejection(found.uri, stage, cause, f"{found.uri}: {message}", None, found.size)

    if found.size is not None and found.size > max_bytes:
        return reject("too_large", f"{found.size:,} bytes are no news article; the limit is {max_bytes:,}")
    try:
        data = _bytes(found, max_bytes)
    except archives.TooLargeError:
        return reject("too_large", f"more than {max_bytes:,} bytes are no news article")
    except archives.ArchiveError as exc:
        return reject(exc.cause, str(exc))
    except (_NotRegularError, IsADirectoryError) as exc:
        return reject("not_a_file", str(exc))
    except FileNotFoundError:
        return reject("not_found", "it is gone since it was found")
    except Exception as exc:
        if _URL.match(found.path):
            return reject(*_remote_error(found.path, exc))
        if not isinstance(exc, OSError):
            raise
        return reject("unreadable", exc.strerror or str(exc))
    try:
        sidecar = _sidecar(found)
    except (MetadataError, OSError, _NotRegularError, archives.ArchiveError, archives.TooLargeError) as exc:
        return reject("bad_sidecar", str(exc), "metadata")
    return RawFile(
        uri=found.uri,
        name=found.name,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        metadata=merge(found.options, sidecar, found.metadata),
        modified=found.modified,
    )
