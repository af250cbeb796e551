"""What happens to local files whose rows are committed: nothing, unless their inbox says so."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from flows.read.discover import Found

AfterLoad = Literal["keep", "archive", "delete"]
log = logging.getLogger("rasd.after_load")


def put_away(found: Iterable[Found], what: AfterLoad, archive: str | None, roots: Iterable[str]) -> int:
    """Move or delete files that were loaded, with their sidecars; how many.

    found: files whose rows are committed.  archive: folder that they move to, their path below the inbox
    kept.  roots: the inbox's paths.  Members of archives and remote files stay where they are, and so does a
    file that changed since it was found.  A file that cannot be moved stays, with a warning: it is known, so
    the next run skips it.
    """
    if what == "keep":
        return 0
    folders = [Path(root).absolute() for root in roots]
    done = 0
    for item in found:
        if item.member is not None or item.data is not None or "://" in item.path:
            continue
        path = Path(item.path)
        beside = Path(item.sidecar) if isinstance(item.sidecar, str) else None
        try:
            state = path.stat(follow_symlinks=False)
            if state.st_size != item.size or state.st_mtime != item.modified:
                continue
            for one in (beside, path):
                if one is None:
                    continue
                if what == "delete":
                    one.unlink(missing_ok=True)
                elif archive is not None:
                    _move(one, Path(archive) / _below(one, folders))
        except OSError as error:
            log.warning("%s was loaded and could not be put away: %s", path, error)
        else:
            done += 1
    return done


def _below(path: Path, folders: Iterable[Path]) -> Path:
    """The path below its inbox; the name alone where it lies in none of the folders."""
    inside = [folder for folder in folders if path.is_relative_to(folder) and path != folder]
    return path.relative_to(max(inside, key=lambda f: len(f.parts))) if inside else Path(path.name)


def _move(path: Path, target: Path) -> None:
    """Move a file, never over another one: the bytes there may be an earlier version."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number = 0
    free = target
    while os.path.lexists(free):
        number += 1
        free = target.with_name(f"{target.name}.{number}")
    shutil.move(path, free)
