"""Lexicons as data, checked against a schema when they are loaded.

Each YAML or TSV file beside this module says in its head where its facts come from and under which licence.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TypeVar

import msgspec
import yaml

T = TypeVar("T")


class ResourceError(ValueError):
    """A resource file does not fit its schema; the message names file and place."""


def read_text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def read_yaml(name: str, schema: type[T]) -> T:
    """Parse resource ``name`` and check it against ``schema`` (a msgspec type).

    Raises ResourceError naming the file and the path inside it that does not fit.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return msgspec.convert(yaml.load(read_text(name), Loader=loader), schema, strict=True)
    except (yaml.YAMLError, msgspec.ValidationError) as exc:
        raise ResourceError(f"{name}: {exc}") from exc
