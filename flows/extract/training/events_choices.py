"""Train the networks of the choices about events (models/events_choices.npz) beside the linear chooser.

A network's linear part is held as small as the linear chooser's own; the hidden layer, which sees the same
features and the states of trigger and candidate, learns what that part cannot say.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from flows.extract.engines.store import write_model
from flows.extract.events import choice_model
from flows.extract.events.choice_model import CLASSES, MEET, NETWORK, SCALE, WIDTH, Net, Nets, Sight, in_bytes
from flows.extract.events.choices import Linear, Thresholds
from flows.extract.events.trigger_model import HIDDEN, Floats
from flows.extract.training.events_gold import Annotated
from flows.extract.training.events_roles import (
    RARE,
    STRENGTH,
    Row,
    Rows,
    check,
    confirmed,
    figures,
    joined,
    rows_of,
    trained,
    write,
)

Say = Callable[[str], None]
States = Mapping[str, tuple[Floats, Floats]]  # by article: states in two packings
THRESHOLDS = Thresholds(participant=0.25, settled=0.45, place=0.07, date=0.4)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The schedule of the shipped networks."""

    folds: int = 3
    epochs: int = 6
    rate: float = 2e-3
    linear_rate: float = 0.03
    decay: float = 0.02
    dropout: float = 0.4  # of the hidden layer
    state_dropout: float = 0.3
    feature_dropout: float = 0.1
    other_packing: float = 0.3  # share of the rows that are learned from the other packing of the sentences
    rows: int = 256  # a batch
    seed: int = 1


class Network(nn.Module):  # type: ignore[misc]
    """Features and the states of trigger and candidate -> logits of a choice's classes."""

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.linear = nn.EmbeddingBag(features, classes, mode="sum")
        self.bag = nn.EmbeddingBag(features, WIDTH, mode="sum")
        self.trigger = nn.Linear(HIDDEN, WIDTH)
        self.candidate = nn.Linear(HIDDEN, WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, classes)
        self.query = nn.Linear(HIDDEN, classes * MEET)
        self.key = nn.Linear(HIDDEN, MEET)
        nn.init.normal_(self.bag.weight, std=0.05)
        for weight in (self.linear.weight, self.out.weight, self.query.weight, self.query.bias):
            nn.init.zeros_(weight)

    def forward(self, x: Batch, recipe: Recipe) -> Tensor:
        on = self.training
        trigger = functional.dropout(x.trigger, recipe.state_dropout, on)
        candidate = functional.dropout(x.candidate, recipe.state_dropout, on)
        inner = self.bag(x.rows, x.starts) + self.trigger(trigger) + self.candidate(candidate)
        inner = functional.dropout(functional.gelu(inner, approximate="tanh"), recipe.dropout, on)
        query = self.query(trigger).view(-1, self.classes, MEET)
        key = functional.dropout(self.key(candidate), recipe.state_dropout / 2, on)
        met = (query * key[:, None]).sum(2) / SCALE
        logits: Tensor = self.linear(x.rows, x.starts) + self.out(inner) + met
        return logits


@dataclass(frozen=True, slots=True)
class Batch:
    rows: Tensor  # of the features that are on, one question after the other
    starts: Tensor  # of each question in ``rows``
    trigger: Tensor
    candidate: Tensor
    label: Tensor
    weight: Tensor


def _batch(
    rows: Sequence[Row],
    known: Mapping[str, int],
    classes: Sequence[str],
    states: States,
    recipe: Recipe,
    rng: random.Random,
) -> Batch:
    on: list[int] = []
    starts: list[int] = []
    for row in rows:
        starts.append(len(on))
        on += [
            known[n]
            for n in sorted(set(row.question.names))
            if n in known and (n == "bias" or rng.random() > recipe.feature_dropout)
        ]
    packing = [int(rng.random() < recipe.other_packing) for _ in rows]
    return Batch(
        torch.tensor(on),
        torch.tensor(starts),
        _rows(states, rows, packing, [r.question.trigger for r in rows]),
        _rows(states, rows, packing, [r.question.candidate for r in rows]),
        torch.tensor([classes.index(r.label) for r in rows]),
        torch.tensor([r.weight for r in rows]),
    )


