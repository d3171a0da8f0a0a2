"""Operators of float32, whose outputs are compared with a tolerance where roundings may differ."""

from activations import prelu, unary
from draw import ACTIVATIONS, Case
from elementwise import SHAPES, binary
from layers import Integers, fully_connected, random_convolution, random_transpose
from movement import pad
from networks import FLOAT32, options
from pools import random_pool, resize
from reductions import SHAPES as REDUCED
from reductions import arg, random_axes, reduction

CLOSE = 1


class Floats(Integers):
    """Weights of sixteenths, biases of moderate size."""

    activation_type = FLOAT32

    def source(self, shape):
        return self.net.tensor(shape, FLOAT32)

    sink = source

    def filter(self, shape, axis):
        return self.net.tensor(shape, FLOAT32, data=self.draw.floats(shape))

    def bias(self):
        if self.bias_values is None:
            return -1
        return self.net.tensor(self.bias_values.shape, FLOAT32, data=self.draw.floats(self.bias_values.shape))


def style(draw):
    return dict(bias=draw.pick("usual", "usual", "usual", "none"))


def layers(draw):
    small = dict(styles=style, layer=Floats, version=1)
    for i in range(10):
        fixed = dict(size=(draw.integer(1, 4), draw.integer(1, 4)), channels=draw.integer(1, 3), dilation=(1, 1))
        yield "CONV_2D", random_convolution(draw, "CONV_2D", **small, **fixed)
        fixed["dilation"] = draw.pick((1, 1), (2, 1), (2, 2))
        yield "DEPTHWISE_CONV_2D", random_convolution(draw, "DEPTHWISE_CONV_2D", **(small | dict(version=2)), **fixed)
        yield "FULLY_CONNECTED", fully_connected(
            draw, draw.pick((1,), (2,), (1, 3)), draw.integer(1, 12), draw.integer(1, 5), draw.pick(*ACTIVATIONS), Floats, 5,
            **style(draw))
    for i in range(8):
        yield "TRANSPOSE_CONV", random_transpose(
            draw, style, layer=Floats, version=1 if i % 2 else 3, size=(2, 3), channels=2, filters=2, activation=0,
            bias="none" if i % 2 else "usual")


def networks(draw):
    """The operator of every network, and the network."""
    yield from layers(draw)
    plain = [{}, {}, {}]
    for i in range(8):
        for kind in ["AVERAGE_POOL_2D", "MAX_POOL_2D"]:
            yield kind, random_pool(draw, kind, channels=draw.integer(1, 3), size=(4, 5), dtype=FLOAT32, version=1, scale=None)
        for kind in ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"]:
            shape, constant = SHAPES[draw.integer(5, len(SHAPES) - 1)]
            activation = 0 if kind in ("MAXIMUM", "MINIMUM") else draw.pick(*ACTIVATIONS)
            constant = constant if i % 4 else None
            yield kind, binary(draw, kind, shape, constant, activation, bool(i % 2), FLOAT32, 1, plain, draw.floats)
    for i in range(4):
        shape = draw.pick((1, 12), (3, 7), (2, 3, 4))
        table = options("SoftmaxOptions", beta=draw.pick(1.0, 1.0, 0.5))
        yield "SOFTMAX", unary(draw, "SOFTMAX", shape, plain, table, FLOAT32, 1)
        for kind in ["LOGISTIC", "TANH", "RELU", "RELU6", "RELU_N1_TO_1", "HARD_SWISH", "ELU", "ABS"]:
            table = {"HARD_SWISH": "HardSwishOptions", "ABS": "AbsOptions"}.get(kind)
            yield kind, unary(draw, kind, shape, plain, table and options(table), FLOAT32, 1)
        table = options("LeakyReluOptions", alpha=draw.pick(0.1, 0.3, 1.5))
        yield "LEAKY_RELU", unary(draw, "LEAKY_RELU", shape, plain, table, FLOAT32, 1)
        yield "PRELU", prelu(draw, (2, 3, 4), (1, 4), plain, FLOAT32, draw.floats((1, 4)))
        shape = draw.pick(*REDUCED[3:])
        for kind in ["MEAN", "SUM", "REDUCE_MAX"]:
            yield kind, reduction(draw, kind, shape, random_axes(draw, shape), draw.chance(2), plain, FLOAT32, 1)
        yield "ARG_MAX", arg(draw, "ARG_MAX", (2, 3, 5), draw.integer(-3, 2), FLOAT32)
        yield "PAD", pad(draw, (2, 3), draw.rng.integers(0, 3, (2, 2)).tolist(), dtype=FLOAT32)
        align = i % 3 == 1
        yield "RESIZE_BILINEAR", resize(draw, "RESIZE_BILINEAR", (2, 3), (5, 4), 2, 1, align, i % 3 == 2, FLOAT32)
        yield "RESIZE_NEAREST_NEIGHBOR", resize(
            draw, "RESIZE_NEAREST_NEIGHBOR", (2, 3), (5, 4), 2, 1, align, i % 3 == 2, FLOAT32)


def cases(draw):
    counts = {}
    for kind, model in networks(draw):
        counts[kind] = counts.get(kind, -1) + 1
        yield Case(f"{kind} float {counts[kind]}", model, tolerance=0 if kind == "ARG_MAX" else CLOSE)
