"""The transformer as PyTorch trains it: E5's lower layers, pruned vocabulary, one head a convention."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models
from torch import Tensor, nn
from torch.nn import functional

from flows.extract.engines.pieces import WORD_MARK, prepare
from flows.extract.training.e5 import E5
from flows.extract.training.labels import HEADS

CLITICS = 3  # 0, 1, 2 letters
MAX_POSITIONS = 256


@dataclass(frozen=True, slots=True)
class Shape:
    """What an encoder is built from; saved beside its weights."""

    vocabulary: int
    hidden: int
    heads: int
    feed_forward: int
    layers: tuple[int, ...]  # which of E5's layers
    eps: float = 1e-12


# ------------------------------------------------------------------------------------------- vocabulary


def make_tokenizer(pieces: Sequence[str], scores: Sequence[float], unk: int) -> Tokenizer:
    """A unigram tokenizer that takes one prepared word at a time."""
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, map(float, scores), strict=True)), unk_id=unk))
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def prune_vocabulary(e5: E5, words: Counter[str], *, minimum: int = 1) -> list[int]:
    """E5's piece ids worth keeping: special ones, single characters of the scripts in use, and pieces that
    occur at least ``minimum`` times in ``words`` (counts of words of unlabelled news)."""
    full = make_tokenizer(e5.pieces, e5.scores.tolist(), e5.unk)
    seen: Counter[int] = Counter()
    encoded = full.encode_batch([prepare(w) for w in words], add_special_tokens=False)
    for count, encoding in zip(words.values(), encoded, strict=True):
        for i in encoding.ids:
            seen[i] += count
    keep = {e5.bos, e5.eos, e5.pad, e5.unk}
    for i, piece in enumerate(e5.pieces):
        bare = piece.removeprefix(WORD_MARK)
        single = len(bare) <= 1 and all(_in_use(c) for c in bare)
        if single or seen[i] >= minimum:
            keep.add(i)
    return sorted(keep)


def _in_use(char: str) -> bool:
    code = ord(char)
    return code < 0x250 or 0x600 <= code < 0x700 or 0x2010 <= code < 0x2040


def pruned_tokenizer(e5: E5, keep: Sequence[int]) -> Tokenizer:
    return make_tokenizer(
        [e5.pieces[i] for i in keep], [float(e5.scores[i]) for i in keep], keep.index(e5.unk)
    )


# ------------------------------------------------------------------------------------------------ model


class Layer(nn.Module):  # type: ignore[misc]
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.out = nn.Linear(shape.hidden, shape.hidden)
        self.norm1 = nn.LayerNorm(shape.hidden, eps=shape.eps)
        self.up = nn.Linear(shape.hidden, shape.feed_forward)
        self.down = nn.Linear(shape.feed_forward, shape.hidden)
        self.norm2 = nn.LayerNorm(shape.hidden, eps=shape.eps)

    def forward(self, x: Tensor, mask: Tensor, drop: float) -> Tensor:
        b, n, h = x.shape
        qkv = self.qkv(x).view(b, n, 3, self.heads, h // self.heads).permute(2, 0, 3, 1, 4)
        # plain products: PyTorch's fused attention is several times slower backwards on a CPU
        weights = (qkv[0] @ qkv[1].transpose(2, 3)) * (h // self.heads) ** -0.5 + mask.to(qkv.dtype)
        context = (functional.softmax(weights, dim=3) @ qkv[2]).transpose(1, 2).reshape(b, n, h)
        x = self.norm1(x + shared_dropout(self.out(context), drop))
        return self.norm2(x + shared_dropout(self.down(functional.gelu(self.up(x))), drop))


def shared_dropout(x: Tensor, p: float) -> Tensor:
    """One mask for all positions of a sequence: as good as element-wise here and far cheaper to draw."""
    if p <= 0.0:
        return x
    keep = torch.empty(x.shape[0], 1, x.shape[2], dtype=x.dtype).bernoulli_(1 - p).div_(1 - p)
    return x * keep


class Encoder(nn.Module):  # type: ignore[misc]
    """Piece ids (batch, length) -> logits of every head for the words (batch, words).

    A word is represented by the hidden states of its first and its last piece.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.word = nn.Embedding(shape.vocabulary, shape.hidden)
        self.position = nn.Embedding(MAX_POSITIONS, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=shape.eps)
        self.layers = nn.ModuleList(Layer(shape) for _ in shape.layers)
        self.outputs = nn.ModuleDict(
            {name: nn.Linear(2 * shape.hidden, len(labels)) for name, labels in HEADS.items()}
        )
        self.clitic = nn.Linear(2 * shape.hidden, CLITICS)

    def lower(self, ids: Tensor, lengths: Tensor, frozen: int) -> Tensor:
        """States after the embeddings and the first ``frozen`` layers, without dropout."""
        x = self.norm(self.word(ids) + self.position.weight[: ids.shape[1]])
        mask = attention_mask(lengths, ids.shape[1])
        for layer in list(self.layers)[:frozen]:
            x = layer(x, mask, 0.0)
        return x

    def upper(self, x: Tensor, lengths: Tensor, frozen: int, drop: float) -> Tensor:
        """States after the layers from ``frozen`` on."""
        x = shared_dropout(x, drop)
        mask = attention_mask(lengths, x.shape[1])
        for layer in list(self.layers)[frozen:]:
            x = layer(x, mask, drop)
        return x

    def words(self, x: Tensor, first: Tensor, last: Tensor, drop: float) -> Tensor:
        """Hidden states (batch, words, 2 * hidden) of the words whose pieces run first..last."""
        h = x.shape[2]
        a = x.gather(1, first[:, :, None].expand(-1, -1, h))
        b = x.gather(1, last[:, :, None].expand(-1, -1, h))
        return shared_dropout(torch.cat([a, b], dim=2), drop)

    def heads(self, x: Tensor, first: Tensor, last: Tensor, drop: float) -> dict[str, Tensor]:
        """Logits of every head, (batch, words, labels), and of "clitic"."""
        w = self.words(x, first, last, drop)
        result = {name: head(w) for name, head in self.outputs.items()}
        result["clitic"] = self.clitic(w)
        return result


