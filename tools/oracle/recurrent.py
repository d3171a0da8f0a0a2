"""Operators with state: SVDF, LSTM and variables, of several invocations in sequence."""

import numpy as np
from draw import Case
from networks import INT8, INT16, INT32, RESOURCE, Graph, Network, options

NONE, RELU, TANH = 0, 1, 4


def svdf(draw, batch, size, filters, rank, memory, activation, time_type):
    net, rows = Network(), filters * rank
    scales = dict(source=draw.power(-7, -4), feature=draw.power(-9, -6), time=draw.power(-9, -6))
    widest = 127 if time_type == INT8 else 32767
    typical = draw.pick(0.1, 0.3, 0.6) * widest
    state_scale = scales["source"] * scales["feature"] * 74 * 74 * np.sqrt(size) / typical
    # Sums of 32 bits must not overflow.
    reach = min(widest, int(1.4e9 / (widest + 1) / (memory * rank)))
    source = net.tensor((batch, size), scale=scales["source"], zero=draw.zero())
    feature = net.tensor((rows, size), scale=scales["feature"], data=draw.weights((rows, size)))
    times = draw.rng.integers(-reach, reach + 1, (rows, memory)).astype(np.int8 if time_type == INT8 else np.int16)
    time = net.tensor((rows, memory), time_type, scale=scales["time"], data=times)
    bias_scale = state_scale * scales["time"]
    spread = np.sqrt(rank * memory) * reach / 2 * typical
    values = draw.rng.integers(-spread, spread, filters).astype(np.int32)
    bias = net.tensor((filters,), INT32, scale=bias_scale, data=values)
    state = net.tensor((batch, memory * rows), time_type, scale=state_scale, variable=True)
    sink = net.tensor((batch, filters), scale=bias_scale * spread / 60, zero=draw.sink_zero(activation))
    table = options("SVDFOptions", rank=rank, fusedActivationFunction=activation)
    return net.single("SVDF", 3, [source, feature, time, bias, state], sink, table, source)


def lstm(draw, batch, steps, size, units, time_major, clip=0.0):
    """Weights of int8, hidden state of int8, cell state of int16 whose scale is a power of two."""
    net = Network()
    source_scale, hidden_scale = draw.power(-7, -4), 1 / 128 * draw.pick(1.0, draw.power(-1, 0))
    shape = (steps, batch, size) if time_major else (batch, steps, size)
    source = net.tensor(shape, scale=source_scale, zero=draw.zero())
    hidden_zero = draw.pick(0, draw.integer(-20, 20))

    def gate(columns, low):
        scale = draw.power(low, low + 1.5)
        return scale, net.tensor((units, columns), scale=scale, data=draw.weights((units, columns)))

    # Such that gates mostly leave saturation.
    inputs = [gate(size, np.log2(2.5 / source_scale / 74 / 74 / np.sqrt(size))) for _ in range(4)]
    recurrents = [gate(units, np.log2(2.5 / hidden_scale / 74 / 60 / np.sqrt(units))) for _ in range(4)]
    biases = []
    for scale, _ in inputs:
        reach = int(2 / (source_scale * scale)) + 1
        values = draw.rng.integers(-reach, reach, units).astype(np.int32)
        biases.append(net.tensor((units,), INT32, scale=source_scale * scale, data=values))
    state = net.tensor((batch, units), scale=hidden_scale, zero=hidden_zero, variable=True)
    cell = net.tensor((batch, units), INT16, scale=2.0 ** -draw.pick(11, 11, 12, 10), variable=True)
    sink = net.tensor((*shape[:2], units), scale=hidden_scale, zero=hidden_zero)
    # LiteRT insists on these; the last has the scale of the hidden state before a projection.
    between = [net.tensor((0,), INT16, scale=2.0**-12) for _ in range(4)]
    between.append(net.tensor((0,), scale=hidden_scale, zero=hidden_zero))
    weights = [tensor for _, tensor in inputs + recurrents]
    nodes = [source, *weights, -1, -1, -1, *biases, -1, -1, state, cell, -1, -1, -1, -1]
    table = options("UnidirectionalSequenceLSTMOptions", fusedActivationFunction=TANH, cellClip=clip, timeMajor=time_major)
    net.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", 3, nodes, [sink], table, between)
    return net.file(source, sink)


def streaming(draw, rows, columns, filled):
    """A window kept in a variable: a call sets it once, each invocation appends the input and drops the oldest row."""
    net = Network()
    quantization = draw.quantization()
    keep = (1, rows, columns)
    source = net.tensor((1, 1, columns), **quantization)

    def handle(graph):
        resource = graph.tensor((1,), RESOURCE)
        table = options("VarHandleOptions", container="", sharedName="window")
        graph.operator("VAR_HANDLE", 1, [], [resource], table)
        return resource

    net.operator("CALL_ONCE", 1, [], [], options("CallOnceOptions", initSubgraphIndex=1))
    resource = handle(net)
    window, longer = net.tensor(keep, **quantization), net.tensor((1, rows + 1, columns), **quantization)
    net.operator("READ_VARIABLE", 1, [resource], [window], options("ReadVariableOptions"))
    net.operator("CONCATENATION", 2, [window, source], [longer], options("ConcatenationOptions", axis=1))
    next_window = net.tensor(keep, **quantization)
    ends = [net.numbers([0, 1, 0]), net.numbers([1, rows + 1, columns]), net.numbers([1, 1, 1])]
    net.operator("STRIDED_SLICE", 2, [longer, *ends], [next_window], options("StridedSliceOptions"))
    net.operator("ASSIGN_VARIABLE", 1, [resource, next_window], [], options("AssignVariableOptions"))
    sink = net.tensor((1, columns), scale=quantization["scale"] / 2, zero=draw.zero())
    net.operator("MEAN", 2, [longer, net.numbers([1])], [sink], options("ReducerOptions", keepDims=False))
    start = Graph(net)
    values = draw.bytes(keep) if filled else np.full(keep, quantization["zero"], np.int8)
    first = start.tensor(keep, **quantization, data=values)
    start.operator("ASSIGN_VARIABLE", 1, [handle(start), first], [], options("AssignVariableOptions"))
    return net.file(source, sink, [start.pack([], [])])


def cases(draw):
    for i in range(32):
        activation, time_type = draw.pick(NONE, RELU), INT8 if i % 4 == 3 else INT16
        filters, rank, memory = draw.integer(1, 6), draw.integer(1, 3), draw.integer(1, 8)
        model = svdf(draw, draw.pick(1, 1, 2), draw.integer(1, 10), filters, rank, memory, activation, time_type)
        yield Case(f"SVDF {i}", model, draw.integer(3, memory + 3))
    for i in range(24):
        model = lstm(draw, draw.pick(1, 1, 2), draw.integer(1, 5), draw.integer(1, 8), draw.integer(1, 6), draw.chance(3),
                     draw.pick(0.0, 0.0, 0.5))
        yield Case(f"UNIDIRECTIONAL_SEQUENCE_LSTM {i}", model, draw.integer(1, 3))
    for i in range(12):
        kind = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")[i % 4]
        yield Case(f"{kind} {i // 4}", streaming(draw, draw.integer(1, 4), draw.integer(1, 6), i % 3), draw.integer(3, 6))
