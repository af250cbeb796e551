"""Train the transformer: windows, batches, the loop, evaluation.

Every window belongs to one convention and teaches that convention's head; gold windows teach the clitic head
too.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from flows.extract.conll import ConllReport, evaluate_labels
from flows.extract.engines.decode import best_paths, transitions
from flows.extract.engines.pieces import Pieces
from flows.extract.engines.windows import pack
from flows.extract.training.corpora import Document
from flows.extract.training.encoder import Encoder
from flows.extract.training.labels import HEADS

IGNORE = -100


@dataclass(frozen=True, slots=True)
class Example:
    """One window of one document, for one head."""

    ids: list[int]
    first: list[int]
    last: list[int]
    head: str
    labels: list[int]
    clitics: list[int]
    document: int = 0
    words: list[int] = field(default_factory=list)  # places in the document


@dataclass(frozen=True, slots=True)
class Recipe:
    epochs: int = 5
    stop_after: int | None = None  # epochs really trained; the rate is that of all
    rate: float = 1e-4
    head_rate: float = 5e-4
    decay: float = 0.01
    warm_up: float = 0.08
    clip: float = 1.0
    batch_tokens: int = 768
    dropout: float = 0.1
    frozen_layers: int = 0
    freeze_embeddings: bool = True
    clitic_weight: float = 0.3
    seed: int = 7


def examples(
    documents: Sequence[Document],
    head: str,
    pieces: Pieces,
    *,
    bos: int,
    eos: int,
    change: Callable[[str], str] | None = None,
) -> list[Example]:
    """Windows of labelled documents for one head.  ``change`` rewrites each word (spelling noise)."""
    index = {label: i for i, label in enumerate(HEADS[head])}
    result = []
    for d, document in enumerate(documents):
        words = [w for s in document.sentences for w in s.words]
        labels = [index.get(x, IGNORE) for s in document.sentences for x in s.labels]
        clitics = [c if c >= 0 else IGNORE for s in document.sentences for c in s.clitics]
        if change is not None:
            words = [change(w) for w in words]
        encoded = pieces.encode(words)
        for ids, places in pack(encoded, [len(s.words) for s in document.sentences], bos=bos, eos=eos):
            result.append(
                Example(
                    ids,
                    [w.first for w in places],
                    [w.last for w in places],
                    head,
                    [labels[w.place] for w in places],
                    [min(clitics[w.place], 2) for w in places],
                    document=d,
                    words=[w.place for w in places],
                )
            )
    return result


def batches(data: Sequence[Example], tokens: int, rng: random.Random) -> Iterator[list[Example]]:
    """Shuffled batches of about equally long windows, at most ``tokens`` pieces each, padding included."""
    order = sorted(range(len(data)), key=lambda i: len(data[i].ids) + rng.random() * 12)
    groups: list[list[Example]] = []
    current: list[Example] = []
    longest = 0
    for i in order:
        longest_now = max(longest, len(data[i].ids))
        if current and longest_now * (len(current) + 1) > tokens:
            groups.append(current)
            current, longest_now = [], len(data[i].ids)
        current.append(data[i])
        longest = longest_now
    if current:
        groups.append(current)
    rng.shuffle(groups)
    yield from groups


def _pad(rows: Sequence[Sequence[int]], fill: int) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*r, *([fill] * (longest - len(r)))] for r in rows])


class Network:
    """An encoder whose lowest layers stay as they are: what they make of a window is computed once.

    The memory costs 768 bytes a piece; half of the layers frozen makes training nearly twice as fast.
    """

    def __init__(self, model: Encoder, pad: int, frozen: int = 0, *, remember: bool = False) -> None:
        self.model = model
        self.pad = pad
        self.frozen = frozen
        self._states: dict[int, torch.Tensor] | None = {} if remember and frozen else None

    def __call__(self, batch: Sequence[Example], drop: float = 0.0) -> dict[str, torch.Tensor]:
        """Logits of every head, (batch, words, labels) in float32."""
        lengths = torch.tensor([len(x.ids) for x in batch])
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16_pays()):
            with torch.no_grad() if self.frozen else nullcontext():
                x = self._lower(batch, lengths)
            x = self.model.upper(x, lengths, self.frozen, drop)
            out = self.model.heads(
                x, _pad([x.first for x in batch], 0), _pad([x.last for x in batch], 0), drop
            )
        return {k: v.float() for k, v in out.items()}

    def word_states(self, example: Example) -> torch.Tensor:
        """What the heads see of one window's words, (words, 2 * hidden) in float32."""
        lengths = torch.tensor([len(example.ids)])
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16_pays()):
            x = self.model.upper(self._lower([example], lengths), lengths, self.frozen, 0.0)
            first, last = torch.tensor([example.first]), torch.tensor([example.last])
            return self.model.words(x, first, last, 0.0)[0].float()

    def _lower(self, batch: Sequence[Example], lengths: torch.Tensor) -> torch.Tensor:
        states = self._states
        if states is None:
            return self.model.lower(_pad([x.ids for x in batch], self.pad), lengths, self.frozen)
        if any(id(x) not in states for x in batch):
            fresh = self.model.lower(_pad([x.ids for x in batch], self.pad), lengths, self.frozen)
            for row, x in zip(fresh, batch, strict=True):
                states[id(x)] = row[: len(x.ids)].to(torch.bfloat16).clone()
        return torch.nn.utils.rnn.pad_sequence([states[id(x)].float() for x in batch], batch_first=True)


