"""Write an encoder as an ONNX graph with 8-bit weights.

Most linear layers become DynamicQuantizeMatMul nodes (int8 weights with a scale a column, activations with
one scale a batch), by far the fastest form on a CPU.  The inputs of the feed-forward outputs have outliers in
a few channels, which get a small product of their own in float ("split"); "blocks" writes MatMulNBits nodes
instead, as good and a fifth slower.  Embedding rows are int8 with
one scale a row.  Residual sums and layer norms stay separate nodes: onnxruntime's fused one is several times
slower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from flows.extract.training.encoder import Encoder, Layer

BLOCK = 128
EXACT = 16  # channels of a "split" product that stay in float
Floats = NDArray[np.float32]


def quantise_columns(weight: Floats, levels: int) -> tuple[NDArray[np.int8], Floats]:
    """(out, in) -> int8 (in, out) in [-levels, levels] and a scale for each of ``out`` columns."""
    scale = np.abs(weight).max(axis=1) / levels
    scale[scale == 0] = 1e-8
    values = np.clip(np.rint(weight / scale[:, None]), -levels, levels).astype(np.int8)
    return np.ascontiguousarray(values.T), scale.astype(np.float32)


def quantise_blocks(weight: Floats, block: int = BLOCK) -> tuple[NDArray[np.uint8], Floats]:
    """(out, in) -> uint8 (out, in / block, block) around 128 and scales (out * in / block,)."""
    out, inside = weight.shape
    blocks = weight.reshape(out, inside // block, block)
    scale = np.abs(blocks).max(axis=2) / 127.0
    scale[scale == 0] = 1e-8
    values = np.clip(np.rint(blocks / scale[:, :, None]), -127, 127) + 128
    return values.astype(np.uint8), scale.astype(np.float32).reshape(-1)


class _Graph:
    """Nodes and constants under construction."""

    def __init__(self, plan: Mapping[str, str], levels: int, peaks: Mapping[str, Floats]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.plan = plan
        self.levels = levels
        self.peaks = peaks

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, op: str, inputs: list[str], name: str, domain: str = "", **attributes: object) -> str:
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def linear(self, x: str, weight: Floats, bias: Floats, name: str) -> str:
        """x @ weight.T + bias"""
        out, inside = weight.shape
        form = self.plan.get(name.rpartition(".")[2], "float")
        if form == "split" and name not in self.peaks:  # nothing is known of its inputs
            form = "blocks"
        if form == "float":
            y = self.add("MatMul", [x, self.constant(name + ".w", weight.T)], name + ".m")
            return self.add("Add", [y, self.constant(name + ".b", bias)], name)
        split = None
        if form == "split":
            # a few channels carry nearly all of the range: they are left to a small exact product
            split = np.sort(np.argsort(self.peaks[name])[inside - EXACT :])
            exact = self.add("Gather", [x, self.constant(name + ".i", split)], name + ".few", axis=-1)
            exact = self.add(
                "MatMul", [exact, self.constant(name + ".x", weight[:, split].T)], name + ".exact"
            )
            weight = weight.copy()
            weight[:, split] = 0.0
        if name in self.peaks:
            # move the peaks of single channels from the activations, which share one scale, into the weights
            ease = np.sqrt(np.maximum(self.peaks[name], 1e-4) / np.maximum(np.abs(weight).max(axis=0), 1e-4))
            ease = (ease / ease.mean()).astype(np.float32)
            factor = (1.0 / ease).astype(np.float32)
            if split is not None:
                factor[split] = 0.0
            x = self.add("Mul", [x, self.constant(name + ".e", factor)], name + ".eased")
            weight = weight * ease
        if form in ("columns", "split"):
            values, scale = quantise_columns(weight, self.levels)
            last = name if split is None else name + ".most"
            y = self.add(
                "DynamicQuantizeMatMul",
                [
                    x,
                    self.constant(name + ".q", values),
                    self.constant(name + ".s", scale),
                    self.constant(name + ".z", np.zeros(out, np.int8)),
                    self.constant(name + ".b", bias),
                ],
                last,
                "com.microsoft",
            )
            return y if split is None else self.add("Add", [y, exact], name)
        blocks, scale = quantise_blocks(weight)
        return self.add(
            "MatMulNBits",
            [
                x,
                self.constant(name + ".q", blocks),
                self.constant(name + ".s", scale),
                "",
                "",
                self.constant(name + ".b", bias),
            ],
            name,
            "com.microsoft",
            K=inside,
            N=out,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,
        )


def input_peaks(model: Encoder, run: Callable[[], object]) -> dict[str, Floats]:
    """The greatest magnitude of every input channel of every linear layer while ``run`` uses the model."""
    peaks: dict[str, Floats] = {}

    def watch(name: str) -> Callable[[object, tuple[Tensor, ...]], None]:
        def hook(module: object, inputs: tuple[Tensor, ...]) -> None:
            x = inputs[0].detach().float().abs()
            top = np.asarray(x.reshape(-1, x.shape[-1]).max(dim=0).values.numpy(), np.float32)
            peaks[name] = np.maximum(peaks[name], top) if name in peaks else top

        return hook

    handles = [
        getattr(layer, part).register_forward_pre_hook(watch(f"l{i}.{part}"))
        for i, layer in enumerate(model.layers)
        for part in ("qkv", "out", "up", "down")
    ]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    return peaks


def _array(parameter: object) -> Floats:
    return parameter.detach().float().numpy()  # type: ignore[attr-defined,no-any-return]


PLAN = {"qkv": "columns", "out": "columns", "up": "columns", "down": "split", "word": "rows"}
# 7 bits: processors without VNNI add pairs of products in 16 bits, which 8-bit weights would overflow; the
# eighth bit is worth nothing measurable once the peaks are eased
LEVELS = 63


def build_graph(
    model: Encoder,
    heads: list[str],
    *,
    plan: Mapping[str, str] = PLAN,
    levels: int = LEVELS,
    peaks: Mapping[str, Floats] | None = None,
    hidden_layer: int = 0,
) -> onnx.ModelProto:
    """The graph.

    ``peaks`` are what ``input_peaks`` measured.  ``plan`` says how each kind of matrix is written:
    "columns", "split" (only with ``peaks``), "blocks", ("rows" for the embedding) or "float".

    Inputs: ``ids`` int64 (batch, length) padded on the right, ``lengths`` int32 (batch,), ``first`` and
    ``last`` int64 (words,), places in the flattened ids.  Outputs: ``logits`` float32 (words, columns), the
    heads side by side in the order given, then the
    clitic head; ``hidden`` float32 (words, size), the first pieces' states after ``hidden_layer`` layers.
    """
    g = _Graph(plan, levels, peaks or {})
    shape = model.shape
    h = shape.hidden
    word = _array(model.word.weight)
    if plan.get("word") == "rows":
        scale = np.abs(word).max(axis=1, keepdims=True) / 127.0
        scale[scale == 0] = 1e-8
        rows = np.clip(np.rint(word / scale), -127, 127).astype(np.int8)
        q = g.add("Gather", [g.constant("word.q", rows), "ids"], "word.rows")
        f = g.add("Cast", [q], "word.float", to=TensorProto.FLOAT)
        s = g.add("Gather", [g.constant("word.s", scale.astype(np.float32)), "ids"], "word.scale")
        x = g.add("Mul", [f, s], "word")
    else:
        x = g.add("Gather", [g.constant("word.w", word), "ids"], "word")
    dims = g.add("Shape", ["ids"], "dims")
    length = g.add("Slice", [dims, *(g.constant(f"c{i}", np.array([i], np.int64)) for i in (1, 2))], "length")
    zero = g.constant("c0", np.array([0], np.int64))
    position = g.add(
        "Slice", [g.constant("position", _array(model.position.weight)), zero, length], "positions"
    )
    x = g.add("Add", [x, position], "embedded")

    def norm(x: str, module: object, name: str) -> str:
        return g.add(
            "LayerNormalization",
            [
                x,
                g.constant(name + ".w", _array(module.weight)),  # type: ignore[attr-defined]
                g.constant(name + ".b", _array(module.bias)),  # type: ignore[attr-defined]
            ],
            name,
            axis=-1,
            epsilon=1e-12,
        )

    def skip_norm(x: str, y: str, module: object, name: str) -> str:
        return norm(g.add("Add", [x, y], name + ".sum"), module, name)

    x = norm(x, model.norm, "norm")
    flat_shape = g.constant("flat.shape", np.array([-1, h], np.int64))
    for i, layer in enumerate(model.layers):
        assert isinstance(layer, Layer)
        p = f"l{i}."
        qkv = g.linear(x, _array(layer.qkv.weight), _array(layer.qkv.bias), p + "qkv")
        names = [p + "q", p + "k", p + "v"]
        g.nodes.append(helper.make_node("Split", [qkv], names, name=p + "split", axis=2, num_outputs=3))
        context = g.add(
            "MultiHeadAttention",
            [*names, "", "lengths"],
            p + "context",
            "com.microsoft",
            num_heads=shape.heads,
        )
        y = g.linear(context, _array(layer.out.weight), _array(layer.out.bias), p + "out")
        x = skip_norm(x, y, layer.norm1, p + "norm1")
        y = g.linear(x, _array(layer.up.weight), _array(layer.up.bias), p + "up")
        y = g.add("Gelu", [y], p + "gelu", "com.microsoft")
        y = g.linear(y, _array(layer.down.weight), _array(layer.down.bias), p + "down")
        x = skip_norm(x, y, layer.norm2, p + "norm2")
        if i + 1 == (hidden_layer or len(model.layers)):
            g.add("Gather", [g.add("Reshape", [x, flat_shape], "hidden.flat"), "first"], "hidden")
    flat = g.add("Reshape", [x, flat_shape], "flat")
    ends = [g.add("Gather", [flat, name], "at." + name) for name in ("first", "last")]
    words = g.add("Concat", ends, "words", axis=1)
    modules = [*(model.outputs[name] for name in heads), model.clitic]
    weight = np.concatenate([_array(m.weight) for m in modules])
    bias = np.concatenate([_array(m.bias) for m in modules])
    y = g.add("MatMul", [words, g.constant("head.w", weight.T)], "head")
    g.add("Add", [y, g.constant("head.b", bias)], "logits")

    integers = TensorProto.INT64
    graph = helper.make_graph(
        g.nodes,
        "names",
        [
            helper.make_tensor_value_info("ids", integers, ["batch", "length"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
            helper.make_tensor_value_info("first", integers, ["words"]),
            helper.make_tensor_value_info("last", integers, ["words"]),
        ],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["words", len(bias)]),
            helper.make_tensor_value_info("hidden", TensorProto.FLOAT, ["words", h]),
        ],
        g.constants,
    )
    model_proto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    )
    model_proto.ir_version = 9
    return model_proto
