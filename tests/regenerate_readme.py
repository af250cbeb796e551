"""The README's generated parts.  `uv run python -m tests.regenerate_readme` writes them anew."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import psycopg

from flows.settings import Inbox, Settings, variable

README = Path(__file__).resolve().parents[1] / "README.md"

COLUMNS = """
SELECT n.nspname || '.' || c.relname, obj_description(c.oid), a.attname, col_description(c.oid, a.attnum)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('report', 'public') AND c.relkind IN ('r', 'v', 'm', 'p')
AND c.relname <> 'alembic_version'
ORDER BY n.nspname = 'public', c.relname, a.attnum
"""


FUNCTIONS = """
SELECT format('report.%s(%s)', p.proname, pg_get_function_arguments(p.oid)), obj_description(p.oid, 'pg_proc')
FROM pg_proc AS p
WHERE p.pronamespace = 'report'::regnamespace AND p.prorettype <> 'trigger'::regtype
ORDER BY p.proname, 1
"""


def settings_table() -> str:
    """One row a setting."""
    lines = ["| variable | in `rasd.toml` | default | meaning |", "|---|---|---|---|"]
    shown = {"home": "the user's data folder", "workers": "one a core", "database_url": "embedded"}
    for name, field in Settings.model_fields.items():
        default = shown.get(name) or ("" if field.default in (None, (), "") else f"`{field.default}`")
        lines.append(f"| `{variable(name)}` | `{name}` | {default} | {field.description} |")
    lines += ["", "The keys of an `[[inbox]]` table:", "", "| key | default | meaning |", "|---|---|---|"]
    for name, field in Inbox.model_fields.items():
        default = "" if field.is_required() or field.default in (None, "") else f"`{field.default}`"
        lines.append(f"| `{name}` | {default} | {field.description} |")
    return "\n".join(lines)


def catalogue(connection: psycopg.Connection[tuple[str, str, str, str]]) -> str:
    """Functions, tables and views with their columns, from the database's own comments.

    Raises ValueError naming what has no comment.
    """
    lines = [
        "<details><summary>Functions of <code>report</code></summary>",
        "",
        "| function | meaning |",
        "|---|---|",
    ]
    for function, meaning in connection.execute(FUNCTIONS):
        if meaning is None:
            raise ValueError(f"{function} has no comment")
        lines.append(f"| `{function}` | {meaning.replace('|', chr(92) + '|')} |")
    lines += ["", "</details>"]
    current = ""
    for relation, about, column, meaning in connection.execute(COLUMNS):
        if about is None or meaning is None:
            raise ValueError(f"{relation}.{column} has no comment")
        if relation != current:
            lines += [
                *(["", "</details>"] if current else []),
                *(["", f"<details><summary><code>{relation}</code> {about}</summary>", ""]),
                "| column | meaning |",
                "|---|---|",
            ]
            current = relation
        lines.append(f"| `{column}` | {meaning.replace('|', chr(92) + '|')} |")
    return "\n".join([*lines, "", "</details>"]).strip()


def replaced(text: str, part: str, content: str) -> str:
    pattern = re.compile(rf"(<!-- {part} -->\n).*?(<!-- /{part} -->)", re.DOTALL)
    assert pattern.search(text), part
    return pattern.sub(lambda m: f"{m[1]}{content}\n{m[2]}", text)


def main() -> None:
    from db import embedded, engine
    from tests.db.servers import make_home, plain

    home = make_home()
    with embedded.running(home) as server:
        engine.upgrade(server.url)
        with psycopg.connect(plain(server.url)) as connection:
            text = replaced(README.read_text(encoding="utf-8"), "catalogue", catalogue(connection))
    embedded.destroy(home)
    shutil.rmtree(home, ignore_errors=True)
    README.write_text(replaced(text, "settings", settings_table()), encoding="utf-8")


if __name__ == "__main__":
    main()
