"""Operators of two operands of int8, with broadcasting."""

import numpy as np
from draw import ACTIVATIONS, NONE, RELU6, RELU_N1_TO_1, Case
from networks import INT8, Network, options

TABLES = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions", "MAXIMUM": "MaximumMinimumOptions",
          "MINIMUM": "MaximumMinimumOptions"}
# Shapes of the network's input and of the constant.
SHAPES = [((1, 5, 4, 7), (1, 5, 4, 7)), ((2, 3, 3, 2), (2, 3, 3, 2)), ((64,), (64,)), ((3, 31), (3, 31)), ((1,), (1,)),
          ((1, 1, 1, 1), (1, 1, 1, 1)), ((4, 5, 6), (4, 5, 6)), ((1, 5, 4, 7), (7,)), ((1, 5, 4, 7), (1, 1, 1, 7)),
          ((2, 5, 4, 3), (1, 5, 1, 1)), ((4, 5, 6), ()), ((3, 8), (1,)), ((4, 5, 6), (4, 1, 6)), ((7,), (2, 3, 7)),
          ((2, 1, 3), (4, 1)), ((1, 1, 1, 5), (1, 3, 2, 5)), ((3, 1), (1, 4)), ((2, 3, 4, 5), (2, 1, 1, 5)), ((5,), (1, 5))]


def scales(draw, kind, activation):
    """Those of the operands and of the result, sometimes too fine or too coarse for it."""
    first = draw.power(-8, -4) if activation in (RELU6, RELU_N1_TO_1) else draw.scale()
    second = first * draw.pick(1.0, draw.power(-6, 6), draw.power(-1, 1))
    wide = first * second * 128 if kind == "MUL" else max(first, second)
    return first, second, wide * draw.pick(1.0, 1.0, draw.power(-1, 2), draw.power(-4, 4))


def binary(draw, kind, shape, constant, activation=NONE, swap=False, dtype=INT8, version=None, quantizations=None, data=None):
    """`constant` is a shape, or None for the input twice; `swap` puts the constant first."""
    net = Network()
    if quantizations is None and kind in ("MAXIMUM", "MINIMUM"):
        quantizations = [draw.quantization()] * 3
    elif quantizations is None:
        quantizations = [dict(scale=scale, zero=draw.zero()) for scale in scales(draw, kind, activation)]
        quantizations[2]["zero"] = draw.sink_zero(activation)
    first, second, result = quantizations
    source = net.tensor(shape, dtype, **first)
    if constant is None:
        inputs, out = [source, source], shape
    else:
        values = draw.bytes(constant) if data is None else data(constant)
        inputs, out = [source, net.tensor(constant, dtype, data=values, **second)], np.broadcast_shapes(shape, constant)
    sink = net.tensor(out, dtype, **result)
    fields = {} if kind in ("MAXIMUM", "MINIMUM") else dict(fusedActivationFunction=activation)
    if kind in ("ADD", "SUB"):
        fields["potScaleInt16"] = False
    return net.single(kind, version or 2, inputs[::-1] if swap else inputs, sink, options(TABLES[kind], **fields))


def cases(draw):
    for kind in TABLES:
        activations = [NONE] if TABLES[kind] == "MaximumMinimumOptions" else [NONE, *ACTIVATIONS]
        for i, (shape, constant) in enumerate(SHAPES):
            yield Case(f"{kind} {i}", binary(draw, kind, shape, constant, draw.pick(*activations), bool(i % 2)))
        for i, (shape, constant) in enumerate(SHAPES[7:]):
            yield Case(f"{kind} other order {i}", binary(draw, kind, shape, constant, draw.pick(*activations), bool(i % 2)))
        for i in range(6):
            shape = draw.pick((1, 5, 4, 7), (64,), (3, 31), (4, 5, 6))
            yield Case(f"{kind} twice {i}", binary(draw, kind, shape, None, draw.pick(*activations)))
        if len(activations) > 1:
            for i in range(8):
                shape = draw.pick((1, 5, 4, 7), (64,), (3, 31), (4, 5, 6))
                yield Case(f"{kind} more {i}", binary(draw, kind, shape, shape, draw.pick(*activations), draw.chance(2)))