def bf16_pays() -> bool:
    """Whether this processor multiplies bfloat16 in hardware (then training is about twice as fast)."""
    return bool(torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def loss_of(out: dict[str, torch.Tensor], batch: Sequence[Example], recipe: Recipe) -> torch.Tensor:
    """Cross-entropy of every window's own head and of the clitic head, summed over words, a word's mean."""
    total = torch.zeros(())
    count = 0
    for head in HEADS:
        rows = [i for i, x in enumerate(batch) if x.head == head]
        if rows:
            target = _pad([batch[i].labels for i in rows], IGNORE)
            logits = out[head][rows, : target.shape[1]]
            total = total + functional.cross_entropy(
                logits.flatten(0, 1), target.flatten(), ignore_index=IGNORE, reduction="sum"
            )
            count += int((target != IGNORE).sum())
    clitics = _pad([x.clitics for x in batch], IGNORE)
    if bool((clitics != IGNORE).any()):
        total = total + recipe.clitic_weight * functional.cross_entropy(
            out["clitic"][:, : clitics.shape[1]].flatten(0, 1),
            clitics.flatten(),
            ignore_index=IGNORE,
            reduction="sum",
        )
    return total / max(count, 1)


def train(
    model: Encoder,
    data: Callable[[int], list[Example]],
    recipe: Recipe,
    *,
    pad: int,
    after_epoch: Callable[[int, Encoder], None] = lambda epoch, model: None,
    say: Callable[[str], None] = print,
) -> None:
    """Fine-tune in place.  ``data(epoch)`` gives an epoch's windows; the rate falls linearly to zero."""
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    if recipe.freeze_embeddings:
        model.word.weight.requires_grad_(False)
        model.position.weight.requires_grad_(False)
        if recipe.frozen_layers:
            model.norm.requires_grad_(False)
    for layer in list(model.layers)[: recipe.frozen_layers]:
        layer.requires_grad_(False)
    remember = recipe.frozen_layers if recipe.freeze_embeddings else 0
    network = Network(model, pad, remember, remember=True)
    heads = [p for n, p in model.named_parameters() if n.startswith(("outputs.", "clitic."))]
    body = [
        p
        for n, p in model.named_parameters()
        if p.requires_grad and not n.startswith(("outputs.", "clitic."))
    ]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": recipe.rate}, {"params": heads, "lr": recipe.head_rate}],
        weight_decay=recipe.decay,
        fused=True,
    )
    plans = [list(batches(data(e), recipe.batch_tokens, rng)) for e in range(recipe.epochs)]
    steps = sum(map(len, plans))
    warm = max(1, int(steps * recipe.warm_up))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / max(1, steps - warm)))
    )
    begun = time.monotonic()
    done = 0
    for epoch, plan in enumerate(plans[: recipe.stop_after]):
        model.train()
        total = 0.0
        for batch in plan:
            loss = loss_of(network(batch, recipe.dropout), batch, recipe)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(body + heads, recipe.clip)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            total += float(loss.detach())
            done += 1
            if done % 100 == 0:
                say(
                    f"step {done}/{steps} loss {total / (done - sum(map(len, plans[:epoch]))):.4f} "
                    f"{time.monotonic() - begun:.0f} s"
                )
        model.eval()
        after_epoch(epoch, model)


