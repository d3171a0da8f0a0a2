"""Layers of int8 activations whose weights are packed, two of 4 bits in a byte, the lower half first."""

import numpy as np
from draw import ACTIVATIONS, Case
from layers import Integers, fully_connected, random_convolution
from networks import INT4


class Nibbles(Integers):
    weight_type, weight_spread = INT4, 4.3

    def filter(self, shape, axis):
        values = self.draw.weights(int(np.prod(shape)), self.style, 7).view(np.uint8) & 15
        values = np.append(values, np.zeros(len(values) % 2, np.uint8))
        return self.net.tensor(shape, INT4, scale=self.scales[1], axis=axis, data=values[::2] | values[1::2] << 4)


def cases(draw):
    for i in range(28):
        yield Case(f"CONV_2D int4 {i}", random_convolution(
            draw, "CONV_2D", layer=Nibbles, version=7, size=(draw.integer(1, 6), draw.integer(1, 6))))
        yield Case(f"DEPTHWISE_CONV_2D int4 {i}", random_convolution(
            draw, "DEPTHWISE_CONV_2D", layer=Nibbles, version=7, size=(draw.integer(1, 6), draw.integer(1, 6))))
        yield Case(f"FULLY_CONNECTED int4 {i}", fully_connected(
            draw, draw.pick((1,), (2,), (1, 3)), draw.integer(1, 40), draw.integer(1, 12), draw.pick(*ACTIVATIONS), Nibbles, 10,
            per_channel=bool(i % 4 == 0), gain=draw.pick(1.0, 4.0), bias=draw.pick("usual", "none")))
