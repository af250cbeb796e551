"""Train, distil, export and calibrate the ``accurate`` engine."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from flows.extract.engines.accurate import AccurateEngine, AccurateModel, Head
from flows.extract.engines.pieces import Pieces
from flows.extract.engines.store import write_model
from flows.extract.training.corpora import Document
from flows.extract.training.e5 import read_e5, wheel_file
from flows.extract.training.encoder import (
    CLITICS,
    HEADS,
    Encoder,
    from_e5,
    load_checkpoint,
    prune_vocabulary,
    pruned_tokenizer,
    save_checkpoint,
)
from flows.extract.training.export import build_graph
from flows.extract.training.names import NOISE, Data, Plan, Say, TeacherPlan, unlabelled, word_counts
from flows.extract.training.neural import (
    Example,
    Recipe,
    clitic_accuracy,
    document_logits,
    evaluate,
    examples,
    log_softmax,
    predict,
    train,
)

SHIPPED_HEADS = ["guide", "anercorp"]
SILVER_HEADS = ("guide", "anercorp", "clitic")
SPECIAL = ("<s>", "</s>", "<pad>")


class _Marks:
    """Ids of the special pieces in a pruned vocabulary."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.bos, self.eos, self.pad = (int(tokenizer.token_to_id(p) or 0) for p in SPECIAL)


def train_accurate(data: Data, plan: Plan, work: Path, out: Path, say: Say) -> None:
    """All steps; finished checkpoints in ``work`` are used as they are."""
    torch.set_num_threads(min(torch.get_num_threads(), 8))
    teachers = [_teacher(data, plan, teacher, work, say) for teacher in plan.teachers]
    path = work / f"{plan.student.name}.pt"
    if path.exists():
        student, tokenizer = load_checkpoint(str(path))
    else:
        _, tokenizer = load_checkpoint(str(work / f"{plan.teachers[0].name}.pt"))
        silver = silver_windows(data, plan, teachers, tokenizer, say)
        student = teachers[0]
        _fit(student, tokenizer, data, plan, plan.student, work=work, say=say, silver=silver)
    ship(student, tokenizer, data, out, say)


def _teacher(data: Data, plan: Plan, teacher: TeacherPlan, work: Path, say: Say) -> Encoder:
    path = work / f"{teacher.name}.pt"
    if path.exists():
        say(f"{teacher.name}: taken from {path.name}")
        return load_checkpoint(str(path))[0]
    e5 = read_e5(wheel_file())
    kept = work / "vocabulary.json"
    if not kept.exists():
        kept.write_text(json.dumps(prune_vocabulary(e5, word_counts(data))), encoding="utf-8")
    keep = json.loads(kept.read_text(encoding="utf-8"))
    tokenizer = pruned_tokenizer(e5, keep)
    model = from_e5(e5, keep, plan.layers)
    _fit(model, tokenizer, data, plan, teacher, work=work, say=say)
    return model


def _fit(
    model: Encoder,
    tokenizer: Tokenizer,
    data: Data,
    plan: Plan,
    mixture: TeacherPlan,
    *,
    work: Path,
    say: Say,
    silver: Sequence[Example] = (),
) -> None:
    """Train ``model`` on a mixture, report after every epoch, save at the end."""
    marks, pieces = _Marks(tokenizer), Pieces(tokenizer)

    def windows(documents: Sequence[Document], head: str, noisy: bool = False) -> list[Example]:
        change = (lambda w: w.translate(NOISE)) if noisy else None
        return examples(documents, head, pieces, bos=marks.bos, eos=marks.eos, change=change)

    plain = {"anercorp": windows([data.anercorp], "anercorp"), "guide": windows(data.gold, "guide")}
    noisy = {
        "anercorp": windows([data.anercorp], "anercorp", True),
        "guide": windows(data.gold, "guide", True),
    }
    aqmar = windows([data.aqmar], "aqmar")
    rng = random.Random(mixture.seed)

    def epoch_data(epoch: int) -> list[Example]:
        chosen = [*aqmar * mixture.aqmar, *silver]
        for head, times in (("anercorp", 1), ("guide", mixture.gold)):
            for _ in range(times):
                if len(plain[head]) == len(noisy[head]):
                    pairs = zip(plain[head], noisy[head], strict=True)
                    chosen += [b if rng.random() < plan.spelling_noise else a for a, b in pairs]
                else:  # the folded spelling was cut into windows differently
                    chosen += noisy[head] if rng.random() < plan.spelling_noise else plain[head]
        return chosen

    def report(epoch: int, trained: Encoder) -> None:
        say(f"{mixture.name} epoch {epoch + 1}: {development_scores(trained, tokenizer, data)}")

    recipe = Recipe(
        epochs=mixture.epochs, rate=mixture.rate, frozen_layers=mixture.frozen_layers, seed=mixture.seed
    )
    train(model, epoch_data, recipe, pad=marks.pad, after_epoch=report, say=say)
    save_checkpoint(model, tokenizer, str(work / f"{mixture.name}.pt"))


