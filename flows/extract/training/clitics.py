"""Teach the clitic head: how many letters of a word stand before the name that begins in it.

Gold says so for 2,000 words only.  ANERcorp and AQMAR keep clitics in their tokens, but what a token would be
without them can often be seen elsewhere: والرياض is و + الرياض when الرياض begins names too, وهران is whole
when هران never does.  Names of gold that stand free are also written with clitics on purpose.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from flows.extract.engines.clitics import possible_clitics
from flows.extract.engines.features import fold_word, rest_after_clitic
from flows.extract.engines.pieces import Pieces
from flows.extract.training.corpora import UNKNOWN_CLITIC, Document, Labelled
from flows.extract.training.encoder import CLITICS, Encoder
from flows.extract.training.neural import IGNORE, Example, Network, examples

Say = Callable[[str], None]
_ATTACHED = ("و", "ب", "ل", "و", "ب", "ل", "ف", "ك", "ول", "وب")


def first_words(documents: Iterable[Document]) -> Counter[str]:
    """How often each folded word, its known clitics taken off, begins a name."""
    counts: Counter[str] = Counter()
    for document in documents:
        for sentence in document.sentences:
            for word, label, clitic in zip(sentence.words, sentence.labels, sentence.clitics, strict=True):
                if label.startswith("B-"):
                    counts[rest_after_clitic(fold_word(word), max(clitic, 0))] += 1
    return counts


def infer_clitic(folded: str, counts: Counter[str]) -> int:
    """The number of clitic letters of a word that begins a name, UNKNOWN_CLITIC where it cannot be told."""
    most = possible_clitics(folded, CLITICS - 1)
    if not most:
        return 0
    evidence = [counts[rest_after_clitic(folded, n)] for n in range(most + 1)]
    best = max(range(most + 1), key=lambda n: evidence[n])
    others = sum(evidence) - evidence[best]
    if best == 0:
        return 0 if evidence[0] >= 3 and not others else UNKNOWN_CLITIC
    return best if evidence[best] >= 2 and evidence[best] > 2 * others else UNKNOWN_CLITIC


def with_inferred(document: Document, counts: Counter[str]) -> Document:
    """A document of a newswire corpus with clitics where they can be told."""
    return Document(
        document.id,
        tuple(
            replace(
                s,
                clitics=tuple(
                    infer_clitic(fold_word(w), counts) if x.startswith("B-") else UNKNOWN_CLITIC
                    for w, x in zip(s.words, s.labels, strict=True)
                ),
            )
            for s in document.sentences
        ),
    )


def with_attached(document: Document, rng: random.Random) -> Document:
    """A copy in which half of the names that stand free have clitics attached."""

    def attach(word: str) -> tuple[str, int]:
        clitic = rng.choice(_ATTACHED)
        if clitic.endswith("ل") and word.startswith("ال"):
            return clitic + "ل" + (word[3:] if word.startswith("الل") else word[2:]), len(clitic)
        return clitic + word, len(clitic)

    def change(s: Labelled) -> Labelled:
        words, clitics = list(s.words), list(s.clitics)
        for i, clitic in enumerate(s.clitics):
            arabic = "ء" <= s.words[i][0] <= "ي"
            if clitic == 0 and arabic and len(s.words[i]) > 2 and rng.random() < 0.5:
                words[i], clitics[i] = attach(words[i])
        return replace(s, words=tuple(words), clitics=tuple(clitics))

    return Document(document.id + "+", tuple(change(s) for s in document.sentences))


def fit_clitics(
    model: Encoder,
    pieces: Pieces,
    gold: Sequence[Document],
    newswire: Sequence[Document],
    *,
    marks: tuple[int, int, int],
    windows: int = 500,
    seed: int = 5,
    say: Say = print,
) -> None:
    """Fit the clitic head to the finished encoder by logistic regression; the encoder stays as it is.

    ``marks`` are the ids of begin, end and padding.
    """
    bos, eos, pad = marks
    rng = random.Random(seed)
    counts = first_words([*gold, *newswire])
    attached = [with_attached(d, rng) for d in gold]
    told = [with_inferred(d, counts) for d in newswire]
    data = examples([*gold, *attached], "guide", pieces, bos=bos, eos=eos)
    wire = examples(told, "anercorp", pieces, bos=bos, eos=eos)
    rng.shuffle(wire)
    states, targets = _states(model, [*data, *wire[:windows]], pad)
    say(f"clitics: {len(targets)} words, {int((targets > 0).sum())} with clitics")
    weight = model.clitic.weight.detach().clone().requires_grad_(True)
    bias = model.clitic.bias.detach().clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=150, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = functional.cross_entropy(states @ weight.T + bias, targets) + 3e-4 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        model.clitic.weight.copy_(weight)
        model.clitic.bias.copy_(bias)


def _states(model: Encoder, data: Sequence[Example], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Hidden states (n, 2 * hidden) and clitic lengths (n,) of the words whose clitics are known."""
    model.eval()
    network = Network(model, pad)
    found: list[torch.Tensor] = []
    targets: list[int] = []
    with torch.inference_mode():
        for example in sorted(data, key=lambda x: len(x.ids)):
            known = [i for i, c in enumerate(example.clitics) if c != IGNORE]
            if known:
                found.append(network.word_states(example)[known])
                targets += [example.clitics[i] for i in known]
    return torch.cat(found).clone(), torch.from_numpy(np.array(targets))
