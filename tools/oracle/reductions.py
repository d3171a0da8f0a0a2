"""Operators of int8 that reduce dimensions."""

from draw import Case
from networks import FLOAT32, INT8, INT32, Network, options

SHAPES = [(1, 5, 6, 7), (2, 3, 4, 5), (1, 25, 5, 3), (3, 17), (40,), (2, 4, 9), (1, 1, 1, 6), (2, 6, 1, 3)]


def reduction(draw, kind, shape, axes, keep, quantizations, dtype=INT8, version=2):
    net = Network()
    source = net.tensor(shape, dtype, **quantizations[0])
    axis = net.numbers(axes)
    reduced = {a % len(shape) for a in axes}
    out = [1 if i in reduced else dim for i, dim in enumerate(shape) if keep or i not in reduced]
    sink = net.tensor(out, dtype, **quantizations[1])
    return net.single(kind, version, [source, axis], sink, options("ReducerOptions", keepDims=keep))


def random_axes(draw, shape):
    axes = [int(a) for a in draw.rng.permutation(len(shape))[: draw.integer(1, len(shape))]]
    if len(shape) == 4 and draw.chance(2):
        axes = [1, 2]
    return [a - len(shape) if draw.chance(4) else a for a in axes]


def random_reduction(draw, kind):
    shape = draw.pick(*SHAPES)
    axes = random_axes(draw, shape)
    first = draw.quantization()
    if kind == "SUM" and not draw.chance(3):
        first["zero"] = draw.integer(-20, 20)
    if draw.chance(4 if kind == "SUM" else 2) or kind == "REDUCE_MAX":
        second = first
    else:
        count = 1
        for a in axes:
            count *= shape[a]
        wide = count**0.5 if kind == "SUM" else 1
        second = dict(scale=first["scale"] * wide * draw.power(-2, 1), zero=draw.zero())
    return reduction(draw, kind, shape, axes, draw.chance(2), [first, second])


def arg(draw, kind, shape, axis, dtype=INT8):
    net = Network()
    source = net.tensor(shape, dtype, **(draw.quantization() if dtype != FLOAT32 else {}))
    at = axis % len(shape)
    sink = net.tensor(shape[:at] + shape[at + 1 :], INT32)
    name = {"ARG_MAX": "ArgMaxOptions", "ARG_MIN": "ArgMinOptions"}[kind]
    return net.single(kind, 2, [source, net.numbers(axis)], sink, options(name, outputType=INT32))


def cases(draw):
    for kind, count in [("MEAN", 40), ("SUM", 28), ("REDUCE_MAX", 24)]:
        for i in range(count):
            yield Case(f"{kind} {i}", random_reduction(draw, kind))
    for kind in ["ARG_MAX", "ARG_MIN"]:
        for i in range(20):
            # Wide enough for equal elements, of which the first one counts.
            shape = draw.pick((1, 10), (300,), (2, 5, 3), (4, 2, 3, 5), (1, 1), (3, 400), (6, 2))
            yield Case(f"{kind} {i}", arg(draw, kind, shape, draw.integer(-len(shape), len(shape) - 1)))