def development_scores(model: Encoder, tokenizer: Tokenizer, data: Data) -> str:
    """F1 on both development sets in one line."""
    marks, pieces = _Marks(tokenizer), Pieces(tokenizer)
    parts = []
    for name, documents, head in (
        ("ANERcorp", [data.anercorp_dev], "anercorp"),
        ("gold", data.gold_dev, "guide"),
    ):
        windows = examples(documents, head, pieces, bos=marks.bos, eos=marks.eos)
        logits = predict(model, windows, [head, "clitic"], marks.pad)
        report = evaluate(documents, document_logits(documents, windows, logits, head), head)
        classes = " ".join(f"{k} {v.f1:.1f}" for k, v in report.classes.items())
        parts.append(f"{name} {report.overall.f1:.2f} ({classes})")
        if head == "guide":
            right, of, _ = clitic_accuracy(documents, document_logits(documents, windows, logits, "clitic"))
            parts.append(f"clitics {right}/{of}")
    return "; ".join(parts)


# ---------------------------------------------------------------------------------------------- silver


def _probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.exp(log_softmax(logits))


def silver_windows(
    data: Data, plan: Plan, teachers: Sequence[Encoder], tokenizer: Tokenizer, say: Say
) -> list[Example]:
    """Windows of unlabelled news with the teachers' averaged distributions."""
    marks, pieces = _Marks(tokenizer), Pieces(tokenizer)
    documents = unlabelled(data, plan.silver_articles)
    windows = examples(documents, "guide", pieces, bos=marks.bos, eos=marks.eos)
    say(f"silver: {len(windows)} windows, {sum(len(w.ids) for w in windows)} pieces")
    sums: list[dict[str, NDArray[np.float32]]] = []
    for teacher in teachers:
        logits = predict(teacher, windows, SILVER_HEADS, marks.pad, tokens=4096)
        opinions = [{h: _probabilities(x[h]) for h in SILVER_HEADS} for x in logits]
        if sums:
            sums = [{h: a[h] + b[h] for h in SILVER_HEADS} for a, b in zip(sums, opinions, strict=True)]
        else:
            sums = opinions
        say("silver: labelled by one teacher")
    n = np.float32(len(teachers))
    result = []
    for window, total in zip(windows, sums, strict=True):
        soft = {h: (total[h] / n).astype(np.float16) for h in SILVER_HEADS}
        # only words that may begin a name teach the clitic head
        begins = soft["guide"][:, [i for i, x in enumerate(HEADS["guide"]) if x[0] == "B"]].sum(axis=1)
        soft["clitic"] = soft["clitic"] * begins[:, None]
        result.append(replace(window, soft=soft))
    return result


# ------------------------------------------------------------------------------------- export, calibrate


def ship(model: Encoder, tokenizer: Tokenizer, data: Data, out: Path, say: Say) -> None:
    """Write accurate.onnx and accurate.json with temperatures fitted to the development sets."""
    network = build_graph(model, SHIPPED_HEADS).SerializeToString()
    marks = _Marks(tokenizer)
    heads: dict[str, Head] = {}
    column = 0
    for name in SHIPPED_HEADS:
        heads[name] = Head(list(HEADS[name]), column, 1.0)
        column += len(HEADS[name])
    settings = AccurateModel(
        version=1,
        bos=marks.bos,
        eos=marks.eos,
        pad=marks.pad,
        heads=heads,
        clitic_column=column,
        clitic_columns=CLITICS,
        clitic_temperature=1.0,
        tokenizer=tokenizer.to_str(),
    )
    temperatures: dict[str, float] = {}
    for name, documents in (("guide", data.gold_dev), ("anercorp", [data.anercorp_dev])):
        engine = AccurateEngine(settings, network, scheme=name, threads=2)
        head = heads[name]
        logits, targets, clitic_logits, clitic_targets = [], [], [], []
        for document in documents:
            words = [w for s in document.sentences for w in s.words]
            scores = engine.logits(words, [len(s.words) for s in document.sentences])
            labels = [x for s in document.sentences for x in s.labels]
            clitics = [c for s in document.sentences for c in s.clitics]
            known = [i for i, x in enumerate(labels) if x]
            logits.append(scores[known, head.column : head.column + len(head.labels)])
            targets += [head.labels.index(labels[i]) for i in known]
            known = [i for i, c in enumerate(clitics) if c >= 0]
            clitic_logits.append(scores[known, column : column + CLITICS])
            clitic_targets += [min(clitics[i], CLITICS - 1) for i in known]
        temperatures[name] = fit_temperature(np.concatenate(logits), np.array(targets))
        if name == "guide":
            temperatures["clitic"] = fit_temperature(np.concatenate(clitic_logits), np.array(clitic_targets))
    say(f"temperatures: {temperatures}")
    settings = msgspec.structs.replace(
        settings,
        heads={n: msgspec.structs.replace(h, temperature=temperatures[n]) for n, h in heads.items()},
        clitic_temperature=temperatures["clitic"],
    )
    write_model("accurate.onnx", network, out)
    write_model("accurate.json", msgspec.json.encode(settings), out)


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """The divisor of the logits under which the targets are likeliest, by search between 0.5 and 4."""
    best, best_loss = 1.0, np.inf
    for temperature in np.geomspace(0.5, 4.0, 85):
        logp = log_softmax(logits / np.float32(temperature))
        loss = -float(logp[np.arange(len(targets)), targets].mean())
        if loss < best_loss:
            best, best_loss = float(temperature), loss
    return round(best, 3)
