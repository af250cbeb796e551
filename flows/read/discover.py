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
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from flows.read import archives
from flows.read.decode import MAX_BYTES
from flows.read.listing import (
    MAGIC,
    MANIFESTS,
    MAX_SIDECAR,
    SIDECAR,
    URL,
    Found,
    Manifests,
    NotRegularError,
    Run,
    archived,
    is_article,
    is_aside,
    is_hidden,
    read_regular,
    stem,
)
from flows.read.metadata import MetadataError, merge, parse_sidecar
from flows.read.remote import remote, remote_error
from flows.records import Metadata, RawFile, Rejection

__all__ = ["Found", "discover", "load"]

_NO_METADATA = Metadata()
_MAX_DEPTH = 200  # folders in folders; a path of the system's full length would be ten times that

# ----------------------------------------------------------------------------------------------- local


def _local_sidecar(folder: str, name: str, siblings: frozenset[str] | None) -> str | None:
    if siblings is not None and not siblings:
        return None
    for candidate in (f"{stem(name)}{SIDECAR}", f"{name}{SIDECAR}"):
        path = f"{folder}/{candidate}"
        if candidate in siblings if siblings is not None else os.path.lexists(path):
            return path
    return None


def _local_file(
    run: Run, path: str, state: os.stat_result, top: str, siblings: frozenset[str] | None
) -> Iterator[Found | Rejection]:
    folder, _, name = path.rpartition("/")
    if run.unsettled(state.st_mtime):
        return
    if archives.kind(name) is not None:
        listed = _state(state)
        if not run.unchanged(path, listed):
            yield from archived(run, path, name, state.st_mtime, listed)
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


def _walk(run: Run, folder: str, root: str, above: frozenset[tuple[int, int]]) -> Iterator[Found | Rejection]:
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
    if len(above) >= _MAX_DEPTH:
        yield Rejection(folder, "discover", "too_deep", f"{folder} lies more than {_MAX_DEPTH} folders deep")
        return
    above |= {identity}
    asides = frozenset(name for name in entries if is_aside(name))
    if not asides.isdisjoint(MANIFESTS):
        run.manifests.folder(folder)
        yield from run.manifests.drain()
    for name in entries:
        if is_hidden(name) or name in asides:
            continue
        path = f"{folder}/{name}"
        wanted = is_article(name) or archives.kind(name) is not None
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


def _local(run: Run, given: str) -> Iterator[Found | Rejection]:
    """A local path as the user named it: file, folder, archive or glob."""
    path = os.path.abspath(os.path.expanduser(given)).replace(os.sep, "/")
    try:
        state = os.stat(path)
    except OSError as exc:
        if MAGIC.search(given) and not os.path.lexists(path):
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


def _local_glob(run: Run, pattern: str) -> Iterator[Found | Rejection]:
    matches = [m for m in sorted(glob.iglob(pattern, recursive=True)) if not is_hidden(m.rpartition("/")[2])]
    if not matches:
        yield Rejection(pattern, "discover", "not_found", f"{pattern}: nothing fits the pattern")
    for match in matches:
        name = match.rpartition("/")[2]
        # sidecars, manifests and other files that a pattern catches were not named by the user
        if is_aside(name) or (os.path.isfile(match) and not (is_article(name) or archives.kind(name))):
            continue
        if os.path.isdir(match) and "**" in pattern:
            continue  # its files fit the pattern themselves
        yield from _local(run, match)


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
    run = Run(Manifests(), settle_seconds, time.time(), options, max_bytes, unchanged)
    for given in paths:
        given = str(given)
        if given.startswith("file://"):
            yield from _local(run, given.removeprefix("file://"))
        elif URL.match(given):
            yield from remote(run, given)
        else:
            yield from _local(run, given)
        yield from run.manifests.drain()


def _bytes(found: Found, max_bytes: int) -> bytes:
    if found.data is not None:
        data = found.data
    elif found.member is not None:
        data = archives.read(found.path, found.member, max_bytes)
    elif URL.match(found.path):
        with archives.opened(found.path) as stream:
            data = stream.read(max_bytes + 1)
    else:
        data = read_regular(found.path, max_bytes)
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
    if URL.match(found.sidecar):
        with archives.opened(found.sidecar) as stream:
            return parse_sidecar(stream.read(MAX_SIDECAR), found.sidecar)
    return parse_sidecar(read_regular(found.sidecar, MAX_SIDECAR), found.sidecar)


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
    except (NotRegularError, IsADirectoryError) as exc:
        return reject("not_a_file", str(exc))
    except FileNotFoundError:
        return reject("not_found", "it is gone since it was found")
    except Exception as exc:
        if URL.match(found.path):
            return reject(*remote_error(found.path, exc))
        if not isinstance(exc, OSError):
            raise
        return reject("unreadable", exc.strerror or str(exc))
    try:
        sidecar = _sidecar(found)
    except (MetadataError, OSError, NotRegularError, archives.ArchiveError, archives.TooLargeError) as exc:
        return reject("bad_sidecar", str(exc), "metadata")
    return RawFile(
        uri=found.uri,
        name=found.name,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        metadata=merge(found.options, sidecar, found.metadata),
        modified=found.modified,
    )
