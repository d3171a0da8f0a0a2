"""Builds TFLite files of a few operators."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = schema.TensorType
FLOAT32, UINT8, INT4, INT8, INT16 = TYPES.FLOAT32, TYPES.UINT8, TYPES.INT4, TYPES.INT8, TYPES.INT16
INT32, INT64, RESOURCE = TYPES.INT32, TYPES.INT64, TYPES.RESOURCE


class Graph:
    """The tensors and operators of one subgraph, in order."""

    def __init__(self, model):
        self.model, self.tensors, self.operators = model, [], []

    def tensor(self, shape, dtype=INT8, scale=None, zero=0, axis=0, data=None, variable=False):
        """Adds a tensor and returns its index. `scale` is a number, or a list with one per index along `axis`."""
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.isVariable = [int(dim) for dim in shape], dtype, variable
        tensor.buffer = 0 if data is None else self.model.buffer(np.ascontiguousarray(data).tobytes())
        if scale is not None:
            quantization = schema.QuantizationParametersT()
            quantization.scale = [float(np.float32(s)) for s in np.atleast_1d(scale)]
            quantization.zeroPoint = [int(zero)] * len(quantization.scale)
            quantization.quantizedDimension = axis
            tensor.quantization = quantization
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def numbers(self, values, dtype=np.int32):
        """Adds a constant tensor without quantization."""
        values = np.asarray(values, dtype)
        return self.tensor(values.shape, {np.int32: INT32, np.int64: INT64, np.float32: FLOAT32}[dtype], data=values)

    def operator(self, name, version, inputs, outputs, options=None, intermediates=None):
        """Adds an operator; the input `-1` stands for one left out."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self.model.code(name, version)
        operator.inputs, operator.outputs = inputs, outputs
        if intermediates is not None:
            operator.intermediates = intermediates
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self.operators.append(operator)

    def pack(self, inputs, outputs):
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = self.tensors, self.operators, inputs, outputs
        return graph


class Network(Graph):
    """A model whose first subgraph is this object."""

    def __init__(self):
        super().__init__(self)
        self.buffers, self.codes = [schema.BufferT()], []

    def buffer(self, content):
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def code(self, name, version):
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
        for index, known in enumerate(self.codes):
            if known.builtinCode == code.builtinCode:
                return index
        self.codes.append(code)
        return len(self.codes) - 1

    def file(self, source, sink, others=()):
        """The file's bytes, with the network's input and output tensors and its other subgraphs."""
        model = schema.ModelT()
        model.version, model.operatorCodes, model.buffers = 3, self.codes, self.buffers
        model.subgraphs = [self.pack([source], [sink]), *others]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def single(self, name, version, inputs, sink, options=None, source=None):
        """The file of the one operator `name`; its first input that is not constant is the network's."""
        self.operator(name, version, inputs, [sink] if isinstance(sink, int) else sink, options)
        if source is None:
            source = next(i for i in inputs if i >= 0 and not self.tensors[i].buffer)
        return self.file(source, sink if isinstance(sink, int) else sink[0])


def options(kind, **fields):
    """An option table with these fields, the others at their defaults."""
    table = getattr(schema, kind + "T")()
    for field, value in fields.items():
        setattr(table, field, value)
    return table
