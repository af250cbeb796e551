"""CoNLL files of names: read, tag, evaluate.

A file holds one token a line, columns separated by white space, blank lines between sentences.  The token is
the first column; a label the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.extract.engines import load_engine

# ANERcorp writes persons PERS; the engines' label is PER
_ANERCORP_SPELLING = {"B-PER": "B-PERS", "I-PER": "I-PERS"}
_ALIASES = {"PERS": "PER"}
_DOCUMENT = 40  # sentences given to an engine at once: a CoNLL file does not say where articles end


class ConllError(ValueError):
    """A file is not in the format; the message names the line."""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Counts of whole entities of one class and what follows from them, in percent."""

    correct: int
    guessed: int
    gold: int

    @property
    def precision(self) -> float:
        return 100.0 * self.correct / self.guessed if self.guessed else 0.0

    @property
    def recall(self) -> float:
        return 100.0 * self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        p, r = self.precision, self.recall
        return 2 * p * r / (p + r) if p + r else 0.0


@dataclass(frozen=True, slots=True)
class ConllReport:
    """What conlleval prints: token accuracy in percent, all entities, and each class by name."""

    tokens: int
    accuracy: float
    overall: ClassScore
    classes: dict[str, ClassScore]


def read_conll(path: Path) -> Iterator[list[list[str]]]:
    """Sentences as lists of rows, a row as its columns.  Raises ConllError when the bytes are not UTF-8."""
    rows: list[list[str]] = []
    with path.open(encoding="utf-8-sig") as lines:
        try:
            for line in lines:
                columns = line.split()
                if columns:
                    rows.append(columns)
                elif rows:
                    yield rows
                    rows = []
        except UnicodeDecodeError as exc:
            raise ConllError(f"{path}: not UTF-8: {exc}") from exc
    if rows:
        yield rows


# ------------------------------------------------------------------------------------------------- tag


def tag_conll(source: Path, target: Path, *, scheme: str = "guide", engine: str = "accurate") -> int:
    """Write ``source`` to ``target`` with a column of predicted labels added; the number of tokens.

    Every line keeps its columns, blank lines stay where they are, and the new label is the last column, so
    the result of a labelled file can be given to ``evaluate_conll`` as it is.
    """
    loaded = load_engine(engine, scheme=scheme)
    with source.open(encoding="utf-8-sig") as handle:
        try:
            lines = handle.read().splitlines()
        except UnicodeDecodeError as exc:
            raise ConllError(f"{source}: not UTF-8: {exc}") from exc
    separator = "\t" if any("\t" in line for line in lines[:50]) else " "
    sentences: list[list[str]] = [[]]
    for line in lines:
        columns = line.split()
        if columns:
            sentences[-1].append(columns[0])
        elif sentences[-1]:
            sentences.append([])
    sentences = [s for s in sentences if s]
    predicted: list[str] = []
    for first in range(0, len(sentences), _DOCUMENT):
        for labels in loaded.label(sentences[first : first + _DOCUMENT]):
            predicted.extend(label.label for label in labels)
    if scheme == "anercorp":
        predicted = [_ANERCORP_SPELLING.get(label, label) for label in predicted]
    labels_left = iter(predicted)
    with target.open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(f"{line.rstrip()}{separator}{next(labels_left)}\n" if line.split() else "\n")
    return len(predicted)


# -------------------------------------------------------------------------------------------- evaluate


def _parts(label: str) -> tuple[str, str]:
    prefix, _, kind = label.partition("-")
    return prefix, _ALIASES.get(kind, kind)


def chunks(labels: Sequence[str]) -> set[tuple[int, int, str]]:
    """Entities (start, end, class) of one sentence by conlleval's rules.

    An entity begins at B, or at I after O or after another class; it ends before the next beginning, before O
    and before another class.
    """
    found: set[tuple[int, int, str]] = set()
    start, kind = -1, ""
    for i, label in enumerate([*labels, "O"]):
        prefix, this = _parts(label)
        inside = prefix in {"B", "I"}
        if start >= 0 and (not inside or prefix == "B" or this != kind):
            found.add((start, i, kind))
            start = -1
        if inside and start < 0:
            start, kind = i, this
    return found


def evaluate_labels(pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> ConllReport:
    """Score (gold labels, predicted labels) of sentences with conlleval's rules."""
    correct: Counter[str] = Counter()
    guessed: Counter[str] = Counter()
    gold: Counter[str] = Counter()
    tokens = right = 0
    for expected, got in pairs:
        if len(expected) != len(got):
            raise ConllError(f"{len(expected)} gold labels against {len(got)}")
        tokens += len(expected)
        right += sum(_parts(a) == _parts(b) for a, b in zip(expected, got, strict=True))
        a, b = chunks(expected), chunks(got)
        gold.update(kind for _, _, kind in a)
        guessed.update(kind for _, _, kind in b)
        correct.update(kind for _, _, kind in a & b)
    classes = {k: ClassScore(correct[k], guessed[k], gold[k]) for k in sorted(gold.keys() | guessed.keys())}
    overall = ClassScore(correct.total(), guessed.total(), gold.total())
    return ConllReport(tokens, 100.0 * right / tokens if tokens else 0.0, overall, classes)


def evaluate_conll(path: Path) -> ConllReport:
    """Score a file whose last two columns are the gold and the predicted label.

    Raises ConllError naming the first sentence that has a row with fewer than three columns.
    """
    pairs = []
    for number, rows in enumerate(read_conll(path), start=1):
        if any(len(row) < 3 for row in rows):
            raise ConllError(f"{path}: sentence {number}: token, gold and predicted label are needed")
        pairs.append(([row[-2] for row in rows], [row[-1] for row in rows]))
    return evaluate_labels(pairs)
