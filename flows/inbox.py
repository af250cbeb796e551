"""What is new in an inbox, without reading again what is not.

A file that was loaded leaves a fingerprint of its listing (address, size, times, inode, metadata that a
manifest states).  The next run passes over files whose fingerprint it knows.  The fingerprint is a hint and
never the truth: it holds for one pipeline version, a share of the known files is read and hashed anyway in
each run, files written in the last moments leave none, and a file that moved, came back or got another time
is simply read again and found to be known by its bytes.
"""

from __future__ import annotations

import hashlib
import time
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field

import sqlalchemy as sa

from db import hints as stored
from flows.read.discover import Found
from flows.records import Metadata, Rejection
from flows.storable import storable_uri

# A file written this shortly before its listing may be written again without its times telling.
FRESH_SECONDS = 2.0
_STATED_NOTHING = Metadata()


def fingerprint(
    uri: str, state: str, source: str | None, metadata: Metadata, options: Metadata | None
) -> int:
    """A signed 64-bit hash of what a listing says of a file, and of the outlet that the run gives it."""
    stated = "" if metadata == _STATED_NOTHING and options is None else f"{metadata!r} {options!r}"
    text = f"{uri}\0{state}\0{source or ''}\0{stated}".encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), signed=True)


@dataclass
class Inbox:
    """The files that one run looks at; for the thread of the run alone."""

    pipeline_version_id: int
    run_id: int
    recheck: int  # one in so many known files is read anyway; 0: none
    known: array[int]
    source: str | None = None  # outlet of files that do not say theirs
    began: float = field(default_factory=time.time)
    skipped: int = 0
    advance: Callable[[int], None] = lambda _files: None
    _open: Counter[tuple[str, str]] = field(default_factory=Counter)  # members under way, by archive
    _spoilt: set[str] = field(default_factory=set)  # archives of which a member was refused

    def fresh(self, found: Iterable[Found | Rejection]) -> Iterator[Found | Rejection]:
        """What has to be looked at."""
        unreported = 0
        for item in found:
            if isinstance(item, Rejection):
                # the archive, or the archive of this member, is opened again next time
                self._spoilt.add(item.uri.partition("::")[0])
                yield item
                continue
            archive = (item.path, item.state) if item.member is not None else None
            if archive is None and item.state and self._knows(self._fingerprint(item)):
                self.skipped += 1
                unreported += 1
                if unreported == 1000:
                    self.advance(unreported)
                    unreported = 0
                continue
            if archive is not None:
                self._open[archive] += 1
            yield item
        self.advance(unreported)

    def archive_unchanged(self, path: str, state: str) -> bool:
        """Whether an archive may be passed over: all its members were loaded and it was not written to."""
        return bool(state) and self._knows(self._of_archive(path, state))

    def settle(self, connection: sa.Connection, files: Iterable[Found], refused: Set[str]) -> None:
        """Remember the files of a batch that is loaded, but for those at ``refused`` (storable) addresses."""
        seen: list[int] = []
        for item in files:
            if item.member is not None:
                archive = (item.path, item.state)
                self._open[archive] -= 1
                if storable_uri(item.uri) in refused:
                    self._spoilt.add(item.path)
            elif item.state and storable_uri(item.uri) not in refused and self._is_old(item.modified):
                seen.append(self._fingerprint(item))
        stored.remember(connection, self.pipeline_version_id, seen)

    def settle_archives(self, connection: sa.Connection) -> None:
        """At a run's end: remember the archives of which every member is loaded."""
        whole = [
            self._of_archive(path, state)
            for (path, state), left in self._open.items()
            if left == 0 and state and path not in self._spoilt
        ]
        stored.remember(connection, self.pipeline_version_id, whole)
        stored.forget_old(connection, self.pipeline_version_id)

    def _fingerprint(self, item: Found) -> int:
        return fingerprint(item.uri, item.state, self.source, item.metadata, item.options)

    def _of_archive(self, path: str, state: str) -> int:
        return fingerprint(path, state, self.source, _STATED_NOTHING, None)

    def _is_old(self, modified: float | None) -> bool:
        # a time in the future is a clock that jumped
        return modified is None or modified < self.began - FRESH_SECONDS

    def _knows(self, value: int) -> bool:
        place = bisect_left(self.known, value)
        if place == len(self.known) or self.known[place] != value:
            return False
        return not self.recheck or value % self.recheck != self.run_id % self.recheck


def open_inbox(
    connection: sa.Connection, pipeline_version_id: int, run_id: int, recheck: int, source: str | None
) -> Inbox:
    """The inbox of a run, with what earlier runs remembered."""
    known = stored.hints(connection, pipeline_version_id)
    return Inbox(pipeline_version_id, run_id, recheck, known, source)
