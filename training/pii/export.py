"""Write the trained tagger as the files that the product reads: int8 ONNX, pieces, 4-bit embeddings, card.

    python -m training.pii.export --weights tagger.pt --vocabulary pieces.npz --layers 6 --out src/leitstand/privacy/model

The graph takes the embeddings of the pieces (1, n, 384) and gives a probability for each label (n, labels).
It is written by hand, so that it holds the fused attention of onnxruntime and nothing else. Weights are int8
with 7 bits in use, because CPUs without VNNI would otherwise overflow (measured difference: see README.md).
"""

import argparse
import hashlib
import itertools
import json
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from training.pii.e5 import WIDTH
from training.pii.network import EPSILON, HEADS, Tagger
from training.pii.train import batches

from leitstand.privacy.tagging.labels import LABELS

MICROSOFT = "com.microsoft"
_CALIBRATION = 25


class Graph:
    """Nodes and constants as they are added; each method returns the name of its output."""

    def __init__(self, scales: dict[str, np.ndarray]) -> None:
        self.nodes, self.constants, self.scales = [], [], scales

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def node(
        self,
        op: str,
        inputs: list[str],
        name: str,
        domain: str = "",
        outputs: list[str] | None = None,
        **attributes,
    ) -> str:
        self.nodes.append(
            helper.make_node(op, inputs, outputs or [name], name=name, domain=domain, **attributes)
        )
        return name

    def linear(self, x: str, name: str, weights: dict[str, np.ndarray]) -> str:
        matrix = weights[f"{name}.weight"].T
        scale = self.scales.get(name)
        if scale is not None:
            x = self.node("Mul", [x, self.constant(f"{name}.calm", 1 / scale)], f"{name}.calmed")
            matrix = matrix * scale[:, None]
        product = self.node(
            "MatMul", [x, self.constant(f"{name}.w", np.ascontiguousarray(matrix))], f"{name}.product"
        )
        return self.node("Add", [product, self.constant(f"{name}.b", weights[f"{name}.bias"])], f"{name}.sum")

    def norm(self, x: str, name: str, weights: dict[str, np.ndarray]) -> str:
        scale, bias = (
            self.constant(f"{name}.scale", weights[f"{name}.weight"]),
            self.constant(f"{name}.shift", weights[f"{name}.bias"]),
        )
        return self.node("LayerNormalization", [x, scale, bias], f"{name}.out", axis=-1, epsilon=EPSILON)


def calming(net: Tagger, epochs: Path, strength: float) -> dict[str, np.ndarray]:
    """For each matrix a factor per input channel that evens out the inputs: int8 has one step for all of them.

    Inputs are divided by it and the matrix is multiplied with it, so nothing changes but the rounding.
    Source: Xiao et al., "SmoothQuant", 2022. strength: 0 leaves all to the inputs, 1 all to the weights.
    """
    highest: dict[str, torch.Tensor] = {}

    def note(name: str):
        def hook(_module, inputs) -> None:
            seen = inputs[0].detach().abs().flatten(0, -2).amax(0)
            highest[name] = torch.maximum(highest[name], seen) if name in highest else seen

        return hook

    linear = {
        name: part
        for name, part in net.named_modules()
        if isinstance(part, torch.nn.Linear) and name != "head"
    }
    hooks = [part.register_forward_pre_hook(note(name)) for name, part in linear.items()]
    with torch.no_grad():
        for _turn, ids, _sets, _lengths in itertools.islice(batches(epochs, random.Random(5)), _CALIBRATION):  # noqa: S311 - sample texts
            net(ids)
    for hook in hooks:
        hook.remove()
    return {
        name: (
            highest[name].clamp(min=1e-3) ** strength
            / part.weight.detach().abs().amax(0).clamp(min=1e-3) ** (1 - strength)
        ).numpy()
        for name, part in linear.items()
    }


def build(weights: dict[str, np.ndarray], layers: int, scales: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The network in float32."""
    g = Graph(scales)
    length = g.node(
        "Gather", [g.node("Shape", ["words"], "shape"), g.constant("one", np.array([1]))], "length"
    )
    places = g.node(
        "Slice",
        [g.constant("places", weights["places"]), g.constant("zero", np.array([0])), length],
        "placed",
    )
    x = g.norm(g.node("Add", ["words", places], "embedded"), "norm", weights)
    for number in range(layers):
        p = f"layers.{number}"
        packed = g.linear(x, f"{p}.qkv", weights)
        parts = [f"{p}.q", f"{p}.k", f"{p}.v"]
        g.node("Split", [packed], f"{p}.split", outputs=parts, axis=-1, num_outputs=3)
        mixed = g.node("MultiHeadAttention", parts, f"{p}.mixed", MICROSOFT, num_heads=HEADS)
        x = g.norm(
            g.node("Add", [x, g.linear(mixed, f"{p}.out", weights)], f"{p}.first"), f"{p}.norm1", weights
        )
        inner = g.node("Gelu", [g.linear(x, f"{p}.up", weights)], f"{p}.inner", MICROSOFT)
        x = g.norm(
            g.node("Add", [x, g.linear(inner, f"{p}.down", weights)], f"{p}.second"), f"{p}.norm2", weights
        )
    row = g.node("Squeeze", [g.linear(x, "head", weights), g.constant("batch", np.array([0]))], "logits")
    g.node("Softmax", [row], "probabilities", axis=-1)
    graph = helper.make_graph(
        g.nodes, "tagger",
        [helper.make_tensor_value_info("words", TensorProto.FLOAT, [1, "n", WIDTH])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(LABELS)])],
        g.constants,
    )  # fmt: skip
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)], ir_version=9
    )


def main() -> None:
    """Write the folder of the model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", default="1")
    parser.add_argument(
        "--epochs", type=Path, required=True, help="texts to measure the inputs of the matrices on"
    )
    parser.add_argument("--strength", type=float, default=0.5)
    parser.add_argument(
        "--full-range", action="store_true", help="8 bits instead of 7; for CPUs with VNNI only"
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    state = torch.load(args.weights, map_location="cpu")
    net = Tagger(args.layers, args.vocabulary)
    net.load_state_dict(state, strict=False)
    scales = calming(net.eval(), args.epochs, args.strength)
    weights = {name: value.float().numpy() for name, value in state.items()}
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        onnx.save(build(weights, args.layers, scales), plain)
        quantize_dynamic(
            plain, args.out / "tagger.onnx", per_channel=True, reduce_range=not args.full_range, weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"], extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )  # fmt: skip
    with np.load(args.vocabulary) as stored:
        pieces = bytes(stored["pieces"]).decode("utf-8").split("\n")
        rows = (
            f"{piece}\t{score:.5f}" for piece, score in zip(pieces, stored["scores"].tolist(), strict=True)
        )
        (args.out / "pieces.tsv").write_text("\n".join(rows) + "\n", "utf-8")
        np.save(args.out / "embeddings.npy", stored["blocks"])
    files = ("tagger.onnx", "pieces.tsv", "embeddings.npy")
    digests = {name: hashlib.sha256((args.out / name).read_bytes()).hexdigest() for name in files}
    card = {"version": args.version, "labels": list(LABELS), "sha256": digests}
    (args.out / "card.json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")
    sys.stderr.write(
        ", ".join(f"{name} {(args.out / name).stat().st_size / 1e6:.1f} MB" for name in files) + "\n"
    )


if __name__ == "__main__":
    main()
