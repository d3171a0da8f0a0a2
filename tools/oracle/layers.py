"""Convolutions and dense layers of int8 activations and weights."""

import numpy as np
from draw import ACTIVATIONS, NONE, RELU6, RELU_N1_TO_1, SAME, VALID, Case, out_size
from networks import INT8, INT32, INT64, Network, options


class Integers:
    """The tensors of a layer of int8; layers of other element types derive from this."""

    activation_type, weight_type, bias_type = INT8, INT8, INT32
    # Typical magnitudes.
    source_spread, weight_spread, sink_spread = 74, 74, 45

    def __init__(self, draw, channels, depth, activation, per_channel=True, gain=1.0, style="usual", bias="usual"):
        self.draw, self.activation, self.style, self.net = draw, activation, style, Network()
        self.scales = self.draw_scales(channels, depth, per_channel, gain)
        self.bias_values = None
        if bias != "none":
            bound = 2**30 if bias == "huge" else int(np.sqrt(depth) * self.source_spread * self.weight_spread * 1.1) + 1
            self.bias_values = draw.rng.integers(-bound, bound, channels)

    def draw_scales(self, channels, depth, per_channel, gain):
        """Input, filter, bias and output scales such that outputs fill the range, times `gain`."""
        from_scale = self.draw.scale() * 74 / self.source_spread
        spread = 2.0 ** self.draw.rng.uniform(-2, 2, channels) if per_channel else np.ones(1)
        filter_scale = np.float32(spread * 2.0 ** self.draw.rng.uniform(-9, -3))
        widening = self.source_spread * self.weight_spread / self.sink_spread
        to_scale = from_scale * filter_scale.mean() * np.sqrt(depth) * widening / gain
        if self.activation in (RELU6, RELU_N1_TO_1) and not self.draw.chance(6):
            # The bounds of the activation within the range of the outputs.
            less = self.draw.power(-8, -5) * 45 / self.sink_spread / to_scale
            from_scale, to_scale = from_scale * less, to_scale * less
        return float(np.float32(from_scale)), filter_scale, np.float32(from_scale) * filter_scale, float(to_scale)

    def zero(self, activation=NONE):
        return self.draw.sink_zero(activation)

    def source(self, shape):
        return self.net.tensor(shape, self.activation_type, scale=self.scales[0], zero=self.zero())

    def filter(self, shape, axis):
        values = self.draw.weights(shape, self.style)
        return self.net.tensor(shape, self.weight_type, scale=self.scales[1], axis=axis, data=values)

    def bias(self):
        if self.bias_values is None:
            return -1
        values = self.bias_values.astype(np.int64 if self.bias_type == INT64 else np.int32)
        return self.net.tensor(values.shape, self.bias_type, self.scales[2], data=values)

    def sink(self, shape):
        return self.net.tensor(shape, self.activation_type, scale=self.scales[3], zero=self.zero(self.activation))


def convolution(draw, kind, size, channels, filters, kernel, stride=(1, 1), dilation=(1, 1), padding=SAME, batch=1,
                activation=NONE, groups=1, layer=Integers, version=3, **style):
    (height, width), (kernel_y, kernel_x) = size, kernel
    depthwise = kind == "DEPTHWISE_CONV_2D"
    each = 1 if depthwise else channels // groups
    layer = layer(draw, filters, kernel_y * kernel_x * each, activation, **style)
    shape, axis = ((1, kernel_y, kernel_x, filters), 3) if depthwise else ((filters, kernel_y, kernel_x, each), 0)
    inputs = [layer.source((batch, height, width, channels)), layer.filter(shape, axis), layer.bias()]
    inputs = [i for i in inputs if i >= 0]
    sink = layer.sink((batch, *(out_size(*along, padding) for along in zip(size, kernel, stride, dilation)), filters))
    fields = dict(padding=padding, strideH=stride[0], strideW=stride[1], dilationHFactor=dilation[0],
                  dilationWFactor=dilation[1], fusedActivationFunction=activation)
    if depthwise:
        fields["depthMultiplier"] = filters // channels
    table = options("DepthwiseConv2DOptions" if depthwise else "Conv2DOptions", **fields)
    return layer.net.single(kind, version, inputs, sink, table)


