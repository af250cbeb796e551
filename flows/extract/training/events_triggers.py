"""Train the network that reads triggers off the names encoder's states (models/events_triggers.onnx).

One layer of the encoder's own kind, begun from its ninth, and two linear heads: which type of event a word
evokes, and with which status.  The encoder below stays as it is, so its states are computed once.

The linear filter learns beside this network, from scores that the network gave to articles it had not seen:
``cross_fit`` trains it on all folds but one for each fold.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from flows.clean.normalize import clean, fold
from flows.extract.engines.store import write_model
from flows.extract.events import View, view_of
from flows.extract.events.candidates import candidates
from flows.extract.events.trigger_model import (
    HIDDEN,
    MARKS,
    NETWORK,
    STATUSES,
    TYPES,
    Scores,
    from_logits,
    marks,
)
from flows.extract.training.encoder import Layer, Shape, shared_dropout
from flows.extract.training.events_gold import STOP_WORDS, Annotated, related
from flows.extract.training.export import LEVELS, PLAN, Graph, layer_nodes
from flows.records import TokenKind

Say = Callable[[str], None]
Floats = NDArray[np.float32]
IGNORE = -100
HEADS = 12  # of attention


@dataclass(frozen=True, slots=True)
class Recipe:
    """The schedule of the shipped network."""

    folds: int = 3
    epochs: int = 5
    rate: float = 2e-4
    head_rate: float = 1e-3
    decay: float = 0.05
    warm_up: float = 0.1
    dropout: float = 0.15
    mark_dropout: float = 0.1
    other_packing: float = 0.4  # how often an article is shown with its sentences read one by one
    status_weight: float = 0.3
    articles: int = 4  # a batch
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Lesson:
    """One annotated article: states of its words (two packings), marks and labels, all by token."""

    id: str
    states: tuple[Floats, Floats]
    marks: Floats
    types: NDArray[np.int64]  # 0 no event, 1 + k for TYPES[k], IGNORE
    status: NDArray[np.int64]  # IGNORE but on triggers


# ------------------------------------------------------------------------------------------- labels


def lesson(item: Annotated, states: tuple[Floats, Floats]) -> Lesson:
    """Labels for every word of an annotated article."""
    view = view_of(item.article, item.entities, item.offices, item.dates)
    types, status = labels(item, view)
    return Lesson(item.gold["id"], states, marks(view, candidates(view)), types, status)


def labels(item: Annotated, view: View) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Type and status of the event that each word evokes.

    Words that stand as a trigger in the annotation evoke its event; those that are only related to one are
    left open.  Punctuation is left open too.
    """
    n = len(view.words)
    forms = [_forms(w) for w in view.words]
    found: list[dict[int, int]] = [{} for _ in range(n)]
    loose: set[int] = set()
    for k, event in enumerate(item.gold["events"]):
        hits = {t for trigger in event["triggers"] for t in _places(trigger, forms)}
        near = {
            t
            for t, token in enumerate(item.article.tokens)
            if token.kind is TokenKind.WORD
            and any(related(item.surface(token[:2]), trigger) for trigger in event["triggers"])
        }
        for t in hits or near:
            found[t][k] = found[t].get(k, 0) + 1
        loose |= near - hits
    types = np.zeros(n, np.int64)
    status = np.full(n, IGNORE, np.int64)
    names = [t.value for t in TYPES]
    states = [s.value for s in STATUSES]
    for t, token in enumerate(item.article.tokens):
        if found[t]:
            event = item.gold["events"][max(found[t], key=lambda k: found[t][k])]
            types[t] = 1 + names.index(event["type"])
            status[t] = states.index(event["status"])
        elif t in loose or token.kind is not TokenKind.WORD:
            types[t] = IGNORE
    return types, status


def _forms(word: str) -> set[str]:
    """A folded word with and without the particles before it."""
    out = {word}
    if len(word) > 3 and word[0] in "وف":
        out.add(word[1:])
    for form in tuple(out):
        if len(form) > 3 and form[0] in "بلكس":
            out.add(form[1:])
            if form.startswith("لل"):
                out.add("ال" + form[2:])
    return out


def _places(trigger: str, forms: Sequence[set[str]]) -> list[int]:
    """Tokens of every occurrence of a trigger; of several words only those with content."""
    wanted = fold(clean(trigger).text).split()
    out: list[int] = []
    for t in range(len(forms) - len(wanted) + 1 if wanted else 0):
        if all(w in forms[t + j] for j, w in enumerate(wanted)):
            out += [
                t + j
                for j, w in enumerate(wanted)
                if len(wanted) == 1 or (w not in STOP_WORDS and len(w) > 2)
            ]
    return out