# ------------------------------------------------------------------------------------------ evaluation


def predict(
    model: Encoder, data: Sequence[Example], heads: Sequence[str], pad: int, tokens: int = 2048
) -> list[dict[str, NDArray[np.float32]]]:
    """Logits a window, in the order of ``data``: (words, labels) for each head asked for."""
    result: list[dict[str, NDArray[np.float32]]] = [{} for _ in data]
    order = sorted(range(len(data)), key=lambda i: len(data[i].ids))
    at = 0
    model.eval()
    network = Network(model, pad)
    with torch.inference_mode():
        while at < len(order):
            n = 1
            while at + n < len(order) and len(data[order[at + n]].ids) * (n + 1) <= tokens:
                n += 1
            rows = order[at : at + n]
            out = network([data[i] for i in rows])
            for k, i in enumerate(rows):
                size = len(data[i].first)
                result[i] = {h: out[h][k, :size].numpy() for h in heads}
            at += n
    return result


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)), np.float32)


def document_logits(
    documents: Sequence[Document],
    data: Sequence[Example],
    logits: Sequence[dict[str, NDArray[np.float32]]],
    head: str,
) -> list[NDArray[np.float32]]:
    """Window logits put back into documents: (words, labels) each."""
    width = logits[0][head].shape[1]
    result = [np.zeros((sum(len(s.words) for s in d.sentences), width), np.float32) for d in documents]
    for example, scores in zip(data, logits, strict=True):
        result[example.document][example.words] = scores[head]
    return result


def evaluate(documents: Sequence[Document], scores: Sequence[NDArray[np.float32]], head: str) -> ConllReport:
    """Exact entity scores of constrained decoding; masked words count as O on both sides."""
    names = HEADS[head]
    step, start = transitions(names)
    pairs = []
    for document, matrix in zip(documents, scores, strict=True):
        path = best_paths(log_softmax(matrix), [len(s.words) for s in document.sentences], step, start)
        at = 0
        for s in document.sentences:
            got = [names[k] for k in path[at : at + len(s.words)]]
            pairs.append(
                (
                    [x or "O" for x in s.labels],
                    ["O" if not x else g for x, g in zip(s.labels, got, strict=True)],
                )
            )
            at += len(s.words)
    return evaluate_labels(pairs)


def clitic_accuracy(
    documents: Sequence[Document], scores: Sequence[NDArray[np.float32]]
) -> tuple[int, int, int]:
    """(right, of, those with a clitic right) over the words that begin a gold mention."""
    right = total = positive = 0
    for document, matrix in zip(documents, scores, strict=True):
        gold = [c for s in document.sentences for c in s.clitics]
        for want, row in zip(gold, matrix, strict=True):
            if want >= 0:
                total += 1
                ok = int(row.argmax()) == min(want, 2)
                right += ok
                positive += ok and want > 0
    return right, total, positive
