"""One table of what everything costs: stages, the whole line, peers, growth, memory.

    uv run python -m tests.benchmarks.table                       # all parts, about half an hour
    uv run python -m tests.benchmarks.table stages peers line --articles 1000

Articles are of 2 KB (tests/benchmarks/articles.py).  Stages and peers are medians of five passes in processor
time of one core; lines are wall time of `rasd ingest --direct` on a database of its own, from the command's
start to its end.  Ratios are of one run: this machine may be busy, another may be faster.
"""

from __future__ import annotations

import argparse
import contextlib
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from flows.clean.normalize import clean
from flows.pipeline import Options, _engine, _with_publication, warm_up
from flows.read.discover import Found, discover, load
from flows.records import Article, Extraction, RawFile, Rejection
from flows.settings import worker_environment
from tests.benchmarks.articles import NEWS, write_articles
from tests.db.servers import make_home
from tests.flows.rasd import ROOT, Rasd

ROUNDS = 5
PARTS = ("stages", "peers", "line", "naive", "growth")


@dataclass(frozen=True)
class Line:
    """One run of the command."""

    seconds: float  # wall
    cpu: float  # seconds of Python processes
    postgres: float  # seconds of PostgreSQL
    peak: float  # MB, of the largest Python process
    loaded: int


@dataclass
class Table:
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, part: str, what: str, figure: str) -> None:
        self.rows.append((part, what, figure))
        print(f"{part:8} {what:58} {figure}", flush=True)

    def markdown(self) -> str:
        return "\n".join(
            ["| part | what | figure |", "|---|---|---|", *(f"| {' | '.join(r)} |" for r in self.rows)]
        )


def raw_files(folder: Path) -> list[RawFile]:
    loaded = [load(found) for found in discover([str(folder)]) if isinstance(found, Found)]
    return [raw for raw in loaded if isinstance(raw, RawFile)]


def medians(passes: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(p[name] for p in passes) for name in passes[0]}


# ------------------------------------------------------------------------------------------ stages


def one_pass(raws: Sequence[RawFile], engine: str) -> dict[str, float]:
    """Seconds of processor time of each stage over the articles."""
    from flows.extract.dates import find_dates
    from flows.extract.events import find_events
    from flows.extract.events.trigger_model import hidden_states
    from flows.extract.linking import link_entities
    from flows.extract.names import find_names
    from flows.extract.offices import find_offices
    from flows.extract.quotations import find_quotations
    from flows.read.document import read_document
    from flows.rows import article_rows

    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.process_time()
        made = work()
        seconds[name] = seconds.get(name, 0.0) + time.process_time() - began
        return made

    names_engine = _engine(engine)
    for raw in raws:
        read = timed("read + clean", lambda raw=raw: read_document(raw, max_bytes=len(raw.data)))
        assert not isinstance(read, Rejection), read
        decoded, undated = read
        article = _with_publication(undated)
        assert isinstance(article, Article), article
        dates, published = timed("dates", lambda a=article: find_dates(a))
        a = replace(article, published=published)
        mentions = timed("names", lambda a=a: find_names(a, names_engine))
        entities = timed("linking", lambda a=a, m=mentions: link_entities(a, m))
        offices = timed("offices", lambda a=a, e=entities: find_offices(a, e))
        states = timed("hidden states", lambda a=a: hidden_states(a, names_engine))
        events = timed(
            "events",
            lambda a=a, e=entities, o=offices, d=dates, s=states: find_events(a, e, o, d, s),
        )
        quotations = timed("quotations", lambda a=a, e=entities, o=offices: find_quotations(a, e, o))
        extraction = Extraction(
            raw=raw,
            decoded=decoded,
            article=a,
            entities=entities,
            offices=offices,
            dates=dates,
            events=events,
            quotations=quotations,
        )
        rows = timed("rows", lambda x=extraction: article_rows(x))
        timed("hand-over (pickle)", lambda r=rows: pickle.loads(pickle.dumps(r)))
    return seconds


