"""Operators that move int8 elements or copy them."""

import numpy as np
from draw import Case
from networks import FLOAT32, INT8, Network, options

PADS = {"PAD": "PadOptions", "PADV2": "PadV2Options"}


class Move:
    """A network whose tensors share one quantization."""

    def __init__(self, draw, shape, dtype=INT8):
        self.net, self.dtype = Network(), dtype
        self.quantization = {} if dtype == FLOAT32 else draw.quantization()
        if dtype not in (FLOAT32, INT8):
            self.quantization["zero"] = 0
        self.source = self.tensor(shape)

    def tensor(self, shape, data=None):
        return self.net.tensor(shape, self.dtype, **self.quantization, data=data)

    def case(self, name, version, to, constants=(), table=None):
        inputs = [self.source, *(self.net.numbers(values) for values in constants)]
        return self.net.single(name, version, inputs, self.tensor(to), table)


def concatenation(draw, shape, axis, pieces):
    """`pieces` has the length of a constant along `axis`, or 0 for the input itself."""
    move = Move(draw, shape)
    inputs, at = [], axis % len(shape)
    for length in pieces:
        part = (*shape[:at], length, *shape[at + 1 :])
        inputs.append(move.tensor(part, draw.bytes(part)) if length else move.source)
    to = (*shape[:at], sum(length or shape[at] for length in pieces), *shape[at + 1 :])
    table = options("ConcatenationOptions", axis=axis)
    return move.net.single("CONCATENATION", 2, inputs, move.tensor(to), table, move.source)


def split(draw, shape, axis, lengths, which, equal):
    move = Move(draw, shape)
    at = axis % len(shape)
    sinks = [move.tensor((*shape[:at], length, *shape[at + 1 :])) for length in lengths]
    if equal:
        inputs = [move.net.numbers(axis), move.source]
        name, table = "SPLIT", options("SplitOptions", numSplits=len(lengths))
    else:
        inputs = [move.source, move.net.numbers(lengths), move.net.numbers(axis)]
        name, table = "SPLIT_V", options("SplitVOptions", numSplits=len(lengths))
    move.net.operator(name, 2, inputs, sinks, table)
    return move.net.file(move.source, sinks[which])


def unpack(draw, shape, axis, which):
    move = Move(draw, shape)
    at = axis % len(shape)
    sinks = [move.tensor(shape[:at] + shape[at + 1 :]) for _ in range(shape[at])]
    move.net.operator("UNPACK", 2, [move.source], sinks, options("UnpackOptions", num=shape[at], axis=axis))
    return move.net.file(move.source, sinks[which])


def pack(draw, shape, axis, pattern):
    """`pattern` says of every part whether it is the input; the others are constant."""
    move = Move(draw, shape)
    inputs = [move.source if own else move.tensor(shape, draw.bytes(shape)) for own in pattern]
    at = axis % (len(shape) + 1)
    table = options("PackOptions", valuesCount=len(pattern), axis=axis)
    return move.net.single("PACK", 2, inputs, move.tensor((*shape[:at], len(pattern), *shape[at:])), table, move.source)


def sliced(draw, shape):
    begin = [draw.integer(0, dim - 1) for dim in shape]
    size = [draw.pick(-1, draw.integer(1, dim - b)) for dim, b in zip(shape, begin)]
    to = [dim - b if s < 0 else s for dim, b, s in zip(shape, begin, size)]
    return Move(draw, shape).case("SLICE", 2, to, [begin, size], options("SliceOptions"))


