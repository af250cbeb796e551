"""What the names encoder knows about events: a small network on its hidden states.

The names engine ``accurate`` has read every word in its context; a hidden layer over its states says for each
word which type of event it evokes, if any, and with which status.  Engines without hidden states (``fast``,
``rules``) go without: the linear filter then decides alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from flows.extract.engines.store import read_model
from flows.extract.events.candidates import Candidate
from flows.extract.events.context import View
from flows.extract.events.inflection import Form
from flows.extract.events.lexicon import Entry, Reading, lexicon, readings
from flows.records import Article, EntityKind, EventStatus, EventType, TokenKind

Floats = NDArray[np.float32]

NETWORK = "events_triggers.npz"
HIDDEN = 384
TYPES = tuple(EventType)
STATUSES = tuple(EventStatus)
_KINDS = tuple(EntityKind)
MARKS = len(TYPES) + 3 + len(_KINDS) + 3  # numbers that say what lists and names know about a word
_TYPE_OF = {t: k for k, t in enumerate(TYPES)}
_KIND_OF = {k: len(TYPES) + 3 + n for n, k in enumerate(_KINDS)}
_PROPOSED = 0.12  # least probability at which a word that the lexicon reads otherwise becomes a candidate


@runtime_checkable
class Encoder(Protocol):
    """An engine that can show what it makes of words."""

    def hidden(self, sentences: Sequence[Sequence[str]]) -> list[Floats]:
        """Hidden states (words, HIDDEN), one array a sentence."""
        ...


class Scores(NamedTuple):
    """Probabilities by token, in the order of TYPES and STATUSES."""

    types: Floats  # (tokens, len(TYPES)); what is missing to 1 is "no event"
    status: Floats  # (tokens, len(STATUSES))
    read: NDArray[np.bool_]  # (tokens,); the encoder has read the word, else its rows are zero

    def type(self, token: int, type_: EventType) -> float:
        return float(self.types[token, _TYPE_OF[type_]])


def hidden_states(article: Article, engine: object) -> Floats | None:
    """The encoder's states (tokens, HIDDEN) of an article; None for an engine that has none to show.

    Sentences that the names stage left out, because their names were never in doubt, are read now: triggers
    are in doubt where names are not (a fifth of the speed of a whole extraction, 1.6 points of events).
    """
    if not isinstance(engine, Encoder):
        return None
    text = article.text.text
    tokens = article.tokens
    sentences = [s for s in article.sentences if s.last > s.first]
    words = [[text[tokens[t].start : tokens[t].end] for t in range(s.first, s.last)] for s in sentences]
    states = np.zeros((len(tokens), HIDDEN), np.float32)
    for sentence, rows in zip(sentences, engine.hidden(words), strict=True):
        states[sentence.first : sentence.last] = rows
    return states


def marks(view: View, found: Iterable[Candidate]) -> Floats:
    """What lists and names know of each word, (tokens, MARKS) of zeros and ones."""
    out = np.zeros((len(view.words), MARKS), np.float32)
    base = len(TYPES)
    for c in found:
        out[c.token, _TYPE_OF[c.entry.type]] = 1
        if c.entry.strong:
            out[c.token, base] = 1
        if c.entry.loose:
            out[c.token, base + 1] = 1
        if c.verbal:
            out[c.token, base + 2] = 1
    last = base + 3 + len(_KINDS)
    for t, entity in enumerate(view.entity_of):
        if entity >= 0:
            out[t, _KIND_OF[view.entities[entity].kind]] = 1
        if view.people[t]:
            out[t, last] = 1
        if view.date_of[t] >= 0:
            out[t, last + 1] = 1
    out[slice(*view.title), last + 2] = 1
    return out


@cache
def _weights() -> dict[str, Floats]:
    with np.load(io.BytesIO(read_model(NETWORK)), allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def beside(states: Floats) -> Floats:
    """States (words, HIDDEN) -> (words, 3 * HIDDEN): those of the word before, the word, the word behind."""
    none = np.zeros((1, states.shape[1]), np.float32)
    return np.concatenate(
        [np.concatenate([none, states[:-1]]), states, np.concatenate([states[1:], none])], axis=1
    )


def scores(view: View, found: Iterable[Candidate], states: Floats) -> Scores:
    """Types and statuses of the words of an article that may be triggers (``open_to_reading``).

    Raises EngineError when the network's file is missing or damaged.
    """
    n = len(states)
    read = np.array([open_to_reading(view, t) for t in range(n)], np.bool_) & states.any(axis=1)
    types, statuses = np.zeros((n, len(TYPES)), np.float32), np.zeros((n, len(STATUSES)), np.float32)
    if read.any():
        types[read], statuses[read] = _run(beside(states)[read], marks(view, found)[read])
    return Scores(types, statuses, read)


def open_to_reading(view: View, token: int) -> bool:
    """Whether a token may be a trigger: a word outside dates and names, but for those of named events."""
    if view.article.tokens[token].kind is not TokenKind.WORD or view.date_of[token] >= 0:
        return False
    entity = view.entity_of[token]
    return entity < 0 or (view.entities[entity].kind is EntityKind.NAMED_EVENT and token in view.entity_end)


def _run(near: Floats, known: Floats) -> tuple[Floats, Floats]:
    """Probabilities of types and statuses from the states of words with their neighbours, and marks."""
    w = _weights()
    x = np.concatenate([near, known], axis=1) @ w["inner.weight"].T + w["inner.bias"]
    inner = gelu(x)
    direct = (
        np.concatenate([near[:, HIDDEN : 2 * HIDDEN], known], axis=1) @ w["direct.weight"].T
        + w["direct.bias"]
    )
    kinds = inner @ w["types.weight"].T + w["types.bias"] + direct
    said = from_logits(kinds, inner @ w["status.weight"].T + w["status.bias"])
    return said.types, said.status


def from_logits(kinds: Floats, statuses: Floats) -> Scores:
    """Scores from the network's two outputs; column 0 of ``kinds`` is "no event"."""
    return Scores(softmax(kinds)[:, 1:], softmax(statuses), np.ones(len(kinds), np.bool_))