def stages(table: Table, folder: Path, engines: Sequence[str]) -> None:
    raws = raw_files(folder)
    kilobytes2 = sum(len(raw.data) for raw in raws) / 2000
    for engine in engines:
        warm_up(Options(names_engine=engine))
        one_pass(raws[:20], engine)
        cost = medians([one_pass(raws, engine) for _ in range(ROUNDS if engine != "accurate" else 3)])
        total = sum(cost.values())
        for name, value in cost.items():
            share = f"{1000 * value / kilobytes2:.2f} ms ({100 * value / total:.0f} %)"
            table.add("stages", f"{engine}: {name}", f"{share}, {kilobytes2 / value:,.0f} articles/s")
        table.add("stages", f"{engine}: all stages, one core", f"{kilobytes2 / total:,.0f} articles/s")


# ------------------------------------------------------------------------------------------- peers


def least(work: Callable[[], object]) -> float:
    """Median seconds of processor time."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def peers(table: Table, folder: Path) -> None:
    from dateparser.search import search_dates

    from flows.extract.dates import find_dates, parse_publication
    from flows.records import DateValue, Metadata
    from tests.benchmarks.test_clean_speed import pyarabic_chain

    texts = [raw.data.decode("utf-8") for raw in raw_files(folder)]
    ours = least(lambda: [clean(text) for text in texts])
    chain = least(lambda: [pyarabic_chain(text) for text in texts])
    table.add("peers", "clean + align against pyarabic's chain", f"{chain / ours:.1f} times as fast")
    published = parse_publication("2023-12-16")
    assert isinstance(published, DateValue)
    some = texts[:10]
    articles = [
        Article(str(n), clean(t), (), (), (), published, "ar", 1.0, None, Metadata())
        for n, t in enumerate(some)
    ]
    ours = least(lambda: [find_dates(article) for article in articles])
    settings: Any = {"RELATIVE_BASE": datetime(2023, 12, 16)}
    theirs = least(lambda: [search_dates(t, languages=["ar"], settings=settings) for t in some])
    table.add("peers", "dates against dateparser.search", f"{theirs / ours:.0f} times as fast")


# -------------------------------------------------------------------------------------------- line


@contextlib.contextmanager
def database() -> Iterator[Rasd]:
    """A rasd with a database of its own that runs."""
    rasd = Rasd(make_home(), {"PYTHONDONTWRITEBYTECODE": ""})
    asked(rasd, "db", "start")
    asked(rasd, "db", "upgrade")
    try:
        yield rasd
    finally:
        asked(rasd, "db", "stop")
        shutil.rmtree(rasd.home)


def asked(rasd: Rasd, *arguments: str) -> str:
    """What a command prints; ends the measurement where it fails."""
    done = rasd(*arguments)
    if done.returncode:
        raise SystemExit(f"rasd {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def server_seconds(home: Path) -> float:
    """Processor time of the database server so far, ended processes included."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if "postgres" in (process.info["name"] or "") and any(
            str(home) in c for c in process.info["cmdline"] or ()
        ):
            own = process.cpu_times()
            total = own.user + own.system + own.children_user + own.children_system
            for child in process.children():
                with contextlib.suppress(psutil.Error):
                    times = child.cpu_times()
                    total += times.user + times.system
            return float(total)
    return 0.0