def integer_style(draw):
    return dict(per_channel=not draw.chance(4), gain=draw.pick(1.0, 1.0, 4.0, 0.1),
                style=draw.pick("usual", "usual", "extreme"), bias=draw.pick("usual", "usual", "usual", "usual", "huge"))


def random_convolution(draw, kind, styles=integer_style, **fixed):
    dilation = fixed.get("dilation") or draw.pick((1, 1), (1, 1), (1, 1), (2, 2), (1, 2), (3, 1))
    size = fixed.get("size") or (draw.integer(1, 7), draw.integer(1, 7))
    kernel = fixed.get("kernel") or (draw.integer(1, 4), draw.integer(1, 4))
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    padding = draw.pick(SAME, VALID) if all(s >= e for s, e in zip(size, extents)) else SAME
    stride = draw.pick((1, 1), (1, 1), (2, 2), (1, 2), (3, 1)) if dilation == (1, 1) else (1, 1)
    channels = fixed.get("channels") or draw.pick(1, 2, 3, 4, 5, 7, 8, 12)
    if kind == "CONV_2D":
        filters = draw.pick(1, 2, 3, 4, 5, 8, 10)
    else:
        filters = channels * draw.pick(1, 1, 1, 2, 3, 4 if channels < 6 else 1)
    drawn = dict(size=size, channels=channels, filters=filters, kernel=kernel, stride=stride, dilation=dilation,
                 padding=padding, batch=draw.pick(1, 1, 1, 2, 3), activation=draw.pick(*ACTIVATIONS), **styles(draw))
    return convolution(draw, kind, **(drawn | fixed))


def fully_connected(draw, batch, depth, units, activation=NONE, layer=Integers, version=None, **style):
    layer = layer(draw, units, depth, activation, **style)
    inputs = [layer.source((*batch, depth)), layer.filter((units, depth), 0), layer.bias()]
    keep = len(batch) > 1
    table = options("FullyConnectedOptions", fusedActivationFunction=activation, keepNumDims=keep)
    return layer.net.single("FULLY_CONNECTED", version or (5 if keep else 4), inputs,
                            layer.sink((*batch, units)), table)


