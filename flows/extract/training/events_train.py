"""``rasd train events``: the networks on the encoder's states, the linear filters and choosers, fixed seeds.

    python -m flows.extract.training.events_train SHARED [-o OUT]

SHARED holds gold/, news/ant.zip and corpora/anercorp/.  The annotated articles are read by the installed
names encoder, the trigger network learns from its states, the filters from the lexicon's candidates and the
network's scores for articles it has not seen, the choosers from the annotated events.  The work folder keeps
what is slow.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from flows.extract.engines import load_engine
from flows.extract.engines.store import models_folder
from flows.extract.events.trigger_model import HIDDEN, Encoder, Floats, hidden_states
from flows.extract.training.events_corpus import write_corpus
from flows.extract.training.events_filter import annotated_samples, read_scores, write_filter, write_scores
from flows.extract.training.events_gold import Annotated, load
from flows.records import Article

Say = Callable[[str], None]


def train_events(shared: Path, out: Path, *, work: Path | None = None, say: Say = print) -> None:
    """Write events_triggers.npz, both filters and both choosers to ``out``.

    ``work`` (default: ``out``/work) is taken up again after a stop and safe to delete afterwards.
    Raises FileNotFoundError where ``shared`` lacks the annotated articles.
    """
    from flows.extract.training import events_choices, events_triggers

    figures: dict[str, list[str]] = {}

    def note(line: str) -> None:
        figures[list(figures)[-1]].append(line)
        say(line)

    work = work or out / "work"
    corpus = work / "events"
    out.mkdir(parents=True, exist_ok=True)
    if not (corpus / "train.json").exists():
        say(f"{write_corpus(shared, corpus)} annotated articles")
    plain = annotated_samples(corpus, "train")
    figures["Filter without the network"] = []
    write_filter(plain, [], out, note)

    recipe = events_triggers.Recipe()
    items = list(load(corpus, "train"))
    states = _states(items, work, say)
    lessons = [events_triggers.lesson(item, states[item.gold["id"]]) for item in items]
    kept = work / "events_scores.npz"
    if not kept.exists():
        write_scores(events_triggers.cross_fit(lessons, recipe, say), kept)
    say("network on all articles")
    events_triggers.write_network(events_triggers.train(lessons, recipe, say), out)
    figures["Filter with the network"] = []
    write_filter(annotated_samples(corpus, "train", read_scores(kept)), [], out, note)
    figures["Choosers of status, participants, place and date, on the annotated events"] = []
    events_choices.train_choices(items, states, out, note)
    write_card(out, len(plain), figures)


_CARD = """# Event models of Rasd

events_triggers.npz: a hidden layer on the states of the names encoder (accurate.onnx, layer 8): type and
status of the event that each word evokes.  events_filter_net.json: the linear filter that weighs its scores
together with the lexicon's candidates.  events_filter.json: the filter where the names engine has no states.
events_choices.npz: status, participants and date of an event by features of its clause and article together
with the states of the two words concerned.  events_roles.json: the same choices, and that of the place, by
features alone (logistic regressions, weights in hundredths).  Status and participants go by the mean of both.
Made by `rasd train events` ({recipe}; {choices}) from {articles} annotated articles: gold/train of
../shared, and ANT articles (Apache-2.0), stretches of ANERcorp (CC BY-SA 4.0) and articles of our own (CC0)
that this project annotated.  No text is part of the models.
Licence: CC-BY-SA-4.0, as the encoder's.

Figures are of cross-validation over these articles with annotated names: precision, recall and F1 of events
of the right type by the least confidence, and how often events of each confidence are right.

Known limits: participants that only the rest of the article tells, unnamed ones above all; whether what is
told in the present tense is going on or over; places are said too often where the annotation names none.
"""


def write_card(out: Path, articles: int, figures: Mapping[str, Sequence[str]]) -> None:
    """events_card.md beside the models."""
    from flows.extract.training import events_choices, events_triggers

    recipe, choices = events_triggers.Recipe(), events_choices.Recipe()
    parts = [_CARD.format(recipe=recipe, choices=choices, articles=articles)]
    parts += [
        f"## {title}\n\n" + "\n".join(f"- {x}" for x in lines) + "\n" for title, lines in figures.items()
    ]
    (out / "events_card.md").write_text("\n".join(parts), encoding="utf-8")


def _states(items: Sequence[Annotated], work: Path, say: Say) -> dict[str, tuple[Floats, Floats]]:
    """States of every article, read as a whole and in pieces of one or two sentences."""
    kept = work / "events_states.npz"
    if not kept.exists():
        engine = load_engine("accurate", threads=2)
        if not isinstance(engine, Encoder):
            raise TypeError(f"{engine.name} has no hidden states")
        arrays: dict[str, Floats] = {}
        for item in items:
            name = item.gold["id"]
            whole = hidden_states(item.article, engine)
            assert whole is not None
            arrays[f"{name}/whole"] = whole.astype(np.float16)
            arrays[f"{name}/pieces"] = _in_pieces(item, engine).astype(np.float16)
        np.savez(kept, allow_pickle=False, **arrays)
        say(f"states of {len(items)} articles")
    with np.load(kept) as stored:
        names = [item.gold["id"] for item in items]
        return {name: (stored[f"{name}/whole"], stored[f"{name}/pieces"]) for name in names}


def _in_pieces(item: Annotated, engine: Encoder) -> Floats:
    """States where the encoder sees one or two sentences at a time, as where the names stage skips some."""
    rng = random.Random(item.gold["id"])
    article = item.article
    states = np.zeros((len(article.tokens), HIDDEN), np.float32)
    sentences = [s for s in article.sentences if s.last > s.first]
    at = 0
    while at < len(sentences):
        run = sentences[at : at + rng.choice((1, 1, 2))]
        at += len(run)
        words = [_words(article, s.first, s.last) for s in run]
        for sentence, rows in zip(run, engine.hidden(words), strict=True):
            states[sentence.first : sentence.last] = rows
    return states


def _words(article: Article, first: int, last: int) -> Sequence[str]:
    return [article.text.text[t.start : t.end] for t in article.tokens[first:last]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=models_folder())
    arguments = parser.parse_args()
    train_events(arguments.shared, arguments.out)


if __name__ == "__main__":
    main()