def strided_slice(draw, shape):
    """Its result's shape by numpy's slices of the same meaning."""
    begin, end, strides, masks, slices = [], [], [], [0, 0, 0], []
    for i, dim in enumerate(shape):
        stride = draw.pick(1, 1, 2, 3, -1, -2)
        first, last = sorted([draw.integer(0, dim - 1), draw.integer(0, dim - 1)])
        low, high = (first, last + 1) if stride > 0 else (last, first - 1)
        shrink = draw.chance(5)
        open_low, open_high = draw.chance(3) and not shrink, draw.chance(3) and not shrink
        if high < 0:
            open_high, high = True, 0
        if shrink:
            stride, high, open_high = 1, low + 1, False
        masks = [mask | flag << i for mask, flag in zip(masks, (open_low, open_high, shrink))]
        slices.append(low if shrink else slice(None if open_low else low, None if open_high else high, stride))
        begin.append(low - dim if draw.chance(3) and not shrink else low)
        end.append(high - dim if high < dim and draw.chance(3) and not shrink else high)
        strides.append(stride)
    table = options("StridedSliceOptions", beginMask=masks[0], endMask=masks[1], shrinkAxisMask=masks[2])
    to = np.empty(shape, np.int8)[tuple(slices)].shape
    return Move(draw, shape).case("STRIDED_SLICE", 4 if len(shape) > 4 else 2, to, [begin, end, strides], table)


def pad(draw, shape, paddings, kind="PAD", mode=0, dtype=INT8):
    move = Move(draw, shape, dtype)
    inputs = [move.source, move.net.numbers(paddings)]
    if kind == "PADV2":
        inputs.append(move.tensor((), draw.bytes(())))
    table = options("MirrorPadOptions", mode=mode) if kind == "MIRROR_PAD" else options(PADS[kind])
    to = [dim + sum(by) for dim, by in zip(shape, paddings)]
    return move.net.single(kind, 2, inputs, move.tensor(to), table)


def gather(draw, shape, indices, axis, batch):
    move = Move(draw, shape)
    at = axis % len(shape)
    values = draw.rng.integers(0, shape[at], indices)
    to = shape[:at] + indices[batch:] + shape[at + 1 :]
    return move.case("GATHER", 4 if batch else 2, to, [values], options("GatherOptions", axis=axis, batchDims=batch))


def transpose(draw, shape, order):
    return Move(draw, shape).case("TRANSPOSE", 2, [shape[i] for i in order], [order], options("TransposeOptions"))


