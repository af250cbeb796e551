"""Train, distil, export and calibrate the ``accurate`` engine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from tokenizers import Tokenizer

from flows.extract.engines.accurate import AccurateEngine, AccurateModel, Head
from flows.extract.engines.pieces import Pieces
from flows.extract.engines.store import write_model
from flows.extract.training.calibrate import fit_temperature
from flows.extract.training.clitics import fit_clitics
from flows.extract.training.corpora import Document
from flows.extract.training.e5 import read_e5, wheel_file
from flows.extract.training.encoder import (
    CLITICS,
    Encoder,
    from_e5,
    load_checkpoint,
    prune_vocabulary,
    pruned_tokenizer,
    save_checkpoint,
)
from flows.extract.training.export import build_graph, input_peaks
from flows.extract.training.labels import HEADS
from flows.extract.training.names import NOISE, Data, Plan, Run, Say, unlabelled, word_counts
from flows.extract.training.neural import (
    Example,
    Recipe,
    clitic_accuracy,
    document_logits,
    evaluate,
    examples,
    predict,
    train,
)

SHIPPED_HEADS = ["guide", "anercorp"]
HIDDEN_LAYER = 8  # whose states the events stage reads
SPECIAL = ("<s>", "</s>", "<pad>")


class _Marks:
    """Ids of the special pieces in a pruned vocabulary."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.bos, self.eos, self.pad = (int(tokenizer.token_to_id(p) or 0) for p in SPECIAL)


def train_accurate(data: Data, plan: Plan, work: Path, out: Path, say: Say) -> None:
    """All steps; finished checkpoints in ``work`` are used as they are."""
    base = work / f"{plan.base.name}.pt"
    if not base.exists():
        e5 = read_e5(wheel_file())
        keep = prune_vocabulary(e5, word_counts(data))
        say(f"vocabulary: {len(keep)} of {len(e5.pieces)} pieces")
        model = from_e5(e5, keep, plan.layers)
        _fit(model, pruned_tokenizer(e5, keep), data, plan, plan.base, work=work, say=say)
    main = work / f"{plan.main.name}.pt"
    if not main.exists():
        model, tokenizer = load_checkpoint(str(base))
        _fit(model, tokenizer, data, plan, plan.main, work=work, say=say)
    model, tokenizer = load_checkpoint(str(main))
    finish(model, tokenizer, data, plan, out=out, say=say)


def finish(model: Encoder, tokenizer: Tokenizer, data: Data, plan: Plan, *, out: Path, say: Say) -> None:
    """What follows the training of an encoder: its clitic head, export, calibration."""
    model.eval()
    say(f"accurate: {development_scores(model, tokenizer, data)}")
    marks = _Marks(tokenizer)
    fit_clitics(
        model,
        Pieces(tokenizer),
        data.gold,
        [data.anercorp, data.aqmar],
        marks=(marks.bos, marks.eos, marks.pad),
        windows=plan.clitic_windows,
        say=say,
    )
    ship(model, tokenizer, data, out, say)


def _fit(
    model: Encoder,
    tokenizer: Tokenizer,
    data: Data,
    plan: Plan,
    run: Run,
    *,
    work: Path,
    say: Say,
) -> None:
    """Train ``model`` by ``run``;

    report and save after every epoch (NAME.1.pt ...) and at the end (NAME.pt).
    """
    marks, pieces = _Marks(tokenizer), Pieces(tokenizer)

    def windows(documents: Sequence[Document], head: str, noisy: bool = False) -> list[Example]:
        change = (lambda w: w.translate(NOISE)) if noisy else None
        return examples(documents, head, pieces, bos=marks.bos, eos=marks.eos, change=change)

    sources = [
        (windows([data.anercorp], "anercorp", noisy), windows(data.gold, "guide", noisy))
        for noisy in (False, True)
    ]
    aqmar = windows([data.aqmar], "aqmar")
    rng = random.Random(run.seed)

    def epoch_data(epoch: int) -> list[Example]:
        chosen = aqmar * run.aqmar
        for source, times, noise in ((0, 1, plan.noise_newswire), (1, run.gold, plan.noise_gold)):
            plain, noisy = sources[0][source], sources[1][source]
            for _ in range(times):
                if len(plain) == len(noisy):
                    chosen += [b if rng.random() < noise else a for a, b in zip(plain, noisy, strict=True)]
                else:  # the folded spelling was cut into windows differently
                    chosen += noisy if rng.random() < noise else plain
        return chosen

    def report(epoch: int, trained: Encoder) -> None:
        say(f"{run.name} epoch {epoch + 1}: {development_scores(trained, tokenizer, data)}")
        save_checkpoint(trained, tokenizer, str(work / f"{run.name}.{epoch + 1}.pt"))

    recipe = Recipe(
        epochs=run.epochs,
        stop_after=run.stop_after,
        rate=run.rate,
        head_rate=run.head_rate,
        warm_up=run.warm_up,
        frozen_layers=run.frozen_layers,
        seed=run.seed,
    )
    train(model, epoch_data, recipe, pad=marks.pad, after_epoch=report, say=say)
    save_checkpoint(model, tokenizer, str(work / f"{run.name}.pt"))


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


# ------------------------------------------------------------------------------------- export, calibrate


def ship(model: Encoder, tokenizer: Tokenizer, data: Data, out: Path, say: Say) -> None:
    """Write accurate.onnx and accurate.json with temperatures fitted to the development sets."""
    marks, pieces = _Marks(tokenizer), Pieces(tokenizer)
    sample = examples(unlabelled(data, 40), "guide", pieces, bos=marks.bos, eos=marks.eos)[:100]
    peaks = input_peaks(model, lambda: predict(model, sample, ["guide"], marks.pad))
    graph = build_graph(model, SHIPPED_HEADS, peaks=peaks, hidden_layer=HIDDEN_LAYER)
    network = graph.SerializeToString()
    heads: dict[str, Head] = {}
    column = 0
    for name in SHIPPED_HEADS:
        heads[name] = Head(list(HEADS[name]), column, 1.0)
        column += len(HEADS[name])
    settings = AccurateModel(
        version=2,
        bos=marks.bos,
        eos=marks.eos,
        pad=marks.pad,
        heads=heads,
        clitic_column=column,
        clitic_columns=CLITICS,
        clitic_temperature=1.0,
        tokenizer=tokenizer.to_str(),
        hidden_layer=HIDDEN_LAYER,
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
