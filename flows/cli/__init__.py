"""The `rasd` command: one verb a job, no logic of its own.

Imports happen inside the verbs: `rasd extract` must not pay for Prefect, `rasd --help` for nothing at all.
"""

from __future__ import annotations

import errno
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flows.cli import backfill, entities, operate, publish, query, reference, rejections, sources, versions

app = typer.Typer(
    name="rasd",
    help="رصد - raw Arabic news text files in, a SQL database of who did what to whom, when and where out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
database = typer.Typer(
    no_args_is_help=True, help="The PostgreSQL server: start, stop, status, url, upgrade, shell."
)
train = typer.Typer(no_args_is_help=True, help="Train the models that Rasd ships.")
evaluate = typer.Typer(no_args_is_help=True, help="Measure the models.")
app.add_typer(database, name="db")
app.add_typer(train, name="train")
app.add_typer(evaluate, name="evaluate")
# groups without a name bring verbs of the first level
for _group in (backfill, entities, operate, publish, query, reference, rejections, sources, versions):
    app.add_typer(_group.app)

Paths = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders, globs, archives (.zip, .tar.gz, ...) or fsspec URLs.", metavar="PATH..."
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        help="fast, accurate, rules or transformers:/path. Default: RASD_NAMES_ENGINE, else accurate."
    ),
]


class Runner(StrEnum):
    THREADS = "threads"
    DASK = "dask"


class Scheme(StrEnum):
    GUIDE = "guide"
    ANERCORP = "anercorp"


@app.command()
def ingest(
    paths: Paths,
    direct: Annotated[bool, typer.Option("--direct", help="Run the same stages without Prefect.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes. Default: one a core.")] = None,
    engine: Engine = None,
    settle: Annotated[
        float | None,
        typer.Option(min=0, help="Leave files modified within the last N seconds for the next run."),
    ] = None,
    reread: Annotated[
        bool, typer.Option("--reread", help="Read also the files whose size and times say they are known.")
    ] = False,
    runner: Annotated[
        Runner,
        typer.Option(help="Where batches run: in this process' workers, or on Dask's (extra `dask`)."),
    ] = Runner.THREADS,
    address: Annotated[
        str | None,
        typer.Option(
            help="Dask scheduler, such as tcp://10.0.0.5:8786. Default: a cluster here, for the run."
        ),
    ] = None,
) -> None:
    """Load articles into the database.

    Files that are known already are skipped, so the same command can run on a schedule for ever.
    Exit status: 0 all well, 3 some files were rejected and the rest loaded, 1 the run failed.

    Examples:

        rasd ingest tests/samples

        rasd ingest inbox/ archive-2023.zip --workers 4

        DATABASE_URL=postgresql://me@localhost/news rasd ingest 'crawl/**/*.txt' --direct

        rasd ingest s3://news/2023/ --runner dask --address tcp://10.0.0.5:8786
    """
    from flows.commands.ingest import ingest_command

    raise typer.Exit(
        ingest_command(
            paths,
            direct=direct,
            workers=workers,
            engine=engine,
            settle=settle,
            reread=reread,
            runner=runner.value,
            address=address,
        )
    )


@app.command()
def extract(
    paths: Paths,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="JSON Lines file to write instead of standard output."),
    ] = None,
    engine: Engine = None,
) -> None:
    """Print one JSON object an article; needs neither database nor Prefect.

    Examples:

        rasd extract article.txt

        rasd extract news.zip -o extracted.jsonl
    """
    from flows.commands.main import extract_command

    raise typer.Exit(extract_command(paths, output, engine))


@app.command()
def report(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Rows a section.")] = 10,
) -> None:
    """Print what is in the database: newest articles, most named people and organisations, latest events.

    Example:

        rasd report -n 5
    """
    from flows.commands.main import report_command

    raise typer.Exit(report_command(limit))


@app.command()
def refresh(
    spelling: Annotated[
        bool,
        typer.Option("--spelling", help="Look for misspelt words, too: slow, needs the extra `spelling`."),
    ] = False,
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Compare all articles again: after an upgrade with other rules."),
    ] = False,
) -> None:
    """Bring what is derived across articles (entities, stories, events) up to date.

    `rasd ingest` does this at its end; after a run that was killed, this command or the next run catches up.

    Examples:

        rasd refresh
        rasd refresh --anew
    """
    from flows.commands.main import refresh_command

    raise typer.Exit(refresh_command(spelling=spelling, anew=anew))


@app.command()
def dates(
    text: Annotated[str, typer.Argument(help="Arabic text.")],
    published: Annotated[
        str | None, typer.Option(help="Publication date that relative expressions refer to.")
    ] = None,
) -> None:
    """Explain which dates a text names, how each was resolved and why.

    Example:

        rasd dates "التقى الوزيران أمس الخميس 14 دجنبر" --published 2023-12-15
    """
    from flows.commands.main import dates_command

    raise typer.Exit(dates_command(text, published))


