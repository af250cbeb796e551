"""Train the event stage's weights: flows/extract/models/events_filter.json and events_filter_net.json.

    python -m flows.extract.training.events_filter GOLD [--articles DIR] [--part train] [--net SCORES]

GOLD is a folder of annotated articles (../shared/gold), DIR the unpacked news/ant.zip whose candidates
``events_labels.json`` labels (file, span and label, no text).  Logistic regressions throughout;
cross-validated figures and the reliability table are printed, then all weights are fitted on everything
and written.  SCORES are what ``events_train`` keeps of the network: its scores for articles it had not seen.
Needs scikit-learn (extra ``train``).
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from flows.extract import events
from flows.extract.engines.store import write_model
from flows.extract.events import confidence, merge
from flows.extract.events.candidates import Candidate
from flows.extract.events.context import View
from flows.extract.events.merge import Cluster, Mention
from flows.extract.events.trigger_model import Scores
from flows.extract.training.events_gold import Annotated, events_evoked, load, related

MODELS = Path(__file__).parent.parent / "models"
LABELS = Path(__file__).parent / "events_labels.json"
RARE = 3  # features seen less often are left out
FOLDS = 5
MENTION_THRESHOLD, PAIR_THRESHOLD, EVENT_THRESHOLD = 0.15, 0.5, 0.28
STRENGTH = {"mention": 0.2, "pair": 0.3, "event": 0.3}

Row = tuple[confidence.Features, Any, float]  # features, label, weight


class Weights(NamedTuple):
    """What one training run yields for mentions and pairs."""

    mention: dict[str, float]
    pair: dict[str, float]


@dataclass(slots=True)
class Sample:
    """One article with its candidates; ``gold`` is None for articles that only have labels."""

    view: View
    candidates: list[Candidate]
    features: list[confidence.Features]
    labels: list[bool | None]
    gold: Annotated | None = None
    said: Scores | None = None
    pairs: list[Row] = field(default_factory=list)


def fit(rows: Sequence[Row], strength: float, rare: int = RARE) -> dict[str, dict[str, float]]:
    """Weights by class of a logistic regression; two classes give one entry, 'True'. 'bias' is a feature."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    seen = Counter(n for f, _, _ in rows for n in f)
    values = [
        {n: (f[n] if isinstance(f, Mapping) else 1.0) for n in f if seen[n] >= rare} | {"bias": 1.0}
        for f, _, _ in rows
    ]
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform(values)
    model = LogisticRegression(C=strength, max_iter=600, fit_intercept=False)
    model.fit(matrix, [y for _, y, _ in rows], sample_weight=[w for _, _, w in rows])
    names = vectorizer.feature_names_
    classes = [str(model.classes_[-1])] if len(model.classes_) == 2 else [str(c) for c in model.classes_]
    return {
        c: {n: round(float(w), 4) for n, w in zip(names, coefficients, strict=True) if abs(w) > 2e-3}
        for c, coefficients in zip(classes, model.coef_, strict=True)
    }


def probability(weights: dict[str, float], names: confidence.Features) -> float:
    """The logistic of the weights' sum, bias included."""
    values = names if isinstance(names, Mapping) else dict.fromkeys(names, 1.0)
    total = sum(weights.get(n, 0.0) * v for n, v in values.items()) + weights.get("bias", 0.0)
    return 1 / (1 + math.exp(-total))


# ------------------------------------------------------------------------------------------- samples


def annotated_samples(folder: Path, part: str, net: Mapping[str, Scores] | None = None) -> list[Sample]:
    """Samples of annotated articles: a candidate is right where its word is a trigger of its type.

    ``net``: the network's scores by article, of one that has not seen the article.
    """
    out = []
    for item in load(folder, part):
        view = events.view_of(item.article, item.entities, item.offices, item.dates)
        said = None if net is None else net[item.gold["id"]]
        found = events.candidates_of(view, said)
        words = [item.surface(item.article.tokens[c.token][:2]) for c, _ in found]
        labels: list[bool | None] = [
            bool(events_evoked(item, w, c.entry.type.value)) for w, (c, _) in zip(words, found, strict=True)
        ]
        sample = Sample(view, [c for c, _ in found], [f for _, f in found], labels, item, said)
        _describe(sample)
        out.append(sample)
    return out