def attention_mask(lengths: Tensor, longest: int) -> Tensor:
    """What to add to attention scores: 0 on pieces, far below on padding; (batch, 1, 1, longest)."""
    padding = torch.arange(longest)[None, :] >= lengths[:, None]
    return torch.zeros(padding.shape).masked_fill(padding, -1e4)[:, None, None, :]


def from_e5(e5: E5, keep: Sequence[int], layers: Sequence[int]) -> Encoder:
    """An encoder that begins as E5 with the vocabulary ``keep`` and the given layers."""
    shape = Shape(len(keep), e5.hidden, e5.heads, e5.feed_forward, tuple(layers))
    model = Encoder(shape)
    t = {name: torch.from_numpy(value) for name, value in e5.tensors.items()}
    with torch.no_grad():
        model.word.weight.copy_(torch.from_numpy(e5.word_rows(np.asarray(keep))))
        model.position.weight.copy_(torch.from_numpy(e5.position[:MAX_POSITIONS] + e5.token_type[0]))
        model.norm.weight.copy_(t["emb.ln.w"])
        model.norm.bias.copy_(t["emb.ln.b"])
        for layer, i in zip(model.layers, layers, strict=True):
            assert isinstance(layer, Layer)
            layer.qkv.weight.copy_(torch.cat([t[f"l{i}.{n}.w"] for n in "qkv"]))
            layer.qkv.bias.copy_(torch.cat([t[f"l{i}.{n}.b"] for n in "qkv"]))
            for module, name in ((layer.out, "ao"), (layer.up, "fi"), (layer.down, "fo")):
                module.weight.copy_(t[f"l{i}.{name}.w"])
                module.bias.copy_(t[f"l{i}.{name}.b"])
            for norm, name in ((layer.norm1, "aln"), (layer.norm2, "oln")):
                norm.weight.copy_(t[f"l{i}.{name}.w"])
                norm.bias.copy_(t[f"l{i}.{name}.b"])
        for head in [*model.outputs.values(), model.clitic]:
            assert isinstance(head, nn.Linear)
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)
    return model


def save_checkpoint(model: Encoder, tokenizer: Tokenizer, path: str) -> None:
    """Weights, shape and tokenizer in one file that ``load_checkpoint`` reads without unpickling code."""
    torch.save(
        {
            "state": model.state_dict(),
            "shape": json.dumps(
                {
                    "vocabulary": model.shape.vocabulary,
                    "hidden": model.shape.hidden,
                    "heads": model.shape.heads,
                    "feed_forward": model.shape.feed_forward,
                    "layers": list(model.shape.layers),
                    "eps": model.shape.eps,
                }
            ),
            "tokenizer": tokenizer.to_str(),
        },
        path,
    )


def load_checkpoint(path: str) -> tuple[Encoder, Tokenizer]:
    saved = torch.load(path, weights_only=True)
    raw = json.loads(saved["shape"])
    model = Encoder(Shape(**{**raw, "layers": tuple(raw["layers"])}))
    model.load_state_dict(saved["state"])
    return model, Tokenizer.from_str(saved["tokenizer"])
