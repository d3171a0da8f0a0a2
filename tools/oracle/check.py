"""Compares the golden outputs with what numpy computes in floating point from the same networks, to notice a network that
is built wrongly. Prints the largest difference of every operator, in steps of the output's scale.

Usage: check.py [FAMILY]...
"""

import struct
import sys

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from check_formulas import FORMULAS, STATEFUL
from make_fixtures import FAMILIES, GOLDEN
from oracle import inputs

TYPES = {schema.TensorType.INT8: np.int8, schema.TensorType.INT16: np.int16, schema.TensorType.INT32: np.int32,
         schema.TensorType.INT64: np.int64, schema.TensorType.FLOAT32: np.float32, schema.TensorType.UINT8: np.uint8}


class Tensor:
    """A tensor of the network with its real values, if it is constant."""

    def __init__(self, tensor, buffers):
        self.shape = tuple(int(dim) for dim in tensor.shape) if tensor.shape is not None else ()
        self.dtype = TYPES.get(tensor.type, np.int8)
        kept = tensor.quantization
        self.scale = np.float64(np.float32(kept.scale)) if kept is not None and kept.scale is not None else None
        self.zero = int(kept.zeroPoint[0]) if self.scale is not None else 0
        self.axis = kept.quantizedDimension if self.scale is not None else 0
        data = buffers[tensor.buffer].data
        self.real = None
        if data is not None and tensor.type == schema.TensorType.INT4:
            halves = np.stack([data & 15, data >> 4], 1).reshape(-1)[: int(np.prod(self.shape))].astype(np.int8)
            self.real = self.dequantize(np.where(halves > 7, halves - 16, halves).reshape(self.shape))
        elif data is not None:
            self.real = self.dequantize(np.frombuffer(bytes(data), self.dtype).reshape(self.shape))

    def dequantize(self, values):
        if self.scale is None:
            return values if values.dtype == np.int32 else values.astype(np.float64)
        shape = [1] * len(self.shape)
        if len(self.scale) > 1:
            shape[self.axis] = len(self.scale)
        return (values.astype(np.float64) - self.zero) * (self.scale.reshape(shape) if shape else self.scale[0])

    def limit(self, real):
        """The values that the type reaches nearest to these."""
        if self.scale is None:
            return real
        kind = np.iinfo(self.dtype)
        return np.clip(real, (kind.min - self.zero) * self.scale[0], (kind.max - self.zero) * self.scale[0])


def read(golden):
    """Name, network, seed, number of invocations and output of every case."""
    content, at = golden.read_bytes(), 12

    def take(layout):
        nonlocal at
        values = struct.unpack_from(layout, content, at)
        at += struct.calcsize(layout)
        return values

    def blob(layout):
        nonlocal at
        (length,) = take(layout)
        at += length
        return content[at - length : at]

    for _ in range(struct.unpack_from("<I", content, 8)[0]):
        name = blob("<H").decode()
        _, invocations, seed = take("<BBI")
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(blob("<I"), 0))
        yield name, model, seed, invocations, blob("<I")


def difference(model, seed, invocations, output):
    """The largest one, in steps of the output's scale, or None without a formula for the operator."""
    graph = model.subgraphs[0]
    operator = graph.operators[0]
    names = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    name = names[model.operatorCodes[operator.opcodeIndex].builtinCode]
    if name not in FORMULAS and name not in STATEFUL:
        return None
    tensors = [Tensor(tensor, model.buffers) for tensor in graph.tensors]
    source, sink = tensors[graph.inputs[0]], tensors[graph.outputs[0]]
    expected = np.frombuffer(output, sink.dtype).reshape(invocations, *sink.shape)
    operands = [tensors[i] if i >= 0 else None for i in operator.inputs]
    state, worst = {}, 0.0
    for values, exact in zip(inputs(seed, source.shape, source.dtype, invocations), expected):
        source.real = source.dequantize(values)
        reals = [None if tensor is None else tensor.real for tensor in operands]
        if name in STATEFUL:
            real = STATEFUL[name](reals, operator.builtinOptions, operands, state)
        else:
            real = FORMULAS[name](reals, operator.builtinOptions, sink)
        step = 1.0 if sink.scale is None and sink.dtype == np.int32 else 1e-5 if sink.scale is None else sink.scale[0]
        worst = max(worst, float(np.abs(sink.limit(real) - sink.dequantize(exact)).max(initial=0) / step))
    return worst


def main():
    for family in sys.argv[1:] or FAMILIES:
        worst, unchecked = {}, set()
        for name, *case in read(GOLDEN / f"{family}.bin"):
            found, operator = difference(*case), name.split()[0]
            if found is None:
                unchecked.add(operator)
            else:
                worst.setdefault(operator, []).append((found, name))
        for operator, found in worst.items():
            largest, typical = sorted(found)[-3:][::-1], np.median([steps for steps, _ in found])
            print(f"{family} {operator}: median {typical:.2f}, largest",
                  ", ".join(f"{steps:.2f} ({name})" for steps, name in largest))
        if unchecked:
            print(f"{family}: not checked: {', '.join(sorted(unchecked))}")


if __name__ == "__main__":
    main()
