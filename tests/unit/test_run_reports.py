"""What a run shows on Prefect's pages."""

from __future__ import annotations

from collections import Counter

from db.operations import Miss, SourceCounts
from flows.runs import Summary
from flows.tasks import artifact_key, markdown, said


def summary() -> Summary:
    return Summary(
        7,
        seen=25,
        loaded=24,
        rejected=Counter({("decode", "binary"): 1}),
        examples=["/in/تالف | 1.txt: decode: the bytes are no text in any known encoding"],
        rows=Counter({"event": 9}),
        derived={"story": 0, "entity": 3},
        seconds=12.0,
        sources={"صحيفة الغد": SourceCounts("صحيفة الغد", 24, 12, 24, 24, 48, 9, 1.2)},
        slowest=[(0.5, "/in/خبر | 2.txt"), (0.4, "https://example.org/خبر.txt")],
        misses=[Miss("صحيفة الغد", "minimum_dated_share", 0.9, 0.5, "صحيفة الغد: 50% have a date")],
    )


def test_what_went_wrong_comes_first() -> None:
    text = markdown(summary(), "backfill", "desk", {"this run": "http://127.0.0.1/r"})
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Backfill run 7: desk",
        "## Expectations missed",
        "## Rejected",
        "## Sources",
        "## Slowest files",
        "## Rows written",
        "## Rows derived",
    ]
    assert "| صحيفة الغد | 24 | 50% | 100% | 100% | 2.0 | 0.4 | 50.0 | minimum_dated_share |" in text
    assert "| story |" not in text, "what did not change is left out"


def test_bars_in_names_of_files_do_not_end_a_cell() -> None:
    text = markdown(summary(), "ingest")
    assert "| 0.50 | `/in/خبر \\| 2.txt` |" in text
    assert "[https://example.org/خبر.txt](https://example.org/%D8%AE%D8%A8%D8%B1.txt)" in text


def test_numbers_after_an_arabic_name_keep_their_place() -> None:
    """Right after Arabic letters, «: 50%» would be shown to the left of the name."""
    (miss,) = summary().misses
    assert said(miss) == "\u2068صحيفة الغد\u2069: 50% have a date"
    assert said(miss._replace(source="hespress", message="hespress: 50%")) == "hespress: 50%"


def test_each_flow_and_inbox_has_its_own_reports() -> None:
    keys = {artifact_key(kind, inbox) for kind in ("ingest", "backfill") for inbox in (None, "desk")}
    assert keys == {"ingest", "backfill", "ingest-desk", "backfill-desk"}
