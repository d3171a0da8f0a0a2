"""Operators of int16 activations: layers of int8 weights and int64 biases, and others."""

import numpy as np
from activations import unary
from draw import ACTIVATIONS, NONE, RELU6, RELU_N1_TO_1, Case
from elementwise import SHAPES, TABLES, binary
from layers import Integers, fully_connected, random_convolution, random_transpose
from matmul import matmul
from movement import pad
from networks import INT16, INT32, INT64, options
from pools import random_pool
from reductions import SHAPES as REDUCED
from reductions import random_axes, reduction


class Words(Integers):
    """Activations of int16 have no zero point."""

    activation_type, bias_type = INT16, INT64
    source_spread, sink_spread = 18900, 11500

    def zero(self, activation=NONE):
        return 0


class WordsNarrowBias(Words):
    """The converter writes biases of int32 if asked to; only the kernel of CONV_2D reads them rightly."""

    bias_type = INT32


def style(draw):
    return dict(per_channel=not draw.chance(4), gain=draw.pick(1.0, 1.0, 4.0, 0.02),
                style=draw.pick("usual", "usual", "extreme"), bias=draw.pick("usual", "usual", "usual", "none", "huge"))


def words(draw):
    return lambda shape: draw.rng.integers(-32768, 32768, shape).astype(np.int16)


def plain(scale):
    return dict(scale=scale, zero=0)


def layers(draw):
    small = dict(styles=style, layer=Words, version=4)
    for i in range(24):
        size = dict(size=(draw.integer(1, 6), draw.integer(1, 6)), channels=draw.integer(1, 6))
        yield Case(f"CONV_2D int16 {i}", random_convolution(draw, "CONV_2D", **small, **size))
        size["channels"] = draw.integer(1, 5)
        yield Case(f"DEPTHWISE_CONV_2D int16 {i}", random_convolution(
            draw, "DEPTHWISE_CONV_2D", **(small | dict(version=5)), **size))
    for i in range(8):
        yield Case(f"CONV_2D int16 narrow bias {i}", random_convolution(
            draw, "CONV_2D", style, layer=WordsNarrowBias, version=5, size=(3, draw.integer(1, 5)), channels=2, bias="usual"))
    for i in range(16):
        yield Case(f"FULLY_CONNECTED int16 {i}", fully_connected(
            draw, draw.pick((1,), (2,), (1, 3)), draw.integer(1, 40), draw.integer(1, 9), draw.pick(*ACTIVATIONS), Words, 7,
            **(style(draw) | dict(per_channel=False))))
    for i in range(8):
        yield Case(f"TRANSPOSE_CONV int16 {i}", random_transpose(draw, style, layer=Words, version=3, activation=NONE))


def two_operands(draw):
    for kind in TABLES:
        for i in range(6 if kind in ("MAXIMUM", "MINIMUM") else 12):
            shape, constant = SHAPES[draw.integer(0, len(SHAPES) - 1)]
            activation = draw.pick(NONE, NONE, *ACTIVATIONS)
            first = draw.power(-15, -10)
            second = first * draw.pick(1.0, draw.power(-4, 4))
            result = first * second * 32768 if kind == "MUL" else max(first, second)
            if kind in ("MAXIMUM", "MINIMUM"):
                second, result, activation = first, first, NONE
            scales = [plain(first), plain(second), plain(result * draw.pick(1.0, draw.power(-1, 2)))]
            if kind in ("MAXIMUM", "MINIMUM"):
                scales[2] = scales[0]
            version = {"ADD": 4, "SUB": 5, "MUL": 4, "MAXIMUM": 3, "MINIMUM": 3}[kind]
            yield Case(f"{kind} int16 {i}", binary(
                draw, kind, shape, constant if i % 5 else None, activation, bool(i % 2), INT16, version, scales, words(draw)))


def cases(draw):
    yield from layers(draw)
    yield from two_operands(draw)
    for i in range(10):
        for kind in ["AVERAGE_POOL_2D", "MAX_POOL_2D"]:
            activation = draw.pick(NONE, NONE, *ACTIVATIONS)
            scale = draw.power(-14, -11) if activation in (RELU6, RELU_N1_TO_1) else draw.power(-15, -6)
            yield Case(f"{kind} int16 {i}", random_pool(
                draw, kind, channels=draw.integer(1, 5), activation=activation, dtype=INT16, version=3, **plain(scale)))
    for i in range(14):
        shape = draw.pick((1, 12), (4, 7), (2, 3, 5), (1, 2), (1, 100), (9,))
        scales = [plain(draw.power(-15, -9)), plain(1 / 32768)]
        yield Case(f"SOFTMAX int16 {i}", unary(
            draw, "SOFTMAX", shape, scales, options("SoftmaxOptions", beta=draw.pick(1.0, 1.0, 0.5)), INT16, 3))
    for kind in ["LOGISTIC", "TANH"]:
        for i in range(14):
            scale = draw.pick(draw.power(-15, -9), 2.0**-12, 2.0**-11, 2.0**-13, 3 / 32768)
            yield Case(f"{kind} int16 {i}", unary(
                draw, kind, draw.pick((100,), (3, 31), (2, 3, 4, 5)), [plain(scale), plain(1 / 32768)], None, INT16, 3))
    for i in range(8):
        scales = [plain(draw.power(-15, -9)), plain(draw.power(-15, -9))]
        yield Case(f"LEAKY_RELU int16 {i}", unary(
            draw, "LEAKY_RELU", (3, 31), scales, options("LeakyReluOptions", alpha=draw.pick(0.1, 0.3, 1.5)), INT16))
        yield Case(f"ABS int16 {i}", unary(draw, "ABS", (3, 31), scales, options("AbsOptions"), INT16, 3))
    for i in range(12):
        shape = draw.pick(*REDUCED)
        first = draw.power(-15, -9)
        scales = [plain(first), plain(first * draw.pick(1.0, draw.power(-1, 1)))]
        yield Case(f"MEAN int16 {i}", reduction(
            draw, "MEAN", shape, random_axes(draw, shape), draw.chance(2), scales, INT16, 3))
    for i in range(8):
        shape = draw.shape(1, 4, 4)
        yield Case(f"PAD int16 {i}", pad(draw, shape, draw.rng.integers(0, 3, (len(shape), 2)).tolist(), dtype=INT16))
    for i in range(8):
        rows, depth = draw.integer(1, 5), draw.integer(1, 6)
        yield Case(f"BATCH_MATMUL int16 {i}", matmul(
            draw, draw.pick((), (2,)), rows, depth, draw.integer(1, 5), (bool(i & 1), bool(i & 2)), "right", INT16))
