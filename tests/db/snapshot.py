"""What a database says, apart from ids and clock times: equal for equal input, however it came in.

Every id is replaced by what identifies its row: a raw file by its SHA-256, a location by its URI, a
story by the least of its articles, and so on along the foreign keys.  Tables that are new to this module are
covered as they are: by the columns of their first unique constraint, or by all of them.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from db.models import Base

Key = Any
Rows = dict[str, list[tuple[Any, ...]]]

# what each run did, and hints by the file system's clock; a queue is what remains to be done
LEFT_OUT = frozenset({"run", "run_source", "expectation_miss", "file_hint"})
# how long it took, how often it was tried, keys made of ids
COLUMNS_LEFT_OUT = frozenset(
    {
        "run_id",
        "seconds",
        "rejection.attempts",
        "occurrence_event.blocks",
        "pipeline_version.description",
    }
)
# columns that name an entity for all rows that are one with it: which row of these that is, ids decide
CANONICAL = frozenset({"entity.canonical_id", "identity.entity_id", "occurrence.place_id"})
# tables whose rows are what their members are: table -> (member table, its column)
GROUPS = {"story": ("article_story", "story_id"), "occurrence": ("occurrence_event", "occurrence_id")}
# pairs that ids put in order: the columns of one end and of the other
PAIRS = {
    "story_pair": (("low_id",), ("high_id",)),
    "occurrence_pair": (("low_extraction_id", "low_n"), ("high_extraction_id", "high_n")),
}


def snapshot(engine: Engine, tables: Iterable[str] | None = None) -> Rows:
    """All rows of all tables (or of some), sorted, with natural keys for ids."""
    with engine.connect() as connection:
        picture = _Picture(connection)
        names = Base.metadata.tables if tables is None else tables
        return {
            name: picture.rows(Base.metadata.tables[name])
            for name in sorted(names)
            if name not in LEFT_OUT and not name.endswith("_queue")
        }


def differences(one: Rows, other: Rows, examples: int = 3) -> list[str]:
    """In words, for an assertion's message: rows that only one of the two has."""
    found = []
    for name in sorted(set(one) | set(other)):
        here, there = set(map(repr, one.get(name, []))), set(map(repr, other.get(name, [])))
        for label, only in (("first", here - there), ("second", there - here)):
            if only:
                shown = "; ".join(sorted(only)[:examples])
                found.append(f"{name}: {len(only)} rows only in the {label}: {shown[:2_000]}")
        if here == there and len(one[name]) != len(other[name]):
            found.append(f"{name}: {len(one[name])} and {len(other[name])} rows")
    return found


def counts(engine: Engine) -> dict[str, int]:
    """Rows by table."""
    with engine.connect() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in sorted(Base.metadata.tables.items())
        }


class _Picture:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._keys: dict[str, dict[int, Key]] = {}
        self._read: dict[str, list[dict[str, Any]]] = {}
        self._groups: dict[int, Key] = {}

    def _table(self, table: sa.Table) -> list[dict[str, Any]]:
        if table.name not in self._read:
            result = self._connection.execute(sa.select(table))
            self._read[table.name] = [dict(row._mapping) for row in result]
        return self._read[table.name]

    def rows(self, table: sa.Table) -> list[tuple[Any, ...]]:
        ends = PAIRS.get(table.name)
        paired = {name for end in ends for name in end} if ends else set()
        value = self._reader(table)
        listed = []
        for row in self._table(table):
            if table.name == "entity" and row["canonical_id"] is None:
                row = {**row, "canonical_id": row["id"]}
            natural = [
                (name, value(name, row[name]))
                for name in row
                if name not in paired and self._shown(table, name)
            ]
            if ends:
                both = (tuple(value(name, row[name]) for name in end) for end in ends)
                natural.append(("ends", tuple(sorted(both, key=repr))))
            listed.append(tuple(natural))
        return sorted(listed, key=repr)

    def _shown(self, table: sa.Table, name: str) -> bool:
        column = table.columns[name]
        return not (
            (name == "id" and column.primary_key)
            or isinstance(column.type, sa.DateTime)
            or name in COLUMNS_LEFT_OUT
            or f"{table.name}.{name}" in COLUMNS_LEFT_OUT
        )

    def _reader(self, table: sa.Table) -> Callable[[str, Any], Any]:
        """(column, value) -> the value without ids."""
        targets = {column.name: _target(column) for column in table.columns}

        def read(name: str, value: Any) -> Any:
            target = targets[name]
            if value is None or target is None:
                return _plain(value)
            if f"{table.name}.{name}" in CANONICAL:
                return self.things().get(value, "nothing")
            return self.keys(target).get(value, "nothing")

        return read

    def things(self) -> dict[int, Key]:
        """The least natural key of the rows of entity that are one, for each of them."""
        if not self._groups:
            table = Base.metadata.tables["entity"]
            keys = self.keys(table)
            leads = {row["id"]: row["canonical_id"] or row["id"] for row in self._table(table)}
            least: dict[int, Key] = {}
            for row, lead in leads.items():
                least[lead] = min(least.get(lead, keys[row]), keys[row])
            self._groups = {row: least[lead] for row, lead in leads.items()}
        return self._groups

    def keys(self, table: sa.Table) -> dict[int, Key]:
        """Natural key of each id of a table."""
        if table.name not in self._keys:
            if table.name in GROUPS:
                self._keys[table.name] = self._group_keys(*GROUPS[table.name])
            else:
                unique = sorted(
                    (
                        [column.name for column in constraint.columns]
                        for constraint in table.constraints
                        if isinstance(constraint, sa.UniqueConstraint)
                    ),
                    key=repr,
                )
                names = unique[0] if unique else [c.name for c in table.columns if self._shown(table, c.name)]
                value = self._reader(table)
                self._keys[table.name] = {
                    row["id"]: _short(tuple(value(name, row[name]) for name in names))
                    for row in self._table(table)
                }
        return self._keys[table.name]

    def _group_keys(self, members: str, column: str) -> dict[int, Key]:
        table = Base.metadata.tables[members]
        value = self._reader(table)
        names = [c.name for c in table.primary_key.columns]
        least: dict[int, Key] = {}
        for row in self._table(table):
            key = _short(tuple(value(name, row[name]) for name in names))
            group = row[column]
            least[group] = min(least.get(group, key), key)
        return least


def _target(column: sa.Column[Any]) -> sa.Table | None:
    """The table whose id a column holds, through composite keys too."""
    for foreign in column.foreign_keys:
        if foreign.column.name == "id":
            return foreign.column.table
        found = _target(foreign.column)
        if found is not None:
            return found
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        data = bytes(value)
        return data.hex() if len(data) <= 32 else hashlib.sha256(data).hexdigest()
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str) and len(value) > 200:
        return f"{value[:40]}… {hashlib.sha256(value.encode()).hexdigest()}"
    if isinstance(value, list | dict):
        text = repr(value)
        return text if len(text) <= 200 else hashlib.sha256(text.encode()).hexdigest()
    return value


def _short(key: tuple[Any, ...]) -> str:
    text = repr(key)
    return text if len(text) <= 80 else f"{text[:40]}… {hashlib.sha256(text.encode()).hexdigest()[:24]}"
