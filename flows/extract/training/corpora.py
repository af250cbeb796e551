"""Read the corpora that the name engines learn from into one shape.

Three conventions meet here: the project's guide (gold), ANERcorp's and AQMAR's.  Labels stay as each corpus
has them; which head of a model learns from which is the trainer's business.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.clean import segment
from flows.clean.normalize import clean_string, fold
from flows.extract.conll import read_conll

UNKNOWN_CLITIC = -1

# what may stand in front of a name inside one word: conjunction, then preposition
_CLITICS = ("", "و", "ف", "ب", "ل", "ك", "س", "وب", "ول", "وك", "فب", "فل", "فك")


@dataclass(frozen=True, slots=True)
class Labelled:
    """One sentence: words, their IOB2 labels, and how many letters stand outside the mention they begin.

    ``clitics[i]`` is UNKNOWN_CLITIC where the corpus does not say or word i begins no mention; ``labels[i]``
    is "" where nothing may be learnt from it (text that the annotators left out).
    """

    words: tuple[str, ...]
    labels: tuple[str, ...]
    clitics: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """Sentences that follow one another in one source."""

    id: str
    sentences: tuple[Labelled, ...]


def tokenize(text: str) -> list[str]:
    """Tokens of cleaned text as the pipeline makes them."""
    return [text[t.start : t.end] for t in segment.tokenize(text)]


def split_sentences(text: str) -> Iterator[list[str]]:
    """The sentences of cleaned text as lists of tokens, as the pipeline makes them; a line is a paragraph."""
    tokens = segment.tokenize(text)
    for sentence in segment.sentences(text, tokens, ()):
        yield [text[t.start : t.end] for t in tokens[sentence.first : sentence.last]]


# ------------------------------------------------------------------------------------------ ready-made


def read_conll_corpus(path: Path, name: str) -> Document:
    """ANERcorp or AQMAR: one document of consecutive sentences, clitics unknown."""
    sentences = []
    for rows in read_conll(path):
        words = tuple(clean_string(row[0]) or row[0] for row in rows)
        labels = tuple(row[-1].replace("PERS", "PER") for row in rows)
        sentences.append(Labelled(words, labels, (UNKNOWN_CLITIC,) * len(words)))
    return Document(name, tuple(sentences))


def split_last_tenth(document: Document) -> tuple[Document, Document]:
    """The first nine tenths of a corpus's sentences for training, the last for choosing."""
    cut = len(document.sentences) * 9 // 10
    return (
        Document(document.id, document.sentences[:cut]),
        Document(document.id + "-dev", document.sentences[cut:]),
    )


# ------------------------------------------------------------------------------------------------ gold


def clitic_of(word: str, first: str) -> int | None:
    """How many letters of ``word`` stand before ``first`` (both folded), None when it is another word.

    للامن begins الامن with one letter outside, وباريس begins باريس with one, باريس with none.
    """
    if word == first:
        return 0
    for clitic in _CLITICS[1:]:
        if clitic.endswith("ل") and first.startswith("ال"):
            # ل + ال is written لل, and لل + ل is لل too
            rest = first[3:] if first.startswith("الل") else first[2:]
            if word == clitic + "ل" + rest:
                return len(clitic)
        if word == clitic + first:
            return len(clitic)
    return None


def _occurrences(
    words: Sequence[str], surface: Sequence[str], taken: Sequence[bool]
) -> Iterator[tuple[int, int, int]]:
    n = len(surface)
    for i in range(len(words) - n + 1):
        if any(taken[i : i + n]) or list(words[i + 1 : i + n]) != list(surface[1:]):
            continue
        clitic = clitic_of(words[i], surface[0])
        if clitic is not None:
            yield i, i + n, clitic


def align_surfaces(
    sentences: Sequence[Sequence[str]], entities: Sequence[tuple[str, str]]
) -> list[tuple[list[str], list[int]]]:
    """Find every occurrence of (kind, surface) in tokenised sentences: labels and clitics for each.

    The longest surface takes its words first, so parts of names are not labelled inside them.  A surface is
    looked for as it is written and only then, if it stands nowhere, with the spelling folded (on folded
    letters the name علي is the preposition على).
    """
    labels = [["O"] * len(s) for s in sentences]
    clitics = [[UNKNOWN_CLITIC] * len(s) for s in sentences]
    taken = [[False] * len(s) for s in sentences]
    plain = [list(s) for s in sentences]
    folded = [[fold(w) for w in s] for s in sentences]
    surfaces = {(kind, tuple(tokenize(clean_string(text)))) for kind, text in entities}
    ordered = sorted(surfaces, key=lambda x: (-sum(map(len, x[1])) - len(x[1]), x))
    for kind, surface in ordered:
        if not surface:
            continue
        for layer, wanted in ((plain, surface), (folded, tuple(fold(w) for w in surface))):
            found = False
            for k, words in enumerate(layer):
                for start, end, clitic in list(_occurrences(words, wanted, taken[k])):
                    if any(taken[k][start:end]):
                        continue
                    found = True
                    labels[k][start] = f"B-{kind}"
                    clitics[k][start] = clitic
                    for i in range(start, end):
                        taken[k][i] = True
                        if i > start:
                            labels[k][i] = f"I-{kind}"
            if found:
                break
    return list(zip(labels, clitics, strict=True))


def read_gold(folder: Path, part: str) -> list[Document]:
    """gold/``part``.json with its texts; boilerplate lines are masked.

    Raises FileNotFoundError where the annotated articles are absent.
    """
    documents = []
    for record in json.loads((folder / f"{part}.json").read_text(encoding="utf-8")):
        text = clean_string((folder / part / f"{record['id']}.txt").read_text(encoding="utf-8"))
        noise = {clean_string(line).strip() for line in record["boilerplate"]}
        entities = [
            (e["kind"], surface) for e in record["entities"] for surface in {e["name"], *e["surfaces"]}
        ]
        lines = [line for line in text.splitlines() if line.strip() and line.strip() not in noise]
        sentences = list(split_sentences("\n".join(lines)))
        marked = [_masked(s, noise) for s in sentences]
        documents.append(
            Document(
                record["id"],
                tuple(
                    Labelled(
                        tuple(words),
                        tuple("" if hide else label for hide, label in zip(mask, labels, strict=True)),
                        tuple(clitics),
                    )
                    for words, mask, (labels, clitics) in zip(
                        sentences, marked, align_surfaces(sentences, entities), strict=True
                    )
                ),
            )
        )
    return documents


def _masked(words: Sequence[str], noise: set[str]) -> list[bool]:
    mask = [False] * len(words)
    for line in noise:
        pattern = tokenize(line)
        n = len(pattern)
        if n < 2:
            continue
        for i in range(len(words) - n + 1):
            if list(words[i : i + n]) == pattern:
                mask[i : i + n] = [True] * n
    return mask


# ------------------------------------------------------------------------------------------------ news


def read_news(archive: Path, *, count: int, skip: frozenset[str] = frozenset()) -> Iterator[list[list[str]]]:
    """Tokenised sentences of ``count`` articles of news/ant.zip, evenly over its sections, without labels.

    ``skip`` holds member stems to leave out (articles that are annotated elsewhere).
    """
    with zipfile.ZipFile(archive) as zf:
        names = sorted(n for n in zf.namelist() if n.endswith(".txt") and Path(n).stem not in skip)
        step = max(1.0, len(names) / count)
        chosen = [names[int(i * step)] for i in range(min(count, len(names)))]
        for name in chosen:
            text = clean_string(zf.read(name).decode("utf-8", errors="replace"))
            sentences = list(split_sentences(text))
            if sentences:
                yield sentences
