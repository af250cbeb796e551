"""Files behind URLs, through fsspec: what there is to read, and what a client's error means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flows.errors import UserError
from flows.read import archives
from flows.read.listing import (
    MAGIC,
    MANIFESTS,
    SIDECAR,
    Found,
    Run,
    archived,
    is_article,
    is_aside,
    is_hidden,
    stem,
)
from flows.records import Metadata, Rejection


def _beside(fs: Any, listed: Mapping[str, Any]) -> dict[str, Any]:
    """Manifests and sidecars that stand beside what was named but are not named themselves."""
    found = {}
    for folder in sorted({name.rpartition("/")[0] for name in listed}):
        if not any(name.startswith(f"{folder}/") and is_aside(name[len(folder) + 1 :]) for name in listed):
            for info in fs.ls(folder, detail=True) if folder else ():
                if is_aside(info["name"].rpartition("/")[2]):
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


def remote_error(url: str, exc: BaseException) -> tuple[str, str]:
    """Cause and one line of message of what a remote file system's client raised."""
    said = " ".join(f"{type(exc).__name__}: {exc}".split())
    if isinstance(exc, FileNotFoundError):
        return "not_found", "nothing there"
    if isinstance(exc, PermissionError) or _REFUSED.search(said):
        look = _CREDENTIALS.get(_EXTRAS.get(url.partition("://")[0].lower(), ""))
        return "forbidden", f"access refused ({said})" + (f"; look at {look}" if look else "")
    return "unreadable", said


def remote(run: Run, url: str) -> Iterator[Found | Rejection]:
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
        elif MAGIC.search(path) and not fs.exists(path):
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
        cause, message = remote_error(url, exc)
        yield Rejection(url, "discover", cause, f"{url}: {message}")
        return
    single = list(listed) == [path]
    names = {str(name): fs.unstrip_protocol(str(name)) for name in sorted(listed.keys() | beside.keys())}
    top = fs.unstrip_protocol(path).rstrip("/") if not single else ""
    for name, full in names.items():
        folder, _, base = name.rpartition("/")
        if base in MANIFESTS:
            try:
                run.manifests.add(full.rpartition("/")[0], base, fs.cat_file(name))
            except Exception as exc:
                yield Rejection(full, "metadata", "bad_manifest", f"{full}: {type(exc).__name__}: {exc}")
    yield from run.manifests.drain()
    for name, full in names.items():
        if (info := listed.get(name)) is None:
            continue
        base = re.split(r"[?#]", name.rpartition("/")[2])[0]
        if info.get("type") == "directory" or (not single and (is_hidden(base) or is_aside(base))):
            continue
        if not single and not (is_article(base) or archives.kind(base)):
            continue
        modified = _when(info)
        if run.unsettled(modified):
            continue
        if archives.kind(base) is not None:
            listed_state = _remote_state(info)
            if not run.unchanged(full, listed_state):
                yield from archived(run, full, base, modified, listed_state)
            continue
        folder = name.rpartition("/")[0]
        sidecar = next(
            (c for c in (f"{folder}/{stem(base)}{SIDECAR}", f"{name}{SIDECAR}") if c in names), None
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
