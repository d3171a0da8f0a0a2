"""Pools and resizing of int8."""

from draw import ACTIVATIONS, NONE, SAME, VALID, Case, out_size
from networks import INT8, Network, options


def pool(draw, kind, size, channels, kernel, stride, padding, batch, activation, dtype=INT8, version=2, **quantization):
    net = Network()
    if not quantization:
        scale = draw.power(-8, -5) if activation != NONE else draw.scale()
        quantization = dict(scale=scale, zero=draw.sink_zero(activation))
    source = net.tensor((batch, *size, channels), dtype, **quantization)
    out = [out_size(*along, 1, padding) for along in zip(size, kernel, stride)]
    sink = net.tensor((batch, *out, channels), dtype, **quantization)
    table = options("Pool2DOptions", padding=padding, filterHeight=kernel[0], filterWidth=kernel[1],
                    strideH=stride[0], strideW=stride[1], fusedActivationFunction=activation)
    return net.single(kind, version, [source], sink, table)


def random_pool(draw, kind, **fixed):
    size = fixed.get("size") or (draw.integer(1, 9), draw.integer(1, 9))
    kernel = fixed.get("kernel") or draw.pick((draw.integer(1, 5), draw.integer(1, 5)), (draw.integer(1, 5), 1), size)
    fits = all(s >= k for s, k in zip(size, kernel))
    drawn = dict(size=size, channels=draw.integer(1, 12), kernel=kernel, stride=(draw.integer(1, 3), draw.integer(1, 3)),
                 padding=draw.pick(SAME, VALID) if fits else SAME, batch=draw.pick(1, 1, 2),
                 activation=draw.pick(NONE, *ACTIVATIONS))
    return pool(draw, kind, **(drawn | fixed))


def resize(draw, kind, size, to, channels, batch, align, half, dtype=INT8, version=3):
    net = Network()
    quantization = draw.quantization() if dtype == INT8 else {}
    source = net.tensor((batch, *size, channels), dtype, **quantization)
    sink = net.tensor((batch, *to, channels), dtype, **quantization)
    table = {"RESIZE_BILINEAR": "ResizeBilinearOptions", "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions"}[kind]
    fields = dict(alignCorners=align, halfPixelCenters=half)
    return net.single(kind, version, [source, net.numbers(to)], sink, options(table, **fields))


def cases(draw):
    for kind in ["AVERAGE_POOL_2D", "MAX_POOL_2D"]:
        for i in range(28):
            yield Case(f"{kind} {i}", random_pool(draw, kind))
        for i in range(4):
            yield Case(f"{kind} padded {i}", random_pool(
                draw, kind, size=(draw.integer(1, 3), draw.integer(1, 3)), kernel=(draw.integer(2, 6), draw.integer(2, 6)),
                padding=SAME))
    for kind in ["RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"]:
        for align, half, name in [(False, False, "plain"), (True, False, "align corners"), (False, True, "half pixels")]:
            sizes = [((2, 3), (4, 6)), ((3, 3), (7, 5)), ((4, 4), (8, 8)), ((5, 7), (3, 2)), ((1, 1), (3, 4)), ((4, 3), (1, 1)),
                     ((2, 5), (6, 5)), ((3, 4), (10, 9)), ((6, 6), (3, 3)), ((draw.integer(1, 9), 3), (draw.integer(1, 9), 4))]
            for i, (size, to) in enumerate(sizes):
                yield Case(f"{kind} {name} {i}", resize(
                    draw, kind, size, to, draw.integer(1, 4), draw.pick(1, 1, 2), align, half))