def gelu(x: Floats) -> Floats:
    """The tanh form: what the exact one says to three digits, without an error function in numpy."""
    return np.asarray(0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x))))


def softmax(logits: Floats) -> Floats:
    """Shares of each row."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


# ---------------------------------------------------------------------- candidates beyond the lexicon


def proposed(view: View, found: Sequence[Candidate], said: Scores) -> Iterator[Candidate]:
    """Words that the network takes for a trigger of a type which no reading of theirs has."""
    known: dict[int, list[Candidate]] = {}
    for c in found:
        known.setdefault(c.token, []).append(c)
    for t, k in zip(*np.nonzero(said.types >= _PROPOSED), strict=True):
        token, type_ = int(t), TYPES[int(k)]
        if not open_to_reading(view, token):
            continue
        mine = known.get(token, [])
        if all(c.entry.type is not type_ for c in mine):
            yield _candidate(view, token, type_, mine)


def _candidate(view: View, token: int, type_: EventType, known: Sequence[Candidate]) -> Candidate:
    """A candidate of ``type_`` in the form that the lexicon sees, else in the form that the letters say."""
    if known:
        c = known[0]
        return c._replace(entry=_retyped(c.entry, type_), required=-1)
    word = view.words[token]
    found = readings(word)
    if found:
        reading: Reading = found[0]
        noun = bool(reading.form & Form.NOUN)
        return Candidate(
            token, _retyped(reading.entry, type_), reading.form, not noun, -1, -1, reading.suffix
        )
    return Candidate(
        token, _generic(type_, _bare(word)), _form(word), _form(word) & Form.NOUN == 0, -1, -1, ""
    )


@cache
def _frames() -> dict[EventType, Entry]:
    """An entry of each type that has the type's most frequent frame."""
    count: dict[tuple[EventType, str], list[Entry]] = {}
    for entry in lexicon().entries:
        count.setdefault((entry.type, entry.frame.name), []).append(entry)
    out: dict[EventType, Entry] = {}
    for (type_, _), entries in sorted(count.items(), key=lambda x: -len(x[1])):
        out.setdefault(type_, entries[0])
    return out


def _retyped(entry: Entry, type_: EventType) -> Entry:
    if entry.type is type_:
        return entry
    return entry._replace(
        key=f"{entry.lemma}~{type_.value}", type=type_, mode=None, loose=False, strong=False
    )


def _generic(type_: EventType, word: str) -> Entry:
    """An entry for a word that the lexicon does not have."""
    none: frozenset[str] = frozenset()
    return _frames()[type_]._replace(
        number=-1,
        key=f"~{type_.value}",
        lemma=word,
        mode=None,
        requires=none,
        forbids=none,
        before=none,
        loose=False,
        strong=False,
    )


def _bare(word: str) -> str:
    plain = word[1:] if len(word) > 4 and word[0] in "وف" else word
    return plain[2:] if plain.startswith("ال") and len(plain) > 4 else plain


def _form(word: str) -> int:
    """Form bits of a word that no entry has, from its first letters."""
    plain, form = word, Form.NONE
    if len(word) > 4 and word[0] in "وف":
        plain, form = word[1:], Form.CONJOINED
    if plain.startswith(("ال", "بال", "لل")):
        return form | Form.NOUN | Form.DEFINITE
    if plain[:2] in ("سي", "ست") and len(plain) > 4:
        return form | Form.IMPERFECT | Form.FUTURE
    if plain[0] == "ي" and len(plain) > 3:
        return form | Form.IMPERFECT
    return form | Form.NOUN


# ------------------------------------------------------------------------------------------ features


def trigger_features(c: Candidate, said: Scores) -> dict[str, float]:
    """What the network says of a candidate, as numbers for the linear filter."""
    row = said.types[c.token]
    mine = said.type(c.token, c.entry.type)
    total = float(row.sum())
    out = {
        "net": _logit(mine),
        "netany": _logit(total),
        f"net={c.entry.type.value}": _logit(mine) / 4,
        "netrival": float(total - mine),
    }
    if c.entry.number < 0 or "~" in c.entry.key:
        out["netonly"] = 1.0
    return out


def _logit(p: float) -> float:
    p = min(max(p, 1e-3), 1 - 1e-3)
    return float(np.log(p / (1 - p)))
