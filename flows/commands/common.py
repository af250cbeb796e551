"""What the verbs share: exit statuses, settings, and errors as one line for people."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from flows.errors import UserError
from flows.settings import Settings, explain, settings

OK, FAILED, REJECTED, INTERRUPTED = 0, 1, 3, 130


@contextlib.contextmanager
def pipeline_errors() -> Iterator[None]:
    """Errors of models, lexicons and workers as one line; imports nothing of the database's."""
    from flows.extract.engines import EngineError
    from flows.extract.resources import ResourceError
    from flows.workers import WorkerError

    try:
        yield
    except (EngineError, ResourceError, WorkerError) as error:
        raise UserError(str(error)) from error


@contextlib.contextmanager
def database_errors() -> Iterator[None]:
    """Errors of the database, and of the pipeline, as one line."""
    from alembic.util.exc import CommandError
    from sqlalchemy.exc import DBAPIError

    from db.embedded import EmbeddedError
    from db.engine import DatabaseError

    try:
        with pipeline_errors():
            yield
    except (EmbeddedError, DatabaseError) as error:
        raise UserError(str(error)) from error
    except CommandError as error:
        raise UserError(f"schema: {error}; is the database newer than this Rasd?") from error
    except DBAPIError as error:
        raise UserError(f"database: {str(error.orig).strip().splitlines()[0]}") from error


def effective_settings(**changes: object) -> Settings:
    """The settings with what the command line changes; raises UserError naming what is wrong with them."""
    from pydantic import ValidationError

    try:
        return settings().changed(**changes)
    except ValidationError as error:
        wrong = "; ".join(explain(one) for one in error.errors())
        raise UserError(f"settings: {wrong}") from error
