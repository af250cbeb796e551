"""Train the network that reads triggers off the names encoder's states (models/events_triggers.npz).

A hidden layer over the states of a word and its two neighbours and what lists say of the word, beside a
linear path: which type of event the word evokes, and with which status.  The encoder stays as it is, so its
states are computed once.  (A further layer of attention, begun from the encoder's ninth, needs ten times the
time and did worse on as many articles as there are.)

The linear filter learns beside this network, from scores that the network gave to articles it had not seen:
``cross_fit`` trains it on all folds but one for each fold.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from flows.extract.engines.store import write_model
from flows.extract.events import view_of
from flows.extract.events.candidates import candidates
from flows.extract.events.trigger_model import (
    HIDDEN,
    MARKS,
    NETWORK,
    STATUSES,
    TYPES,
    Scores,
    beside,
    from_logits,
    marks,
)
from flows.extract.training.events_gold import Annotated
from flows.extract.training.events_words import labels

Say = Callable[[str], None]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The schedule of the shipped network."""

    folds: int = 3
    epochs: int = 8
    width: int = 256
    rate: float = 3e-3
    decay: float = 0.05
    dropout: float = 0.4  # of the hidden layer
    state_dropout: float = 0.2
    other_packing: float = 0.3  # share of the articles that are learned with sentences read one by one
    status_weight: float = 0.3
    words: int = 256  # a batch
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


# ------------------------------------------------------------------------------------------- network


class Network(nn.Module):  # type: ignore[misc]
    """States of a word and its neighbours (words, 3 * HIDDEN) and marks -> logits of types and statuses."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(3 * HIDDEN + MARKS, width)
        self.types = nn.Linear(width, 1 + len(TYPES))
        self.direct = nn.Linear(HIDDEN + MARKS, 1 + len(TYPES))
        self.status = nn.Linear(width, len(STATUSES))

    def forward(self, x: Tensor, known: Tensor, recipe: Recipe | None = None) -> tuple[Tensor, Tensor]:
        """``recipe`` None: as in use, without dropout."""
        drop = recipe.state_dropout if recipe else 0.0
        if drop:
            x = x * (torch.rand(x.shape) > drop).to(x.dtype) / (1 - drop)
        inner = functional.gelu(self.inner(torch.cat([x, known], 1)))
        inner = functional.dropout(inner, recipe.dropout if recipe else 0.0, recipe is not None)
        direct = self.direct(torch.cat([x[:, HIDDEN : 2 * HIDDEN], known], 1))
        return self.types(inner) + direct, self.status(inner)


class Words(NamedTuple):
    """Words of many articles."""

    states: Tensor  # (words, 3 * HIDDEN)
    marks: Tensor
    types: Tensor
    status: Tensor


def words_of(lessons: Sequence[Lesson], other_packing: float = 0.0, seed: int = 0) -> Words:
    rng = random.Random(seed)
    states, known, types, status = [], [], [], []
    for x in lessons:
        packing = int(rng.random() < other_packing)
        states.append(torch.from_numpy(beside(np.asarray(x.states[packing], np.float32))))
        known.append(torch.from_numpy(x.marks))
        types.append(torch.from_numpy(x.types))
        status.append(torch.from_numpy(x.status))
    return Words(torch.cat(states).bfloat16(), torch.cat(known), torch.cat(types), torch.cat(status))


def train(lessons: Sequence[Lesson], recipe: Recipe, say: Say) -> Network:
    """A network fitted to the articles; the rate rises and falls once."""
    torch.manual_seed(recipe.seed)
    words = words_of(lessons, recipe.other_packing, recipe.seed)
    network = Network(recipe.width)
    optimizer = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.decay)
    labelled = (words.types >= 0).nonzero()[:, 0]
    batches = -(-len(labelled) // recipe.words)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, total_steps=recipe.epochs * batches + 1
    )
    for epoch in range(recipe.epochs):
        network.train()
        total = 0.0
        for rows in labelled[torch.randperm(len(labelled))].split(recipe.words):
            types, status = words.types[rows], words.status[rows]
            with torch.autocast("cpu", torch.bfloat16):
                kinds, statuses = network(words.states[rows], words.marks[rows], recipe)
            loss = functional.cross_entropy(kinds.float(), types, reduction="sum")
            loss = loss / (types > 0).sum().clamp(min=1)
            known = status >= 0
            if known.any():
                loss = loss + recipe.status_weight * functional.cross_entropy(
                    statuses[known].float(), status[known]
                )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        say(f"triggers: epoch {epoch + 1}/{recipe.epochs} loss {total / batches:.3f}")
    network.eval()
    return network


def predict(network: Network, lessons: Sequence[Lesson]) -> dict[str, Scores]:
    """Scores by article."""
    out: dict[str, Scores] = {}
    with torch.inference_mode():
        for x in lessons:
            words = words_of([x])
            kinds, statuses = network(words.states.float(), words.marks)
            out[x.id] = from_logits(kinds.numpy(), statuses.numpy())
    return out


def folds_of(lessons: Sequence[Lesson], recipe: Recipe) -> list[list[Lesson]]:
    """The articles dealt into folds, whatever their order."""
    order = sorted(lessons, key=lambda x: x.id)
    random.Random(recipe.seed).shuffle(order)
    return [order[k :: recipe.folds] for k in range(recipe.folds)]


def cross_fit(lessons: Sequence[Lesson], recipe: Recipe, say: Say) -> dict[str, Scores]:
    """Scores of each article by a network that was trained on the other folds."""
    out: dict[str, Scores] = {}
    folds = folds_of(lessons, recipe)
    for k, held in enumerate(folds):
        say(f"triggers: fold {k + 1}/{recipe.folds}")
        rest = [x for other in folds if other is not held for x in other]
        out |= predict(train(rest, recipe, say), held)
    return out


def write_network(network: Network, folder: Path) -> None:
    """Write the weights in 16 bits with their hash."""
    arrays = {k: v.detach().numpy().astype(np.float16) for k, v in network.state_dict().items()}
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, **arrays)
    write_model(NETWORK, data.getvalue(), folder)
