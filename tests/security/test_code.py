"""What the code may not do: build SQL of values, run what it loads, depend on files without a hash."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SQL = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|DROP|ALTER|TRUNCATE|COPY|SET LOCAL|GRANT|FROM|WHERE)\b"
)
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*\Z")  # a module's constant is part of the code

# Functions that put something other than values or constants into SQL, and why no stranger decides what.
COMPOSED = {
    "db/entities.py::rebuild_entities": "names of our own tables, written there",
    "db/load.py::_extractions": "names of the fields of ExtractionRow",
    "db/occurrences.py::_reports": "the beginning of a statement written there",
    "db/occurrences.py::_write_occurrences": "names of the fields of OccurrenceRow",
    "db/reference.py::load_reference": "names of the fields of PlaceRow",
    "db/reports.py::_places": "conditions written there",
    "db/reports.py::_participations": "names of our own tables, written there",
    "db/reports.py::rebuild_reports": "names of our own tables, written there",
    "db/reports.py::_volumes": "conditions written there",
    "db/queues.py::drop_repeated": "names of our own tables and columns, written in db/",
    "db/queues.py::take": "names of our own tables and columns, written in db/",
    "db/session.py::by_key": "names of planner settings, written there",
    "db/versions.py::_diff": "two whole numbers, formatted as such",
    "flows/connection.py::create_database": "PREFECT_DATABASE, the only name it is called with",
}


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


class _Strings(ast.NodeVisitor):
    """Functions in which a string of SQL is put together of something that is no constant."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.inside: list[str] = []
        self.found: dict[str, list[str]] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.inside.append(node.name)
        self.generic_visit(node)
        self.inside.pop()

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        literal = "".join(str(v.value) for v in node.values if isinstance(v, ast.Constant))
        values = [v.value for v in node.values if isinstance(v, ast.FormattedValue)]
        if SQL.search(literal):
            self._note(values)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Add | ast.Mod):
            sides = [node.left, node.right]
            texts = [s for s in sides if isinstance(s, ast.Constant) and isinstance(s.value, str)]
            if any(SQL.search(str(text.value)) for text in texts):
                self._note([side for side in sides if side not in texts])
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        of = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == "format" else None
        if isinstance(of, ast.Constant) and isinstance(of.value, str) and SQL.search(of.value):
            self._note([*node.args, *(word.value for word in node.keywords)])
        self.generic_visit(node)

    def _note(self, values: list[ast.expr]) -> None:
        strange = [v for v in values if not (isinstance(v, ast.Name) and CONSTANT.match(v.id))]
        if strange and self.inside:
            name = f"{self.module}::{self.inside[-1]}"
            self.found.setdefault(name, []).extend(map(ast.unparse, strange))


def test_values_are_bound_never_written_into_sql() -> None:
    found: dict[str, list[str]] = {}
    for name, tree in modules("flows", "db"):
        strings = _Strings(name)
        strings.visit(tree)
        found |= strings.found
    ours = {name: values for name, values in found.items() if not _is_composition(values)}
    assert {name: values for name, values in ours.items() if name not in COMPOSED} == {}


def _is_composition(values: list[str]) -> bool:
    """psycopg's own composition quotes identifiers and literals."""
    return all(value.startswith(("sql.", "Identifier(", "Literal(")) for value in values)


