"""The shipped models: files beside ``flows.extract.models`` with their SHA-256 in ``checksums.json``."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

import msgspec

from flows.extract.engines import EngineError

CHECKSUMS = "checksums.json"


def models_folder() -> Path:
    """Where the models of this installation are."""
    return Path(str(files("flows.extract") / "models"))


def read_model(name: str, folder: Path | None = None) -> bytes:
    """A model file's bytes after comparing their hash.

    Raises EngineError when the file or its entry is missing or the hash differs.
    """
    folder = folder or models_folder()
    try:
        expected = msgspec.json.decode((folder / CHECKSUMS).read_bytes(), type=dict[str, str])
        data = (folder / name).read_bytes()
    except (OSError, msgspec.DecodeError) as exc:
        raise EngineError(f"model {name}: {exc}") from exc
    if expected.get(name) != hashlib.sha256(data).hexdigest():
        raise EngineError(
            f"model {name}: its SHA-256 is not the one in {CHECKSUMS}; reinstall or train again"
        )
    return data


def write_model(name: str, data: bytes, folder: Path) -> None:
    """Write a model file and note its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    path = folder / CHECKSUMS
    known = msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path.exists() else {}
    known[name] = hashlib.sha256(data).hexdigest()
    path.write_bytes(msgspec.json.format(msgspec.json.encode(dict(sorted(known.items()))), indent=2) + b"\n")