@app.command()
def explain(
    path: Annotated[str, typer.Argument(help="An article.", metavar="FILE")],
    engine: Engine = None,
) -> None:
    """Print an article with its names, dates and events marked in place, and why each event is one.

    Example:

        rasd explain tests/samples/ma-security-meeting.txt
    """
    from flows.commands.main import explain_command

    raise typer.Exit(explain_command(path, engine))


@app.command()
def tag(
    conll: Annotated[Path, typer.Option(help="CoNLL file: a token a line, blank line between sentences.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    scheme: Annotated[Scheme, typer.Option(help="Label convention.")] = Scheme.GUIDE,
    engine: Engine = None,
) -> None:
    """Tag the names of a CoNLL file; its tokens are kept.

    Example:

        rasd tag --conll test.conll -o tagged.conll --scheme anercorp
    """
    from flows.commands.main import tag_command

    raise typer.Exit(tag_command(conll, output, scheme.value, engine))


@evaluate.command("names")
def evaluate_names(
    conll: Annotated[Path, typer.Argument(help="CoNLL file: token, gold label, predicted label.")],
) -> None:
    """Print precision, recall and F1 a class, by conlleval's rules.

    Example:

        rasd evaluate names tagged.conll
    """
    from flows.commands.main import evaluate_names_command

    raise typer.Exit(evaluate_names_command(conll))


@evaluate.command("crossval")
def evaluate_crossval(
    corpora: Annotated[Path, typer.Option(help="Folder that holds the corpora and the annotated articles.")],
    engine: Annotated[str, typer.Option(help="rules or fast.")] = "fast",
) -> None:
    """Judge names on every annotated article by models that never saw it (needs the extra `train`).

    Example:

        rasd evaluate crossval --corpora ../shared --engine fast
    """
    from flows.commands.main import evaluate_crossval_command

    raise typer.Exit(evaluate_crossval_command(corpora, engine))


@train.command("names")
def train_names(
    corpora: Annotated[Path, typer.Option(help="Folder that holds the corpora and the annotated articles.")],
    engine: Annotated[str, typer.Option(help="accurate, fast or all.")] = "all",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write instead of the package's.")
    ] = None,
) -> None:
    """Reproduce the shipped name models from the corpora, with fixed seeds (needs the extra `train`).

    Example:

        rasd train names --corpora ../shared -o models/
    """
    from flows.commands.main import train_names_command

    raise typer.Exit(train_names_command(engine, corpora, output))


@train.command("events")
def train_events(
    corpora: Annotated[Path, typer.Option(help="Folder that holds gold/ and news/ant.zip.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write instead of the package's.")
    ] = None,
) -> None:
    """Reproduce the shipped event models from annotated articles, with fixed seeds (needs the extra `train`).

    Example:

        rasd train events --corpora ../shared -o models/
    """
    from flows.commands.main import train_events_command

    raise typer.Exit(train_events_command(corpora, output))


@database.command("start")
def db_start() -> None:
    """Start the embedded server and keep it running until `rasd db stop`.

    Example:

        rasd db start
    """
    from flows.commands.main import db_start_command

    raise typer.Exit(db_start_command())


@database.command("stop")
def db_stop() -> None:
    """Stop the embedded server.

    Example:

        rasd db stop
    """
    from flows.commands.main import db_stop_command

    raise typer.Exit(db_stop_command())


@database.command("status")
def db_status() -> None:
    """Say whether the server runs, where its data is, and which schema revision it has.

    Example:

        rasd db status
    """
    from flows.commands.main import db_status_command

    raise typer.Exit(db_status_command())


@database.command("url")
def db_url() -> None:
    """Print the database's URL; the embedded server keeps running until `rasd db stop`.

    Example:

        psql "$(rasd db url)"
    """
    from flows.commands.main import db_url_command

    raise typer.Exit(db_url_command())


@database.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to the newest revision.

    Example:

        rasd db upgrade
    """
    from flows.commands.main import db_upgrade_command

    raise typer.Exit(db_upgrade_command())


@database.command("shell")
def db_shell(
    command: Annotated[
        str | None, typer.Option("--command", "-c", help="Run one SQL command and leave.")
    ] = None,
) -> None:
    """Open psql on the database.

    Example:

        rasd db shell -c "SELECT count(*) FROM article"
    """
    from flows.commands.main import db_shell_command

    raise typer.Exit(db_shell_command(command))


def main() -> None:
    """Entry point; errors that a person can act on end as one line on standard error with status 1."""
    from flows.errors import UserError

    try:
        app()
    except UserError as error:
        _end(str(error))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
            raise
        _end(f"{error.filename or 'cannot write'}: {error.strerror}")


def _end(message: str) -> NoReturn:
    from flows.terminal import harmless

    print(f"rasd: {harmless(message)}", file=sys.stderr)
    sys.exit(1)
