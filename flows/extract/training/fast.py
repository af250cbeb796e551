"""Train the ``fast`` engine on the corpora and on news that ``accurate`` labelled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from flows.extract.engines import SCHEMES, NameEngine
from flows.extract.engines.accurate import load_accurate
from flows.extract.engines.fast import Chain, ChainWeights, ClusterTable, FastModel, marginals
from flows.extract.engines.features import Knowledge, fold_word
from flows.extract.engines.store import write_model
from flows.extract.training.chain import ChainRecipe, train_chain
from flows.extract.training.clusters import build_clusters
from flows.extract.training.corpora import Document, read_news
from flows.extract.training.labels import GUIDE_LABELS, NEWSWIRE_LABELS
from flows.extract.training.names import Data, Plan, Say, unlabelled

Tagged = list[tuple[Sequence[str], Sequence[str]]]
Clitics = list[tuple[Sequence[str], Sequence[int]]]


def train_fast(data: Data, plan: Plan, work: Path, out: Path, say: Say) -> None:
    """Clusters, silver labels, one chain a convention, calibration; writes fast.msgpack."""
    path = work / "clusters.msgpack"
    if path.exists():
        clusters = msgspec.msgpack.decode(path.read_bytes(), type=ClusterTable)
    else:
        clusters = build_clusters(s for article in read_news(data.news, count=100_000) for s in article)
        path.write_bytes(msgspec.msgpack.encode(clusters))
    lexicon = word_lexicon()
    knowledge = FastModel(1, clusters, {}, lexicon).knowledge()
    folder = out if (out / "accurate.json").exists() else None
    chains = {
        scheme: scheme_chain(scheme, data, plan, knowledge, folder=folder, say=say) for scheme in SCHEMES
    }
    write_model("fast.msgpack", msgspec.msgpack.encode(FastModel(1, clusters, chains, lexicon)), out)


def scheme_chain(
    scheme: str, data: Data, plan: Plan, knowledge: Knowledge, *, folder: Path | None, say: Say
) -> ChainWeights:
    """One convention's calibrated chain, from its corpus and news as ``accurate`` of ``folder`` labels it."""
    guide = scheme == "guide"
    hard = data.gold if guide else [data.anercorp]
    dev = data.gold_dev if guide else [data.anercorp_dev]
    teacher = load_accurate(scheme=scheme, threads=1, folder=folder, alone=True)
    tagged, clitics = label_news(teacher, unlabelled(data, plan.fast_silver_articles))
    say(f"fast: {scheme}: {sum(len(w) for w, _ in tagged)} words of news labelled")
    gold_clitics: Clitics = [(s.words, s.clitics) for d in data.gold for s in d.sentences]
    chain = train_chain(
        [*_tagged(hard) * (plan.fast_gold if guide else plan.fast_newswire), *tagged],
        [*gold_clitics * plan.fast_gold, *clitics],
        GUIDE_LABELS if guide else NEWSWIRE_LABELS,
        knowledge,
        ChainRecipe(iterations=plan.fast_iterations),
    )
    chain = msgspec.structs.replace(chain, temperature=fit_chain(chain, knowledge, dev))
    say(f"fast: {scheme}: {len(chain.features)} features, temperature {chain.temperature}")
    return chain


def _tagged(documents: Sequence[Document]) -> Tagged:
    return [(s.words, [x or "O" for x in s.labels]) for d in documents for s in d.sentences]


def label_news(teacher: NameEngine, documents: Sequence[Document]) -> tuple[Tagged, Clitics]:
    """What the teacher says of unlabelled articles; clitics only where it is sure of them."""
    tagged: Tagged = []
    clitics: Clitics = []
    for document in documents:
        sentences = [s.words for s in document.sentences]
        for words, labels in zip(sentences, teacher.label(sentences), strict=True):
            tagged.append((words, [x.label for x in labels]))
            known = [
                x.clitic if x.label[0] == "B" and x.probability * x.clitic_probability > 0.8 else -1
                for x in labels
            ]
            if any(k >= 0 for k in known):
                clitics.append((words, known))
    return tagged, clitics


def word_lexicon() -> dict[str, str]:
    """Code -> folded words: what the project's gazetteers say of single words.

    g given name, s surname, w also an ordinary word, L place, O organisation, E event, P person; p for a word
    that only occurs in longer names of places, people or events.
    """
    from flows.extract.gazetteer import gazetteer
    from flows.extract.name_lexicon import name_units

    codes: dict[str, set[str]] = {}
    for word, flags in name_units().items():
        codes.setdefault(word, set()).update(flags)
    for name, entry in gazetteer().by_name.items():
        kind = {"LOCATION": "L", "ORGANIZATION": "O", "NAMED_EVENT": "E", "PERSON": "P"}[entry.kind.value]
        words = name.split(" ")
        if len(words) == 1:
            codes.setdefault(words[0], set()).add(kind)
            continue
        for word in words:
            if len(word) > 2 and kind != "O":  # nearly every noun is part of some organisation
                codes.setdefault(word, set())
    lists: dict[str, list[str]] = {}
    for word, found in codes.items():
        lists.setdefault("".join(sorted(found)) or "p", []).append(fold_word(word))
    return {code: " ".join(sorted(set(words))) for code, words in sorted(lists.items())}


def fit_chain(weights: ChainWeights, knowledge: Knowledge, documents: Sequence[Document]) -> float:
    """The temperature under which the development labels are likeliest (word by word)."""
    chain = Chain(weights, knowledge)
    n = len(chain.labels)
    column = {label: i for i, label in enumerate(chain.labels)}
    parts = []
    for document in documents:
        sentences = [s for s in document.sentences if s.words]
        folded = [[fold_word(w) for w in s.words] for s in sentences]
        targets = [column.get(x, -1) for s in sentences for x in s.labels]
        parts.append((chain.scores(folded)[:, :n], [len(s) for s in folded], np.array(targets)))
    best, best_loss = 1.0, np.inf
    for temperature in np.geomspace(0.6, 2.5, 25).astype(np.float32):
        loss = 0.0
        for scores, lengths, wanted in parts:
            _, p = marginals(scores / temperature, lengths, chain.transitions / temperature, chain.start)
            known = np.flatnonzero(wanted >= 0)
            loss -= float(np.log(p[known, wanted[known]] + 1e-9).sum())
        if loss < best_loss:
            best, best_loss = float(temperature), loss
    return round(best, 3)