def ingest(rasd: Rasd, folder: Path, *arguments: str) -> Line:
    """One `rasd ingest --direct`, watched."""
    before = server_seconds(rasd.home)
    began = time.perf_counter()
    command = [sys.executable, "-m", "flows.cli", "ingest", str(folder), "--direct", *arguments]
    process = subprocess.Popen(
        command, env=rasd.env(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    peaks: dict[int, float] = {}
    cpu: dict[int, float] = {}
    done = threading.Event()

    def watch() -> None:
        family = psutil.Process(process.pid)
        while not done.wait(0.3):
            # a process that ends has no memory any more
            with contextlib.suppress(psutil.Error, OSError, IndexError):
                for member in [family, *family.children(recursive=True)]:
                    status = Path(f"/proc/{member.pid}/status").read_text(encoding="ascii")
                    peaks[member.pid] = int(status.split("VmHWM:")[1].split()[0]) / 1024
                    times = member.cpu_times()
                    cpu[member.pid] = times.user + times.system

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, error = process.communicate()
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(error)
    loaded = next(line.split()[-1] for line in out.splitlines() if line.startswith("loaded"))
    spent = server_seconds(rasd.home) - before
    return Line(seconds, sum(cpu.values()), spent, max(peaks.values()), int(loaded.replace(",", "")))


def shown(line: Line) -> str:
    return (
        f"{line.loaded / line.seconds:,.1f} articles/s ({line.loaded:,} in {line.seconds:.1f} s;"
        f" Python {line.cpu:.0f} s, PostgreSQL {line.postgres:.0f} s; peak {line.peak:.0f} MB)"
    )


def line(table: Table, folder: Path, engines: Sequence[str]) -> dict[str, Line]:
    made = {}
    for engine in engines:
        for workers in (1, 2):
            with database() as rasd:
                made[f"{engine} {workers}"] = ingest(
                    rasd, folder, "--engine", engine, "--workers", str(workers)
                )
            table.add("line", f"{engine}, workers: {workers}", shown(made[f"{engine} {workers}"]))
        ratio = made[f"{engine} 1"].seconds / made[f"{engine} 2"].seconds
        table.add("line", f"{engine}: two workers against one", f"{ratio:.2f} times as fast")
    return made


def naive(table: Table, folder: Path, ours: Line, articles: int) -> None:
    """One task and one ORM session an article against ``ours``, both without names engine."""
    with tempfile.TemporaryDirectory(prefix="rasd-naive-") as few, database() as rasd:
        for path in sorted(folder.rglob("*.txt"))[:articles]:
            shutil.copy(path, few)
        environment = rasd.env() | {
            "PREFECT_HOME": f"{few}/prefect",
            "PREFECT_LOGGING_LEVEL": "ERROR",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        }
        url = asked(rasd, "db", "url").strip()
        command = [sys.executable, "-m", "tests.benchmarks.naive", few, url]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if "SECONDS" not in done.stdout:
            raise SystemExit(done.stderr[-2000:])
    words = done.stdout.split()
    rate = int(words[words.index("FILES") + 1]) / float(words[words.index("SECONDS") + 1])
    table.add(
        "naive",
        f"a Prefect task and an ORM session an article, {articles} articles",
        f"{rate:.1f} articles/s",
    )
    ratio = ours.loaded / ours.seconds / rate
    table.add("naive", "rasd (rules, 2 workers, start and refresh included)", f"{ratio:.1f} times as fast")


def growth(table: Table, sizes: Sequence[int], engine: str) -> None:
    """Cost of an article against the number of files."""
    first: Line | None = None
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="rasd-growth-") as folder, database() as rasd:
            write_articles(Path(folder), size)
            made = ingest(rasd, Path(folder), "--engine", engine)
        first = first or made
        cost, before = made.seconds / made.loaded, first.seconds / first.loaded
        more = f"; {cost / before:.2f} of the time an article, {made.peak / first.peak:.2f} of the memory"
        table.add("growth", f"{engine}: {size:,} files", shown(made) + (more if made is not first else ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS), help="default: all")
    parser.add_argument("--articles", type=int, default=2000, help="articles of the whole line")
    parser.add_argument(
        "--sample", type=int, default=200, help="articles of stages, peers and the naive line"
    )
    parser.add_argument("--engines", default="rules,fast,accurate")
    parser.add_argument("--growth", default="1000,10000,100000", help="numbers of files")
    chosen = parser.parse_args()
    worker_environment()  # one thread, as the workers have
    if not NEWS.exists():
        raise SystemExit(f"{NEWS.name} is not beside the project: there are no articles to measure with")
    engines = chosen.engines.split(",")
    table = Table()
    with tempfile.TemporaryDirectory(prefix="rasd-bench-") as name:
        few, many = Path(name, "few"), Path(name, "many")
        write_articles(few, chosen.sample)
        made: dict[str, Line] = {}
        if "stages" in chosen.parts:
            stages(table, few, engines)
        if "peers" in chosen.parts:
            peers(table, few)
        if "line" in chosen.parts or "naive" in chosen.parts:
            write_articles(many, chosen.articles)
            made = line(table, many, engines if "line" in chosen.parts else ["rules"])
        if "naive" in chosen.parts:
            naive(table, few, made["rules 2"], chosen.sample)
    if "growth" in chosen.parts:
        growth(table, [int(size) for size in chosen.growth.split(",")], engines[0])
    print("\n" + table.markdown())


if __name__ == "__main__":
    main()
