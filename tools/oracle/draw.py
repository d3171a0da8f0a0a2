"""What the families of cases are made of: cases, and the random choices that fill them."""

from typing import NamedTuple

import numpy as np

SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6 = range(4)
ACTIVATIONS = (NONE, RELU, RELU6, RELU_N1_TO_1)


class Case(NamedTuple):
    """A network; its name starts with the schema's name of its operator."""

    name: str
    model: bytes
    invocations: int = 1
    tolerance: int = 0


def out_size(size, kernel, stride, dilation, padding):
    extent = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == SAME else (size - extent) // stride + 1


class Draw:
    """Random choices, the same ones for the same seed."""

    def __init__(self, seed):
        self.rng = np.random.Generator(np.random.PCG64(seed))

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def chance(self, one_in):
        return not self.rng.integers(one_in)

    def integer(self, low, high):
        """From `low` up to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def shape(self, low, high, largest=6):
        """Between `low` and `high` dimensions."""
        return tuple(self.integer(1, largest) for _ in range(self.integer(low, high)))

    def power(self, low, high):
        return float(np.float32(2.0 ** self.rng.uniform(low, high)))

    def scale(self):
        return self.power(-9, 1)

    def zero(self):
        return int(self.pick(-128, 127, 0, self.integer(-128, 127), self.integer(-128, 127)))

    def sink_zero(self, activation):
        """A zero point that leaves most activations something to tell apart."""
        if activation in (RELU, RELU6) and not self.chance(8):
            return int(self.pick(-128, -128, 0, self.integer(-128, 40)))
        return self.zero()

    def quantization(self):
        return dict(scale=self.scale(), zero=self.zero())

    def bytes(self, shape):
        return self.rng.integers(-128, 128, shape, np.int8)

    def weights(self, shape, style="usual", largest=127):
        if style == "extreme":
            return self.rng.choice(np.array([-largest - 1, -largest, largest], np.int8), shape)
        return self.rng.integers(-largest, largest + 1, shape, np.int8)

    def floats(self, shape):
        """Sixteenths, as the networks' inputs have."""
        return (self.bytes(shape) / np.float32(16)).astype(np.float32)