def labelled_samples(articles: Path) -> Iterator[Sample]:
    """Samples of articles whose candidates were judged one by one (events_labels.json)."""
    from flows.pipeline import extract
    from flows.records import Extraction, Metadata, RawFile

    listed = (articles / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    titles = {m["file"]: m["title"] for m in map(json.loads, filter(None, listed))}
    for row in json.loads(LABELS.read_text(encoding="utf-8")):
        path = articles / row["file"]
        metadata = Metadata(title=titles[row["file"]], published=row["published"], source=row["source"])
        found = extract(RawFile(str(path), path.stem, path.read_bytes(), "", metadata))
        if not isinstance(found, Extraction):
            continue
        view = events.view_of(found.article, found.entities, found.offices, found.dates)
        known = {(a, b, t): y for a, b, t, y in row["labels"]}
        pairs = events.candidates_of(view)
        labels: list[bool | None] = []
        for c, _ in pairs:
            start, end, _ = found.article.tokens[c.token]
            label = known.get((start, end, c.entry.type.value))
            labels.append(None if label is None else bool(label))
        yield Sample(view, [c for c, _ in pairs], [f for _, f in pairs], labels)


def _describe(sample: Sample) -> None:
    """Rows for merging from the mentions that the annotation confirms."""
    item, view = sample.gold, sample.view
    if item is None:
        return
    right = [(c, 1.0) for c, y in zip(sample.candidates, sample.labels, strict=True) if y]
    mentions = events.mentions_of(view, right)
    owners = [
        events_evoked(
            item, item.surface(item.article.tokens[m.candidate.token][:2]), m.candidate.entry.type.value
        )
        for m in mentions
    ]
    for j, b in enumerate(mentions):
        for i, a in enumerate(mentions[:j]):
            same_type = a.candidate.entry.type is b.candidate.entry.type
            if not same_type or not owners[i] or not owners[j]:
                continue
            if (len(owners[i]) == 1 and len(owners[j]) == 1) or not set(owners[i]) & set(owners[j]):
                sample.pairs.append((merge.pair_features(view, a, b), owners[i] == owners[j], 1.0))


# ------------------------------------------------------------------------------------------ training


def mention_rows(samples: Sequence[Sample]) -> list[Row]:
    """Candidates with a known label."""
    return [(f, y, 1.0) for s in samples for f, y in zip(s.features, s.labels, strict=True) if y is not None]


def train(samples: Sequence[Sample], extra: Sequence[Sample]) -> Weights:
    mention = fit(mention_rows([*samples, *extra]), STRENGTH["mention"])["True"]
    return Weights(mention, fit([r for s in samples for r in s.pairs], STRENGTH["pair"], 1)["True"])


def cluster(sample: Sample, weights: Weights) -> list[Cluster]:
    """The merged events of an article under these weights, before any is thrown out."""
    view = sample.view
    scored = [
        (c, probability(weights.mention, f)) for c, f in zip(sample.candidates, sample.features, strict=True)
    ]
    kept = events.mentions_of(view, [x for x in scored if x[1] >= MENTION_THRESHOLD])

    def likely(a: Mention, b: Mention) -> float:
        return probability(weights.pair, merge.pair_features(view, a, b))

    return merge.merge(view, kept, likely, PAIR_THRESHOLD)


def event_rows(sample: Sample, clusters: Sequence[Cluster]) -> list[Row]:
    """Features of merged events and whether each pairs, one to one, with an annotated event of its type."""
    item = sample.gold
    assert item is not None
    open_ = set(range(len(item.gold["events"])))
    out: list[Row] = []
    order = sorted(range(len(clusters)), key=lambda i: -len(clusters[i].mentions))
    right = [False] * len(clusters)
    for i in order:
        words = [item.surface(item.article.tokens[m.candidate.token][:2]) for m in clusters[i].mentions]
        hit = next(
            (
                k
                for k in sorted(open_)
                if item.gold["events"][k]["type"] == clusters[i].type.value
                and any(related(w, t) for w in words for t in item.gold["events"][k]["triggers"])
            ),
            None,
        )
        if hit is not None:
            open_.remove(hit)
            right[i] = True
    for c, y in zip(clusters, right, strict=True):
        out.append((confidence.event_features(sample.view, c, len(clusters)), y, 1.0))
    return out


def reliability(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, int, float]]:
    """(lower bound, count, share right) by tenths of confidence."""
    out = []
    for tenth in range(10):
        hits = [y for p, y in pairs if tenth / 10 <= p < (tenth + 1) / 10 or (tenth == 9 and p == 1)]
        if hits:
            out.append((tenth / 10, len(hits), sum(hits) / len(hits)))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gold", type=Path, help="folder of annotated articles")
    parser.add_argument("--articles", type=Path, help="the unpacked articles of events_labels.json")
    parser.add_argument("--part", default="train", help="which part of the annotation to learn from")
    parser.add_argument("--net", type=Path, help="scores of the network, as events_train keeps them")
    parser.add_argument("--out", type=Path, default=MODELS, help="folder to write to")
    arguments = parser.parse_args()
    net = read_scores(arguments.net) if arguments.net else None
    samples = annotated_samples(arguments.gold, arguments.part, net)
    extra = list(labelled_samples(arguments.articles)) if arguments.articles and net is None else []
    write_filter(samples, extra, arguments.out, print)


