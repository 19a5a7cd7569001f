"""Write the trained tagger as the files that the product reads: int8 ONNX, pieces, 4-bit embeddings, card.

    python -m training.pii.export --weights tagger.pt --vocabulary pieces.npz --layers 6 --out src/leitstand/privacy/model

The graph takes the embeddings of the pieces (1, n, 384) and gives a probability for each label (n, labels).
It is written by hand, so that it holds the fused attention of onnxruntime and nothing else. Weights are int8
with 7 bits in use, because CPUs without VNNI would otherwise overflow (measured difference: see README.md).
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from training.pii.e5 import WIDTH
from training.pii.network import EPSILON, HEADS

from leitstand.privacy.tagging.labels import LABELS

MICROSOFT = "com.microsoft"


class Graph:
    """Nodes and constants as they are added; each method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes, self.constants = [], []

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
        product = self.node(
            "MatMul",
            [x, self.constant(f"{name}.w", np.ascontiguousarray(weights[f"{name}.weight"].T))],
            f"{name}.product",
        )
        return self.node("Add", [product, self.constant(f"{name}.b", weights[f"{name}.bias"])], f"{name}.sum")

    def norm(self, x: str, name: str, weights: dict[str, np.ndarray]) -> str:
        scale, bias = (
            self.constant(f"{name}.scale", weights[f"{name}.weight"]),
            self.constant(f"{name}.shift", weights[f"{name}.bias"]),
        )
        return self.node("LayerNormalization", [x, scale, bias], f"{name}.out", axis=-1, epsilon=EPSILON)


def build(weights: dict[str, np.ndarray], layers: int) -> onnx.ModelProto:
    """The network in float32."""
    g = Graph()
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
        "--full-range", action="store_true", help="8 bits instead of 7; for CPUs with VNNI only"
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    state = torch.load(args.weights, map_location="cpu")
    weights = {name: value.float().numpy() for name, value in state.items()}
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        onnx.save(build(weights, args.layers), plain)
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
