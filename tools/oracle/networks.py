"""Builds TFLite files of one int8 operator."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

INT8, INT32 = schema.TensorType.INT8, schema.TensorType.INT32


class Network:
    """Tensors first, then the operator that connects them."""

    def __init__(self):
        self.tensors, self.buffers = [], [schema.BufferT()]

    def tensor(self, shape, dtype=INT8, scale=None, zero=0, axis=0, data=None):
        """Adds a tensor and returns its index. `scale` is a number, or a list with one per index along `axis`."""
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.name = [int(dim) for dim in shape], dtype, str(len(self.tensors))
        buffer = schema.BufferT()
        if data is not None:
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
        tensor.buffer = len(self.buffers)
        self.buffers.append(buffer)
        if scale is not None:
            quantization = schema.QuantizationParametersT()
            quantization.scale = [float(np.float32(s)) for s in np.atleast_1d(scale)]
            quantization.zeroPoint = [int(zero)] * len(quantization.scale)
            quantization.quantizedDimension = axis
            tensor.quantization = quantization
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def finish(self, name, version, inputs, output, options=None):
        """The file's bytes. The first input is the network's; `-1` stands for one left out."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = 0, inputs, [output]
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, [operator]
        graph.inputs = [i for i in dict.fromkeys(inputs) if i >= 0 and self.buffers[i + 1].data is None]
        graph.outputs = [output]
        model = schema.ModelT()
        model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
        model.buffers = self.buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def options(kind, **fields):
    """An option table with these fields, the others at their defaults."""
    table = getattr(schema, kind + "T")()
    for field, value in fields.items():
        setattr(table, field, value)
    return table