# ------------------------------------------------------------------------------------------- network


class Top(nn.Module):  # type: ignore[misc]
    """States and marks (batch, words, ...) -> logits of types (with "none" first) and statuses."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.marks = nn.Linear(MARKS, HIDDEN, bias=False)
        self.layers = nn.ModuleList(layers)
        self.types = nn.Linear(2 * HIDDEN + MARKS, 1 + len(TYPES))
        self.status = nn.Linear(2 * HIDDEN, len(STATUSES))
        nn.init.normal_(self.marks.weight, std=0.02)
        for head in (self.types, self.status):
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, states: Tensor, known: Tensor, mask: Tensor, drop: float) -> tuple[Tensor, Tensor]:
        x = shared_dropout(states + self.marks(known), drop)
        for layer in self.layers:
            x = layer(x, mask, drop)
        words = shared_dropout(torch.cat([x, states], dim=2), drop)
        return self.types(torch.cat([words, known], dim=2)), self.status(words)


def fresh(layer: Layer) -> Top:
    """A network whose layer begins as ``layer``, which is left as it is."""
    return Top([copy.deepcopy(layer)])


def shipped_layer(network: bytes, index: int, heads: int = HEADS) -> Layer:
    """Layer ``index`` (from 0) of an encoder that ``export.build_graph`` has written, in floats again.

    Raises KeyError where the graph has no such layer.
    """
    graph = onnx.load_from_string(network).graph
    prefix = f"l{index}."
    values = {
        c.name.removeprefix(prefix): numpy_helper.to_array(c)
        for c in graph.initializer
        if c.name.startswith(prefix)
    }
    layer = Layer(Shape(0, HIDDEN, heads, len(values["up.b"]), (index,)))
    state: dict[str, Tensor] = {}
    for name in ("qkv", "out", "up", "down"):
        weight = values[name + ".q"].astype(np.float32)
        if weight.ndim == 3:  # (out, blocks, size) around 128
            scale = values[name + ".s"].reshape(weight.shape[:2])
            weight = ((weight - 128) * scale[:, :, None]).reshape(len(weight), -1)
        else:  # (in, out)
            weight = (weight * values[name + ".s"]).T
        if name + ".e" in values:
            weight = weight * values[name + ".e"]  # the graph multiplies the input instead
        state[name + ".weight"] = torch.from_numpy(np.ascontiguousarray(weight))
        state[name + ".bias"] = torch.from_numpy(values[name + ".b"].copy())
    for name in ("norm1", "norm2"):
        state[name + ".weight"] = torch.from_numpy(values[name + ".w"].copy())
        state[name + ".bias"] = torch.from_numpy(values[name + ".b"].copy())
    layer.load_state_dict(state)
    return layer


Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def _batch(lessons: Sequence[Lesson], recipe: Recipe, rng: np.random.Generator | None) -> Batch:
    """States, marks, attention mask, types and statuses; ``rng`` None: as in use, without noise."""
    n, longest = len(lessons), max(len(x.types) for x in lessons)
    states = np.zeros((n, longest, HIDDEN), np.float32)
    known = np.zeros((n, longest, MARKS), np.float32)
    mask = torch.full((n, 1, 1, longest), -1e4)
    types = torch.full((n, longest), IGNORE)
    status = torch.full((n, longest), IGNORE)
    for i, x in enumerate(lessons):
        size = len(x.types)
        states[i, :size] = x.states[int(rng is not None and rng.random() < recipe.other_packing)]
        known[i, :size] = x.marks
        if rng is not None:
            known[i, :size] *= rng.random((size, 1)) >= recipe.mark_dropout
        mask[i, :, :, :size] = 0
        types[i, :size] = torch.from_numpy(x.types)
        status[i, :size] = torch.from_numpy(x.status)
    return torch.from_numpy(states), torch.from_numpy(known), mask, types, status


def train(top: Top, lessons: Sequence[Lesson], recipe: Recipe, say: Say) -> None:
    """Fit in place; the rates fall linearly to zero."""
    rng = np.random.default_rng(recipe.seed)
    body = list(top.layers.parameters())
    inside = {id(p) for p in body}
    heads = [p for p in top.parameters() if id(p) not in inside]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": recipe.rate}, {"params": heads, "lr": recipe.head_rate}],
        weight_decay=recipe.decay,
    )
    steps = recipe.epochs * math.ceil(len(lessons) / recipe.articles)
    warm = max(1, int(steps * recipe.warm_up))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / warm, max(0.0, (steps - s) / max(1, steps - warm)))
    )
    order = list(range(len(lessons)))
    for epoch in range(recipe.epochs):
        top.train()
        rng.shuffle(order)
        total = 0.0
        for at in range(0, len(order), recipe.articles):
            batch = [lessons[i] for i in order[at : at + recipe.articles]]
            states, known, mask, types, status = _batch(batch, recipe, rng)
            with torch.autocast("cpu", torch.bfloat16):
                kinds, statuses = top(states, known, mask, recipe.dropout)
            loss = _loss(kinds.float(), types) + recipe.status_weight * _loss(statuses.float(), status)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(top.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            total += float(loss.detach())
        say(f"triggers: epoch {epoch + 1}/{recipe.epochs} loss {total * recipe.articles / len(order):.3f}")
    top.eval()


def _loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy summed over words, a trigger's mean."""
    wanted = target > 0 if logits.shape[-1] == 1 + len(TYPES) else target >= 0
    total = functional.cross_entropy(
        logits.flatten(0, 1), target.flatten(), ignore_index=IGNORE, reduction="sum"
    )
    return total / wanted.sum().clamp(min=1)


