"""BATCH_MATMUL of int8: the input times a constant, a constant times it, or it times itself."""

import numpy as np
from draw import Case
from networks import INT8, INT16, Network, options


def matmul(draw, batches, rows, depth, columns, adjoint, constant, dtype=INT8, other_batches=None):
    """`constant` is "left", "right" or None for the input twice, which must be square unless one side is adjoint."""
    net = Network()
    zero = draw.zero if dtype == INT8 else lambda: 0
    first, second = dict(scale=draw.scale(), zero=zero()), dict(scale=draw.scale(), zero=zero())
    shapes = [(depth, rows) if adjoint[0] else (rows, depth), (columns, depth) if adjoint[1] else (depth, columns)]
    batch = [batches, batches if other_batches is None else other_batches]
    shapes = [(*b, *shape) for b, shape in zip(batch, shapes)]
    if constant is None:
        source, second = net.tensor(shapes[0], dtype, **first), first
        inputs = [source, source]
    else:
        at = ["left", "right"].index(constant)
        inputs = []
        for i, (shape, quantization) in enumerate(zip(shapes, (first, second))):
            values = draw.rng.integers(-128, 128, shape).astype(np.int8 if dtype == INT8 else np.int16) if i == at else None
            inputs.append(net.tensor(shape, dtype, **quantization, data=values))
    to_scale = first["scale"] * second["scale"] * np.sqrt(depth) * 80 * draw.pick(1.0, 1.0, 0.2, 3.0)
    if dtype == INT16 and constant is None:
        to_scale *= 200
    sink = net.tensor((*np.broadcast_shapes(*batch), rows, columns), dtype, scale=to_scale, zero=zero())
    table = options("BatchMatMulOptions", adjX=adjoint[0], adjY=adjoint[1])
    return net.single("BATCH_MATMUL", 2 if dtype == INT8 else 3, inputs, sink, table)


def cases(draw):
    for i in range(36):
        adjoint = (bool(i & 1), bool(i & 2))
        batches = draw.pick((), (), (1,), (3,), (2, 2))
        constant = ("left", "right", "right", None)[i % 9 % 4]
        rows, depth, columns = (draw.integer(1, 7) for _ in range(3))
        if constant is None:
            columns = rows
            if adjoint[0] == adjoint[1]:
                depth = rows
        yield Case(f"BATCH_MATMUL {i}", matmul(draw, batches, rows, depth, columns, adjoint, constant))
    for i, (one, other) in enumerate([((2, 3), (3,)), ((2, 1), (1, 3)), ((4,), (1,)), ((1,), (3,))]):
        yield Case(f"BATCH_MATMUL broadcast {i}", matmul(
            draw, one, 3, 4, 2, (bool(i & 1), False), "right", other_batches=other))
