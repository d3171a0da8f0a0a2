"""Functions of one operand of int8, element by element, and SOFTMAX."""

import numpy as np
from draw import Case
from networks import INT8, Network, options


def unary(draw, kind, shape, quantizations, table=None, dtype=INT8, version=2, to=None):
    net = Network()
    source = net.tensor(shape, dtype, **quantizations[0])
    sink = net.tensor(shape, dtype if to is None else to, **quantizations[1])
    return net.single(kind, version, [source], sink, table)


def softmax(draw, shape, from_scale, beta):
    quantizations = [dict(scale=from_scale, zero=draw.zero()), dict(scale=1 / 256, zero=-128)]
    return unary(draw, "SOFTMAX", shape, quantizations, options("SoftmaxOptions", beta=beta))


def prelu(draw, shape, alphas, quantizations, dtype=INT8, data=None, version=1):
    net = Network()
    source = net.tensor(shape, dtype, **quantizations[0])
    values = draw.bytes(alphas) if data is None else data
    alpha = net.tensor(alphas, dtype, **quantizations[1], data=values)
    return net.single("PRELU", version, [source, alpha], net.tensor(shape, dtype, **quantizations[2]))


def shapes(draw):
    return draw.pick((256,), (1, 40), (3, 31), (2, 3, 4, 5), (4, 5, 6), (1,))


def fitting(draw, low=-7, high=-3):
    """Scales of an operand of moderate range and of a result of about the same."""
    scale = draw.power(low, high)
    to = scale * draw.pick(1.0, 1.0, draw.power(-1, 1), draw.power(-5, 5))
    return [dict(scale=scale, zero=draw.zero()), dict(scale=to, zero=draw.pick(-128, 0, draw.integer(-128, 100)))]


def positive(draw):
    """Of roots: zero points such that no operand is negative, which the kernels refuse or leave open."""
    first, second = fitting(draw)
    first["zero"] = -128
    return [first, second]


def inverse(draw):
    first, second = positive(draw)
    second["scale"] = draw.power(-6, -2) / np.sqrt(first["scale"])
    return [first, second]


def same(draw):
    return [draw.quantization()] * 2


def cases(draw):
    for i in range(34):
        shape = draw.pick((1, 12), (1, 10), (4, 7), (2, 3, 5), (1, 1, 2, 40), (1, 2), (1, 256), (9,), (2, 1))
        yield Case(f"SOFTMAX {i}", softmax(draw, shape, draw.pick(draw.scale(), 0.1, 0.02, 1.0, 4.0),
                                           draw.pick(1.0, 1.0, 1.0, 0.5, 2.0)))
    for kind, scale, zero in [("LOGISTIC", 1 / 256, -128), ("TANH", 1 / 128, 0)]:
        for i in range(28):
            first = dict(scale=draw.pick(draw.power(-9, 1), draw.power(-6, -4), 0.1, 1 / 16, 3.9), zero=draw.zero())
            yield Case(f"{kind} {i}", unary(draw, kind, shapes(draw), [first, dict(scale=scale, zero=zero)]))
    for kind in ["RELU", "RELU6", "RELU_N1_TO_1"]:
        for i in range(24):
            quantizations = fitting(draw, -8, -3)
            if i % 4 == 0 or kind == "RELU_N1_TO_1" or kind == "RELU6":
                quantizations[1] = quantizations[0]
            version = 1 if kind == "RELU_N1_TO_1" else 2
            yield Case(f"{kind} {i}", unary(draw, kind, shapes(draw), quantizations, version=version))
    for i in range(28):
        alpha = draw.pick(0.1, 0.2, 0.3, 0.01, 1.5, 0.5, draw.power(-8, 0), 0.0)
        yield Case(f"LEAKY_RELU {i}", unary(draw, "LEAKY_RELU", shapes(draw), fitting(draw),
                                            options("LeakyReluOptions", alpha=alpha)))
    for i in range(28):
        shape, alphas = draw.pick(((1, 3, 4, 5), (1, 1, 5)), ((2, 3, 4, 2), (3, 4, 2)), ((1, 8), (8,)), ((3, 7), (1, 7)),
                                  ((1, 2, 3, 9), (1, 1, 1)), ((1, 6, 5), (6, 5)))
        first, last = fitting(draw)
        alpha = dict(scale=draw.power(-9, -5), zero=draw.pick(0, draw.zero()))
        yield Case(f"PRELU {i}", prelu(draw, shape, alphas, [first, alpha, last]))
    for kind, table in [("HARD_SWISH", "HardSwishOptions"), ("ELU", None), ("ABS", "AbsOptions")]:
        for i in range(28):
            yield Case(f"{kind} {i}", unary(draw, kind, shapes(draw), fitting(draw, -9, -1), table and options(table),
                                            version=1))
    for i in range(24):
        yield Case(f"SQRT {i}", unary(draw, "SQRT", shapes(draw), positive(draw), version=2))
        yield Case(f"RSQRT {i}", unary(draw, "RSQRT", shapes(draw), inverse(draw), version=2))
