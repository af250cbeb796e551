"""What a listing of files comes to: ``Found``; what stands beside articles; the members of archives."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from flows.read import archives
from flows.read.metadata import MetadataError, parse_manifest
from flows.records import Metadata, Rejection

_ARTICLE = (".txt", ".text")
MANIFESTS = ("manifest.jsonl", "manifest.csv")
SIDECAR = ".meta.json"
_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", ".filepart", ".swp", ".swx", ".lock", "~")
URL = re.compile(r"\A[a-zA-Z][a-zA-Z0-9+.-]+://")
MAGIC = re.compile(r"[*?\[]")
MAX_SIDECAR = 1_000_000
MAX_MANIFEST = 500_000_000


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


def name_of(uri: str) -> str:
    """The name that a file at this address has: ``.../pack.zip::day/a.txt`` -> ``a``."""
    base = uri.rpartition("::")[2].rpartition("/")[2]
    return stem(re.split(r"[?#]", base)[0] if URL.match(uri) else base)


def is_article(name: str) -> bool:
    return archives.without_compression(name).lower().endswith(_ARTICLE)


def is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(_UNFINISHED)


def is_aside(name: str) -> bool:
    return name in MANIFESTS or name.endswith(SIDECAR)


@dataclass
class Manifests:
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
        for name in reversed(MANIFESTS):  # what .jsonl says wins over .csv
            path = f"{folder}/{name}"
            try:
                data = read_regular(path, MAX_MANIFEST)
            except FileNotFoundError:
                continue
            except (OSError, NotRegularError, archives.TooLargeError) as exc:
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


class NotRegularError(Exception):
    """What the name leads to is no regular file (any more)."""


def read_regular(path: str, limit: int) -> bytes:
    """At most ``limit`` bytes of a regular file; FIFOs and devices are closed unread."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise NotRegularError(f"{path} is no regular file")
        if state.st_size > limit:
            raise archives.TooLargeError(state.st_size)
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise archives.TooLargeError(len(data))
    return data


@dataclass(frozen=True)
class Run:
    """What stays the same while one call of ``discover`` walks."""

    manifests: Manifests
    settle: float
    now: float
    options: Metadata | None
    max_bytes: int
    unchanged: Callable[[str, str], bool]

    def unsettled(self, modified: float | None) -> bool:
        return self.settle > 0 and modified is not None and self.now - modified < self.settle


# ------------------------------------------------------------------------------------------- archives


def archived(
    run: Run, path: str, name: str, modified: float | None, state: str
) -> Iterator[Found | Rejection]:
    """The articles in one archive, with its own manifests and sidecars; ``state`` is the archive's."""
    try:
        asides, members = archives.listing(path, _aside_limit)
        inside = Manifests()
        for member in asides:
            folder, _, base = member.name.rpartition("/")
            if base in MANIFESTS:
                try:
                    inside.add(f"{path}::{folder}", base, archives.aside(path, member))
                except archives.ArchiveError as exc:
                    where = f"{path}::{member.name}"
                    yield Rejection(where, "metadata", "bad_manifest", f"{where}: {exc}", size=member.size)
        yield from inside.drain()
        sidecars = {m.name: m for m in asides if m.name.endswith(SIDECAR)}
        for member in members(run.max_bytes):
            folder, _, base = member.name.rpartition("/")
            parts = member.name.split("/")
            if any(is_hidden(part) for part in parts) or not is_article(base) or "__MACOSX" in parts:
                continue
            uri = f"{path}::{member.name}"
            if member.problem is not None:
                yield Rejection(
                    uri, "discover", member.problem[0], f"{uri}: {member.problem[1]}", size=member.size
                )
                continue
            prefix = f"{folder}/" if folder else ""
            sidecar = sidecars.get(f"{prefix}{stem(base)}{SIDECAR}") or sidecars.get(
                f"{member.name}{SIDECAR}"
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


def _aside_limit(name: str) -> int | None:
    base = name.rpartition("/")[2]
    if base in MANIFESTS:
        return MAX_MANIFEST
    return MAX_SIDECAR if is_aside(base) else None


def _inside_entry(manifests: Manifests, path: str, folder: str, name: str) -> Metadata | None:
    here, relative = folder, name
    while True:
        if (entry := manifests.known.get(f"{path}::{here}", {}).get(relative)) is not None:
            return entry
        if not here:
            return None
        here, _, last = here.rpartition("/")
        relative = f"{last}/{relative}"
