"""Write flows/LICENSES.md: what Rasd installs and ships, and under which terms.

Run after a change of dependencies:

uv run python -m tests.regenerate_licences
"""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "flows" / "LICENSES.md"
HEAD = """# Licences

Rasd is GPL-3.0-or-later (LICENSE).  This table is made by `uv run python -m tests.regenerate_licences` from
what uv.lock installs on Linux without extras; versions are the locked ones.

## Packages

| package | version | licence |
|---|---|---|
"""
# of the text of licences that say no name
SPELLINGS = (
    (r"apache", "Apache-2.0"),
    (r"\bmit\b", "MIT"),
    (r"bsd[- ]?3|new bsd|3-clause|redistribution and use in source", "BSD-3-Clause"),
    (r"bsd[- ]?2|2-clause", "BSD-2-Clause"),
    (r"\bbsd\b", "BSD"),
    (r"mozilla|mpl", "MPL-2.0"),
    (r"lgpl|lesser", "LGPL"),
    (r"gpl", "GPL"),
    (r"python software|psf", "PSF-2.0"),
    (r"isc", "ISC"),
    (r"unlicense", "Unlicense"),
)
# Everything may be combined with the GPL, version 3.
COMPATIBLE = re.compile(
    r"Apache-2\.0|MIT|BSD|ISC|MPL-2\.0|PSF|Python-2\.0|LGPL|GPL|Unlicense|0BSD|Zlib|CNRI-Python|CC0|PostgreSQL"
)


def licence(name: str) -> str:
    """By the package's own metadata; empty where it says nothing."""
    found = metadata.metadata(name)
    if stated := found.get("License-Expression"):
        return stated
    classified = [c.rpartition(" :: ")[2] for c in found.get_all("Classifier") or [] if "License ::" in c]
    for text in (*classified, found.get("License") or ""):
        for pattern, spelling in SPELLINGS:
            if re.search(pattern, text[:2_000], re.IGNORECASE):
                return spelling
    return ""


def installed() -> list[str]:
    """Packages that Rasd brings along, in order."""
    environment = {**default_environment(), "sys_platform": "linux", "platform_system": "Linux", "extra": ""}
    waiting = [("rasd", frozenset[str]())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system
        for requirement in map(Requirement, wanted):
            for extra in ("", *extras):
                marker = requirement.marker
                if marker is None or marker.evaluate({**environment, "extra": extra}):
                    waiting.append((_normal(requirement.name), frozenset(requirement.extras)))
    names = {name for name, _ in seen} - {"rasd"}
    return sorted(name for name in names if _there(name))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _there(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def data_files() -> dict[str, str]:
    """Data files that are shipped, and what their heads say of their terms."""
    found = {}
    for path in sorted((ROOT / "flows").rglob("*")):
        if path.suffix in {".yaml", ".tsv"} and "training" not in path.parts:
            head = "\n".join(
                line.lstrip("# ")
                for line in path.read_text(encoding="utf-8").splitlines()[:25]
                if line.startswith("#")
            )
            found[str(path.relative_to(ROOT))] = terms(head)
    return found


TERMS = re.compile(
    r"CC0|CC BY(?:-SA)? \d\.\d|Apache-2\.0|\bMIT\b|GPL[-\w.]*|Unicode licence|public domain|ODbL",
    re.IGNORECASE,
)


def terms(head: str) -> str:
    """Licences that a file's head names; the project's own where it says that Rasd made it."""
    named = sorted({match.group().rstrip(".") for match in TERMS.finditer(head)})
    if named:
        return ", ".join(named)
    return "GPL-3.0-or-later" if re.search(r"\bown\b|project|Rasd", head, re.IGNORECASE) else ""


def text() -> str:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    versions = {package["name"]: package["version"] for package in lock["package"] if "version" in package}
    rows = [f"| {name} | {versions.get(name, '-')} | {licence(name) or '?'} |" for name in installed()]
    data = [f"| {path} | {said or '?'} |" for path, said in data_files().items()]
    return (
        HEAD
        + "\n".join(rows)
        + "\n\n## Data files\n\nWhat their heads say; models have cards beside them"
        + " (flows/extract/models).\n\n| file | terms |\n|---|---|\n"
        + "\n".join(data)
        + "\n"
    )


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