def blocks(draw, kind, shape, block):
    n, h, w, c = shape
    deep = kind == "SPACE_TO_DEPTH"
    to = (n, h // block, w // block, c * block**2) if deep else (n, h * block, w * block, c // block**2)
    table = options("SpaceToDepthOptions" if deep else "DepthToSpaceOptions", blockSize=block)
    return Move(draw, shape).case(kind, 1, to, (), table)


def reshapes(draw):
    for i, (before, after, given) in enumerate([
            ((1, 4, 4, 3), (1, 48), (1, 48)), ((6,), (2, 3), (2, 3)), ((2, 3, 4), (4, 6), (4, 6)), ((1, 1), (1,), (1,)),
            ((2, 3, 4), (2, 12), (2, -1)), ((2, 3, 4), (24,), (-1,)), ((1, 5), (5, 1, 1, 1), (-1, 1, 1, 1)), ((1,), (), ()),
            ((2, 2, 2, 2), (4, 4), None), ((3, 4), (1, 3, 1, 4), (1, 3, 1, 4)), ((2, 3, 2, 2), (2, 2, 3, 2, 1), None)]):
        table = options("ReshapeOptions", newShape=list(after if given is None else given))
        yield Case(f"RESHAPE {i}", Move(draw, before).case("RESHAPE", 1, after, [] if given is None else [given], table))
    for i, (before, after, axes) in enumerate([
            ((1, 4, 1, 3), (4, 3), []), ((1, 4, 1, 3), (4, 1, 3), [0]), ((1, 4, 1, 3), (4, 3), [0, 2]), ((1, 1), (), []),
            ((5, 1, 2), (5, 2), [-2]), ((2, 3), (2, 3), []), ((1, 1, 4), (1, 4), [1]), ((3, 1, 1, 1), (3,), [1, 2, 3])]):
        yield Case(f"SQUEEZE {i}", Move(draw, before).case("SQUEEZE", 1, after, (), options("SqueezeOptions", squeezeDims=axes)))
    for i, (before, axis) in enumerate([((3, 4), 0), ((3, 4), 1), ((3, 4), 2), ((3, 4), -1), ((5,), -2), ((2, 2, 3), 1),
                                        ((2, 2, 3), -4), ((1,), 0)]):
        at = axis % (len(before) + 1)
        after = (*before[:at], 1, *before[at:])
        yield Case(f"EXPAND_DIMS {i}", Move(draw, before).case("EXPAND_DIMS", 1, after, [axis], options("ExpandDimsOptions")))


def joins(draw):
    for i in range(26):
        shape = draw.shape(1, 4, 5)
        axis = draw.integer(-len(shape), len(shape) - 1)
        pieces = draw.pick([0, 2], [1, 0], [0, 0], [3, 0, 1], [0, 0, 0], [0, 4, 0], [2, 1, 3, 0])
        yield Case(f"CONCATENATION {i}", concatenation(draw, shape, axis, pieces))
    for i in range(20):
        shape = draw.shape(1, 3, 5)
        pattern = draw.pick([True, False], [False, True], [True, True, False], [False, False, True, True], [True])
        yield Case(f"PACK {i}", pack(draw, shape, draw.integer(-len(shape) - 1, len(shape)), pattern))
    for i in range(20):
        shape = draw.shape(2, 4, 5)
        axis = draw.integer(-len(shape), len(shape) - 1)
        yield Case(f"UNPACK {i}", unpack(draw, shape, axis, draw.integer(0, shape[axis] - 1)))
    for i in range(20):
        shape, parts = list(draw.shape(1, 4, 5)), draw.integer(2, 4)
        axis, each = draw.integer(-len(shape), len(shape) - 1), draw.integer(1, 3)
        shape[axis] = parts * each
        yield Case(f"SPLIT {i}", split(draw, tuple(shape), axis, [each] * parts, draw.integer(0, parts - 1), True))
        lengths = [draw.integer(1, 4) for _ in range(parts)]
        shape[axis] = sum(lengths)
        yield Case(f"SPLIT_V {i}", split(draw, tuple(shape), axis, lengths, draw.integer(0, parts - 1), False))


def cases(draw):
    yield from reshapes(draw)
    yield from joins(draw)
    for i in range(24):
        yield Case(f"SLICE {i}", sliced(draw, draw.shape(1, 4)))
    for i in range(40):
        yield Case(f"STRIDED_SLICE {i}", strided_slice(draw, draw.shape(1, 4, 7)))
    for i in range(22):
        shape = draw.shape(1, 4, 5)
        amounts = draw.rng.integers(0, 4, (len(shape), 2)).tolist()
        yield Case(f"PAD {i}", pad(draw, shape, amounts))
        yield Case(f"PADV2 {i}", pad(draw, shape, amounts, "PADV2"))
    for i in range(22):
        mode, shape = i % 2, tuple(dim + 1 for dim in draw.shape(1, 4, 5))
        amounts = [[draw.integer(0, min(3, dim - 1 + mode)), draw.integer(0, min(3, dim - 1 + mode))] for dim in shape]
        yield Case(f"MIRROR_PAD {i}", pad(draw, shape, amounts, "MIRROR_PAD", mode))
    for i in range(24):
        shape = draw.shape(2, 4 if i < 20 else 5, 5)
        yield Case(f"TRANSPOSE {i}", transpose(draw, shape, draw.rng.permutation(len(shape)).tolist()))
    for i in range(24):
        shape = draw.shape(1, 4, 5)
        batch = 1 if i % 4 == 3 and len(shape) > 1 else 0
        indices = ((shape[0],) if batch else ()) + draw.shape(0 if i % 3 else 1, 2, 4)
        yield Case(f"GATHER {i}", gather(draw, shape, indices, draw.integer(batch, len(shape) - 1), batch))
    for i in range(20):
        block = draw.pick(1, 2, 2, 3)
        batch, height, width, channels = draw.integer(1, 2), draw.integer(1, 3), draw.integer(1, 3), draw.integer(1, 4)
        yield Case(f"SPACE_TO_DEPTH {i}", blocks(
            draw, "SPACE_TO_DEPTH", (batch, height * block, width * block, channels), block))
        yield Case(f"DEPTH_TO_SPACE {i}", blocks(
            draw, "DEPTH_TO_SPACE", (batch, height, width, channels * block**2), block))