def predict(top: Top, lessons: Sequence[Lesson], recipe: Recipe) -> dict[str, Scores]:
    """Scores by article."""
    out: dict[str, Scores] = {}
    top.eval()
    with torch.inference_mode():
        for x in lessons:
            states, known, mask, _, _ = _batch([x], recipe, None)
            kinds, statuses = top(states, known, mask, 0.0)
            out[x.id] = from_logits(kinds[0].float().numpy(), statuses[0].float().numpy())
    return out


def cross_fit(lessons: Sequence[Lesson], layer: Layer, recipe: Recipe, say: Say) -> dict[str, Scores]:
    """Scores of each article by a network that was trained on the other folds."""
    order = sorted(range(len(lessons)), key=lambda i: lessons[i].id)
    random.Random(recipe.seed).shuffle(order)
    out: dict[str, Scores] = {}
    for k in range(recipe.folds):
        held = set(order[k :: recipe.folds])
        torch.manual_seed(recipe.seed)
        top = fresh(layer)
        say(f"triggers: fold {k + 1}/{recipe.folds}")
        train(top, [lessons[i] for i in order if i not in held], recipe, say)
        out |= predict(top, [lessons[i] for i in sorted(held)], recipe)
    return out


# -------------------------------------------------------------------------------------------- export


def write_network(top: Top, folder: Path, plan: Mapping[str, str] = PLAN) -> None:
    """Write the network in 8 bits with its hash.  Inputs ``states`` (1, words, HIDDEN), ``marks``."""
    g = Graph(plan, LEVELS, {})

    def array(parameter: Tensor) -> Floats:
        return np.asarray(parameter.detach().float().numpy(), np.float32)

    known = g.add("MatMul", ["marks", g.constant("marks.w", array(top.marks.weight).T)], "known")
    x = g.add("Add", ["states", known], "read")
    for i, layer in enumerate(top.layers):
        assert isinstance(layer, Layer)
        x = layer_nodes(g, x, layer, f"t{i}.")
    words = g.add("Concat", [x, "states"], "words", axis=2)
    full = g.add("Concat", [words, "marks"], "full", axis=2)
    for name, source, head in (("types", full, top.types), ("status", words, top.status)):
        y = g.add("MatMul", [source, g.constant(name + ".w", array(head.weight).T)], name + ".m")
        g.add("Add", [y, g.constant(name + ".b", array(head.bias))], name)
    number = TensorProto.FLOAT
    graph = helper.make_graph(
        g.nodes,
        "triggers",
        [
            helper.make_tensor_value_info("states", number, [1, "tokens", HIDDEN]),
            helper.make_tensor_value_info("marks", number, [1, "tokens", MARKS]),
        ],
        [
            helper.make_tensor_value_info("types", number, [1, "tokens", 1 + len(TYPES)]),
            helper.make_tensor_value_info("status", number, [1, "tokens", len(STATUSES)]),
        ],
        g.constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    )
    model.ir_version = 9
    onnx.checker.check_model(model)
    write_model(NETWORK, model.SerializeToString(), folder)