def _rows(states: States, rows: Sequence[Row], packing: Sequence[int], tokens: Sequence[int]) -> Tensor:
    found = [states[r.article][p][t] for r, p, t in zip(rows, packing, tokens, strict=True)]
    return torch.from_numpy(np.stack(found).astype(np.float32))


def train_choice(choice: str, rows: Sequence[Row], states: States, recipe: Recipe) -> Net:
    """The network of one choice; the rate rises and falls once."""
    torch.manual_seed(recipe.seed)
    rng = random.Random(recipe.seed)
    seen = Counter(n for row in rows for n in set(row.question.names))
    known = {n: k for k, n in enumerate(sorted(n for n in seen if seen[n] >= RARE[choice]))}
    classes = CLASSES[choice]
    network = Network(len(known), len(classes))
    rest = [p for name, p in network.named_parameters() if name != "linear.weight"]
    groups = [
        {"params": [network.linear.weight], "lr": recipe.linear_rate, "weight_decay": 0.0},
        {"params": rest, "lr": recipe.rate, "weight_decay": recipe.decay},
    ]
    optimizer = torch.optim.AdamW(groups)
    batches = -(-len(rows) // recipe.rows)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [recipe.linear_rate, recipe.rate],
        total_steps=recipe.epochs * batches + 1,
        pct_start=0.2,
    )
    # what scikit-learn's C means for a mean over rows
    shrink = 1 / (2 * STRENGTH[choice] * sum(row.weight for row in rows))
    order = list(rows)
    for _ in range(recipe.epochs):
        rng.shuffle(order)
        for at in range(0, len(order), recipe.rows):
            batch = _batch(order[at : at + recipe.rows], known, classes, states, recipe, rng)
            losses = functional.cross_entropy(network(batch, recipe), batch.label, reduction="none")
            loss = (losses * batch.weight).sum() / batch.weight.sum()
            loss = loss + shrink * (network.linear.weight**2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return _exported(network, known)


def _exported(network: Network, known: Mapping[str, int]) -> Net:
    """The weights as they are used."""

    def array(x: Tensor) -> Floats:
        return np.asarray(x.detach().numpy(), np.float32)

    bag, scale = in_bytes(np.concatenate([array(network.linear.weight), array(network.bag.weight)], axis=1))
    return Net(
        known,
        bag,
        scale,
        array(network.trigger.weight).T,
        array(network.candidate.weight).T,
        array(network.trigger.bias),
        array(network.out.weight).T,
        array(network.out.bias),
        array(network.query.weight).T,
        array(network.query.bias),
        array(network.key.weight).T,
        array(network.key.bias),
    )


def train_nets(rows: Rows, states: States, recipe: Recipe) -> Nets:
    """The networks of all choices."""
    nets = {choice: train_choice(choice, rows[choice], states, recipe) for choice in CLASSES}
    return choice_model.decode(choice_model.encode(Nets(nets, THRESHOLDS)))  # as they are kept


def train_choices(
    items: Sequence[Annotated], states: States, out: Path, say: Say, recipe: Recipe = Recipe()
) -> None:
    """Write both choosers; cross-validated figures of both are said first."""
    known = [confirmed(item) for item in items]
    rows = [rows_of(item, found) for item, found in zip(items, known, strict=True)]
    order = sorted(range(len(items)), key=lambda k: str(items[k].gold["id"]))
    random.Random(recipe.seed).shuffle(order)
    linear: Counter[str] = Counter()
    sight: Counter[str] = Counter()
    for fold in range(recipe.folds):
        held = set(order[fold :: recipe.folds])
        rest = joined(rows[k] for k in order if k not in held)
        plain = Linear(trained(rest))
        nets = train_nets(rest, states, recipe)
        for k in sorted(held):
            check(items[k], known[k], plain, linear)
            seen = states[items[k].gold["id"]][0].astype(np.float32)
            check(items[k], known[k], Sight(nets, plain, seen), sight)
    say(f"linear chooser, {figures(linear)}")
    say(f"networks and linear chooser, {figures(sight)}")
    everything = joined(rows[k] for k in order)
    write(trained(everything), out)
    write_model(NETWORK, choice_model.encode(train_nets(everything, states, recipe)), out)