def test_the_list_of_reasons_is_current() -> None:
    there = {
        f"{name}::{node.name}"
        for name, tree in modules("flows", "db")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert {name for name in COMPOSED if name not in there} == set()


def test_the_finder_finds() -> None:
    code = (
        "def a(x):\n    return f'SELECT 1 WHERE y = {x}'\ndef b(x):\n    return 'SELECT ' + x\n"
        "def c(x):\n    return 'DELETE FROM {}'.format(x)\ndef d():\n    return f'SELECT {NAMES} FROM t'\n"
    )
    strings = _Strings("m")
    strings.visit(ast.parse(code))
    assert strings.found == {"m::a": ["x"], "m::b": ["x"], "m::c": ["x"]}


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_yaml_is_loaded_by_the_safe_loader() -> None:
    seen = 0
    for name, tree in modules("flows", "db", "migrations"):
        for called, node in calls(tree):
            if not called.startswith("yaml."):
                continue
            assert called in {"yaml.load", "yaml.safe_load", "yaml.parse", "yaml.safe_dump"}, (
                f"{name}: {called}"
            )
            if called in {"yaml.load", "yaml.parse"}:
                loader = next(word.value for word in node.keywords if word.arg == "Loader")
                text = ast.unparse(tree) if isinstance(loader, ast.Name) else ast.unparse(loader)
                assert "CSafeLoader" in text, f"{name}: {ast.unparse(node)}"
                assert not re.search(r"yaml\.(C?(Full|Unsafe)?Loader)\b", text), name
            seen += 1
    assert seen >= 5


# Where Python objects are unpickled, and from whom.
UNPICKLES = {"flows/tasks.py": "batches of our own run, on a Dask worker that the operator chose"}


def test_nothing_unpickles_what_strangers_wrote() -> None:
    for name, tree in modules("flows", "db", "migrations"):
        for called, node in calls(tree):
            words = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if called in {"pickle.load", "pickle.loads", "cloudpickle.loads", "joblib.load", "dill.loads"}:
                assert name in UNPICKLES, f"{name}: {called}"
            if called in {"np.load", "numpy.load"}:
                assert words.get("allow_pickle", "False") == "False", f"{name}: {ast.unparse(node)}"
            if called == "torch.load":
                assert words.get("weights_only") == "True", f"{name}: {ast.unparse(node)}"
            assert called not in {"eval", "exec", "os.system", "os.popen", "marshal.loads"}, (
                f"{name}: {called}"
            )
            assert words.get("shell", "False") == "False", f"{name}: {ast.unparse(node)}"
            assert "trust_remote_code" not in words or words["trust_remote_code"] == "False", name


def test_models_are_data() -> None:
    """No file of the shipped models is a pickle, whatever its name says."""
    import zipfile

    for path in sorted((ROOT / "flows" / "extract" / "models").iterdir()):
        if path.suffix == ".py" or path.is_dir():
            continue
        head = path.read_bytes()[:2]
        assert head[:1] != b"\x80" or path.suffix == ".msgpack", f"{path.name} begins like a pickle"
        if head == b"PK":
            with zipfile.ZipFile(path) as arrays:
                assert not [name for name in arrays.namelist() if not name.endswith(".npy")]


def test_archives_are_never_unpacked() -> None:
    """Members are read by position or as they stream by; nothing writes their names to a disk."""
    for name, tree in modules("flows/read"):
        for called, node in calls(tree):
            assert not called.endswith((".extract", ".extractall", ".unpack_archive")), f"{name}: {called}"
            mode = next((ast.unparse(a) for a in node.args[1:2]), "'r'") if called == "open" else "'r'"
            assert "w" not in mode and "a" not in mode, f"{name}: {ast.unparse(node)}"


def test_every_locked_file_has_its_hash() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    files = 0
    for package in lock["package"]:
        if "registry" not in package["source"]:
            assert package["source"] == {"editable": "."}, package["name"]
            continue
        listed = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert listed, f"{package['name']} has no files"
        for file in listed:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]), package["name"]
            files += 1
    assert files > 500


@pytest.mark.slow
def test_no_known_vulnerability() -> None:
    """Needs pip-audit and a source of advisories that can be reached."""
    import json
    import shutil
    import subprocess

    if shutil.which("uvx") is None:
        pytest.skip("uvx is not installed")
    wanted = subprocess.run(
        ["uv", "export", "--locked", "--no-dev", "--no-emit-project", "--format", "requirements-txt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    requirements = ROOT / ".requirements-audit.txt"
    requirements.write_text(wanted, encoding="utf-8")
    try:
        done = subprocess.run(
            ["uvx", "pip-audit", "--requirement", str(requirements), "--disable-pip", "--format", "json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    finally:
        requirements.unlink()
    try:
        found = json.loads(done.stdout)
    except ValueError:
        pytest.skip(f"no advisories: {(done.stderr.strip().splitlines() or ['no answer'])[-1][:200]}")
    bad = {p["name"]: [v["id"] for v in p["vulns"]] for p in found["dependencies"] if p.get("vulns")}
    assert bad == {}
