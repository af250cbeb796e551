"""The reviewed lists of named bodies, places and events, and how they are written out for the automaton.

The YAML files are for people; ``compile_organizations`` turns them into gazetteer_organizations.tsv, which
loads faster.  tests/unit/test_names_resources.py keeps the two in step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from flows.clean.normalize import fold
from flows.extract.resources import ResourceError, read_yaml
from flows.records import EntityKind

SOURCES = (
    "organizations_maghreb.yaml",
    "organizations_mashriq.yaml",
    "organizations_world.yaml",
    "organizations_media.yaml",
    "organizations_sport.yaml",
    "organizations_west.yaml",
    "organizations_east.yaml",
    "organizations_abroad.yaml",
    "organizations_clubs.yaml",
    "places_more.yaml",
    "named_events.yaml",
)


class Group(msgspec.Struct, forbid_unknown_fields=True):
    """Names of one sort.

    ``heads``  words that may stand before each name: حزب, نادي
    ``bare``   when the name counts without a head: "safe" always, "agree" where the article also has it with
               a head or in another full form, "introduced" after صحيفة, قناة and the like, "topic" where the
               article speaks of ``topic``, "never"
    ``names``  the full name, then other spellings, acronyms and short forms, separated by " | "; a form in
               parentheses counts like "agree", one in angle brackets (a place) after a preposition, too, one
               with ~ before it like "introduced"; a line
               that begins with "= id" names what another list has
    """

    names: list[str]
    kind: EntityKind = EntityKind.ORGANIZATION
    heads: list[str] = []
    bare: Literal["safe", "agree", "topic", "introduced", "never"] = "safe"
    topic: str = ""
    about: str = ""


def groups() -> Iterator[tuple[str, int, Group]]:
    for source in SOURCES:
        for number, group in enumerate(read_yaml(source, list[Group])):
            yield source, number, group


_FLAG = {"safe": "", "agree": "w", "topic": "t", "introduced": "i"}


def rows() -> Iterator[tuple[str, str, str, str]]:
    """(folded name, kind, id, flags) of every written form; flags as in flows.extract.gazetteer."""
    for source, number, group in groups():
        base = source.removesuffix(".yaml").split("_")[-1]
        for index, line in enumerate(group.names):
            identity = f"{base}:{number}:{index}"
            forms = [f.strip() for f in line.split("|")]
            if not all(forms):
                raise ResourceError(f"{source}: empty form in {line!r}")
            if forms[0].startswith("="):  # another name of something listed elsewhere: a country
                identity, forms = forms[0][1:].strip(), forms[1:]
            for form in forms:
                weak = {"(": "w", "<": "p", "~": "i"}.get(form[0], "")
                name = fold(form.strip("()<>~"))
                arabic = any("ء" <= c <= "ي" for c in name)
                if group.heads and arabic:
                    for head in group.heads:
                        yield f"{fold(head)} {name}", group.kind, identity, ""
                if weak:
                    yield name, group.kind, identity, weak
                elif group.bare != "never" or not group.heads:
                    flag = _FLAG.get(group.bare, "")
                    yield name, group.kind, identity, flag + (":" + group.topic if flag == "t" else "")


def compile_organizations() -> str:
    """The text of gazetteer_organizations.tsv; of two readings of a name a safe one wins, else the first."""
    best: dict[tuple[str, str], tuple[str, str]] = {}
    for name, kind, identity, flags in rows():
        known = best.get((name, kind))
        if known is None or (known[1] and not flags):
            best[name, kind] = (identity, flags)
    head = (
        "# Named bodies, places and events: folded name, kind, id, flags.  Own work; made from\n"
        "# organizations_*.yaml, places_more.yaml and named_events.yaml by\n"
        "# flows.extract.training.build_gazetteers.\n"
    )
    return head + "".join(f"{n}\t{k}\t{i}\t{f}\n" for (n, k), (i, f) in sorted(best.items()))
