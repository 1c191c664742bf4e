"""Make `fastspeech2_quan.tflite` loadable by taking its dropout out of the graph.

The model was exported with dropout left on: two `RandomUniform` operators of
TensorFlow's Flex set, which LiteRT does not have, decide which parts of the pitch and
energy embeddings are dropped (x · 2 · [random ≥ 0.5]). The flatbuffer is rewritten in
memory: the mask becomes its mean, the constant 0.5 that it was compared with, and
speech comes out the same each time. Nothing is written to disk. It is done in a process
of its own, because the schema and the unpacked tree would stay in the memory of the
voice process (40 MB) for a second's work.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from prompts.engines.aside import made_aside
from prompts.engines.engine import EngineUnavailableError

_FILE_ID = b"TFL3"


def rewritten(file: Path) -> bytes:
    """`without_dropout` of a model file, in a process of its own."""
    return made_aside(__name__, str(file))


def main() -> None:
    """Read the model named on the command line, write the new one to standard output."""
    sys.stdout.buffer.write(without_dropout(Path(sys.argv[1]).read_bytes()))


def without_dropout(model: bytes) -> bytes:
    """The same model with every random mask replaced by its threshold.

    EngineUnavailableError where the model is not the one this was written for.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    tree: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    (graph,) = tree.subgraphs
    codes = tree.operatorCodes
    random_codes = {at for at, code in enumerate(codes) if code.customCode == b"FlexRandomUniform"}
    others = [c.customCode for c in codes if c.customCode and c.customCode != b"FlexRandomUniform"]
    if others or not random_codes:
        raise EngineUnavailableError(
            "the Mandarin model has changed: custom operators %(operators)s", operators=others
        )
    dropped: set[int] = set()
    for at, operator in enumerate(graph.operators):
        if operator.opcodeIndex not in random_codes:
            continue
        compare = _only_user(graph, operator.outputs[0])
        cast = _only_user(graph, graph.operators[compare].outputs[0])
        multiply = _only_user(graph, graph.operators[cast].outputs[0])
        mask = graph.operators[cast].outputs[0]
        threshold = graph.operators[compare].inputs[1]
        if not np.isclose(_constant(tree, graph, threshold), 0.5):
            raise EngineUnavailableError("the Mandarin model has changed: its dropout is not 0.5")
        inputs = np.asarray(graph.operators[multiply].inputs).copy()
        inputs[inputs == mask] = threshold
        graph.operators[multiply].inputs = inputs
        dropped |= {at, compare, cast}
    graph.operators = [op for at, op in enumerate(graph.operators) if at not in dropped]
    for at in random_codes:
        # A code no operator uses any more, but which the loader would still look up.
        codes[at].customCode = None
        codes[at].builtinCode = codes[at].deprecatedBuiltinCode = schema.BuiltinOperator.ADD
    builder = flatbuffers.Builder(len(model) + (1 << 20))
    builder.Finish(tree.Pack(builder), _FILE_ID)
    return bytes(builder.Output())


def _only_user(graph: Any, tensor: int) -> int:
    users = [at for at, op in enumerate(graph.operators) if tensor in list(op.inputs)]
    if len(users) != 1:
        raise EngineUnavailableError("the Mandarin model has changed: its dropout is wired anew")
    return users[0]


def _constant(tree: Any, graph: Any, tensor: int) -> float:
    data = tree.buffers[graph.tensors[tensor].buffer].data
    if data is None or len(data) != 4:
        raise EngineUnavailableError("the Mandarin model has changed: no constant threshold")
    return float(np.frombuffer(bytes(data), dtype="<f4")[0])
