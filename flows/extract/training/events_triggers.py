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
    beside,
    from_logits,
    marks,
)
from flows.extract.training.events_gold import STOP_WORDS, Annotated, related
from flows.records import TokenKind

Say = Callable[[str], None]
Floats = NDArray[np.float32]
IGNORE = -100


@dataclass(frozen=True, slots=True)
class Recipe:
    """The schedule of the shipped network."""

    folds: int = 3
    epochs: int = 12
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