def transpose_convolution(draw, size, channels, filters, kernel, stride, padding, batch=1, activation=NONE, layer=Integers,
                          version=4, **style):
    layer = layer(draw, filters, max(1, kernel[0] * kernel[1] * channels // (stride[0] * stride[1])), activation, **style)
    # A forward convolution of several sizes of output yields the size of this input.
    spare = [draw.integer(0, along - 1) for along in stride]
    if padding == SAME:
        out = [s * along - less for s, along, less in zip(size, stride, spare)]
    else:
        out = [(s - 1) * along + max(k, 1) + more for s, along, k, more in zip(size, stride, kernel, spare)]
    shape = (batch, *out, filters)
    weights = layer.filter((filters, *kernel, channels), 0)
    inputs = [layer.net.numbers(shape), weights, layer.source((batch, *size, channels)), layer.bias()]
    table = options("TransposeConvOptions", padding=padding, strideH=stride[0], strideW=stride[1],
                    fusedActivationFunction=activation)
    return layer.net.single("TRANSPOSE_CONV", version, [i for i in inputs if i >= 0],
                            layer.sink(shape), table)


def random_transpose(draw, styles=integer_style, **fixed):
    drawn = dict(size=(draw.integer(1, 4), draw.integer(1, 4)), channels=draw.integer(1, 6), filters=draw.integer(1, 6),
                 kernel=(draw.integer(1, 4), draw.integer(1, 4)), stride=draw.pick((1, 1), (2, 2), (2, 1), (1, 3)),
                 padding=draw.pick(SAME, VALID), batch=draw.pick(1, 1, 2), activation=draw.pick(NONE, *ACTIVATIONS),
                 **styles(draw))
    return transpose_convolution(draw, **(drawn | fixed))


def cases(draw):
    plain = dict(dilation=(1, 1))
    for i in range(70):
        yield Case(f"CONV_2D {i}", random_convolution(draw, "CONV_2D"))
    for i, (channels, filters) in enumerate([(1, 1), (3, 5), (4, 4), (8, 8), (8, 7), (16, 16), (17, 9), (32, 12), (30, 2),
                                             (64, 6), (6, 64)]):
        for stride in [(1, 1), (2, 2)]:
            yield Case(f"CONV_2D pointwise {i} stride {stride[0]}", random_convolution(
                draw, "CONV_2D", size=(5, 7), channels=channels, filters=filters, kernel=(1, 1), stride=stride, **plain))
    for i in range(12):
        yield Case(f"CONV_2D along one dimension {i}", random_convolution(
            draw, "CONV_2D", size=draw.pick((1, 20), (20, 1)), kernel=draw.pick((1, 5), (3, 1), (1, 8)), padding=SAME))
    for i in range(8):
        yield Case(f"CONV_2D stem {i}", random_convolution(
            draw, "CONV_2D", size=(9, 8), channels=draw.pick(1, 3), filters=8, kernel=(3, 3), batch=1,
            stride=draw.pick((1, 1), (2, 2)), **plain))
    yield Case("CONV_2D larger than its input", random_convolution(
        draw, "CONV_2D", size=(2, 3), kernel=(5, 7), padding=SAME, stride=(1, 1), **plain))
    for i, (groups, each, filters) in enumerate([(2, 1, 2), (2, 3, 4), (3, 2, 3), (3, 1, 9), (4, 2, 4), (4, 4, 8), (2, 5, 6),
                                                 (5, 1, 5), (8, 1, 16), (2, 8, 2), (6, 2, 12), (2, 4, 10)]):
        yield Case(f"CONV_2D groups {i}", random_convolution(
            draw, "CONV_2D", channels=groups * each, filters=filters, groups=groups, version=6))
    for i, gain in enumerate([300.0, 2000.0, 2e4, 1e-4, 1e-6, 1e-9]):
        for kind in ["CONV_2D", "DEPTHWISE_CONV_2D"]:
            yield Case(f"{kind} gain {i}", random_convolution(draw, kind, gain=gain, bias="usual", style="usual"))
    for i in range(6):
        for kind in ["CONV_2D", "DEPTHWISE_CONV_2D"]:
            yield Case(f"{kind} no bias {i}", random_convolution(draw, kind, bias="none"))
    for i in range(60):
        yield Case(f"DEPTHWISE_CONV_2D {i}", random_convolution(draw, "DEPTHWISE_CONV_2D"))
    for i in range(16):
        channels = draw.pick(4, 8, 16, 24, 6)
        yield Case(f"DEPTHWISE_CONV_2D 3x3 {i}", random_convolution(
            draw, "DEPTHWISE_CONV_2D", channels=channels, filters=channels, kernel=(3, 3), padding=SAME,
            stride=draw.pick((1, 1), (2, 2)), **plain))
    for i in range(44):
        batch = draw.pick((1,), (1,), (2,), (5,), (1, 3), (2, 2, 1))
        yield Case(f"FULLY_CONNECTED {i}", fully_connected(
            draw, batch, draw.integer(1, 60), draw.integer(1, 19), draw.pick(*ACTIVATIONS), per_channel=draw.chance(3),
            gain=draw.pick(1.0, 1.0, 8.0, 0.1), style=draw.pick("usual", "extreme"),
            bias=draw.pick("usual", "usual", "none", "none", "huge")))
    for i in range(34):
        bias = draw.pick("usual", "usual", "huge", "none")
        yield Case(f"TRANSPOSE_CONV {i}", random_transpose(draw, bias=bias))
    for i, gain in enumerate([300.0, 1e-5]):
        yield Case(f"TRANSPOSE_CONV gain {i}", random_transpose(draw, gain=gain))