def write_scores(scores: Mapping[str, Scores], path: Path) -> None:
    """Keep scores by article in one .npz file."""
    arrays = {f"{name}/{part}": x for name, s in scores.items() for part, x in s._asdict().items()}
    np.savez_compressed(path, **arrays)


def read_scores(path: Path) -> dict[str, Scores]:
    with np.load(path) as kept:
        names = {key.rpartition("/")[0] for key in kept.files}
        return {name: Scores(**{f: kept[f"{name}/{f}"] for f in Scores._fields}) for name in names}


def write_filter(
    samples: Sequence[Sample], extra: Sequence[Sample], folder: Path, say: Callable[[str], None]
) -> None:
    """Cross-validate, say the figures, fit on everything and write the filter that goes with the samples."""
    held = [range(k, len(samples), FOLDS) for k in range(FOLDS)]
    rows: list[list[Row]] = [[] for _ in samples]
    for fold in held:
        weights = train([s for i, s in enumerate(samples) if i not in fold], extra)
        for i in fold:
            rows[i] = event_rows(samples[i], cluster(samples[i], weights))
    scored: list[tuple[float, bool]] = []
    for fold in held:
        known = [r for i, many in enumerate(rows) if i not in fold for r in many]
        weights_of = fit(known, STRENGTH["event"], 1)["True"]
        scored += [(probability(weights_of, f), y) for i in fold for f, y, _ in rows[i]]
    total = sum(len(s.gold.gold["events"]) for s in samples if s.gold)
    for threshold in (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5):
        kept = [y for p, y in scored if p >= threshold]
        right = sum(kept)
        precision, recall = right / max(1, len(kept)), right / total
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        say(f"from {threshold:.2f}: {len(kept)} events, P {precision:.3f} R {recall:.3f} F1 {f1:.3f}")
    for low, count, share in reliability(scored):
        say(f"confidence {low:.1f}-{low + 0.1:.1f}: {count} events, {share:.2f} right")
    name = confidence.FILTERS[any(s.said is not None for s in samples)]
    text = json.dumps(model(samples, extra, rows), ensure_ascii=False, indent=0)
    write_model(name, text.encode(), folder)


def model(
    samples: Sequence[Sample], extra: Sequence[Sample], rows: Sequence[Sequence[Row]]
) -> dict[str, Any]:
    """All weights, fitted on everything, in the form that ``confidence.Model`` reads."""
    weights = train(samples, extra)
    event = fit([r for many in rows for r in many], STRENGTH["event"], 1)["True"]
    out: dict[str, Any] = {
        "mention_bias": weights.mention.pop("bias"),
        "mention": weights.mention,
        "pair_bias": weights.pair.pop("bias"),
        "pair": weights.pair,
        "event_bias": event.pop("bias"),
        "event": event,
    }
    return out | {
        "mention_threshold": MENTION_THRESHOLD,
        "pair_threshold": PAIR_THRESHOLD,
        "event_threshold": EVENT_THRESHOLD,
    }


if __name__ == "__main__":
    main()
