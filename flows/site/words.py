"""The site's own words in both languages, as HTML that the language switch can exchange."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec
import yaml
from markupsafe import Markup, escape

from flows.extract.resources import ResourceError

FILE = "words.yaml"


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ar: str
    en: str


@cache
def words() -> dict[str, Word]:
    """Key -> the word in Arabic and in English.  Raises ResourceError where the file does not fit."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = files(__package__ or "flows.site").joinpath(FILE).read_text(encoding="utf-8")
    try:
        return msgspec.convert(yaml.load(text, Loader=loader), dict[str, Word], strict=True)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ResourceError(f"{FILE}: {error}") from error


def plain(key: str) -> str:
    """The Arabic word as text."""
    return words()[key].ar


@cache
def word(key: str) -> Markup:
    """The Arabic word, marked for the switch.  Raises KeyError for a word that the file does not have."""
    return Markup('<span data-w="{}">{}</span>').format(key, words()[key].ar)


@cache
def labelled(prefix: str, value: str) -> Markup:
    """The word ``prefix_value``; the value itself where there is no word, as for a user's own mode."""
    key = f"{prefix}_{value}"
    return word(key) if key in words() else escape(value)


def script() -> str:
    """words.js: all words for the browser."""
    table = {key: [value.ar, value.en] for key, value in words().items()}
    return "window.rasdWords=" + msgspec.json.encode(table).decode() + ";\n"
