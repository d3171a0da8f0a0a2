"""Makes the golden files of networks with the outputs of LiteRT; see README.md beside this script."""

import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from networks import INT32, Network, options

SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6 = range(4)
ROOT = Path(__file__).parents[2]
OPERATORS = ROOT / "firmware/engine/tests/golden/operators.bin"
NETWORKS = ROOT / "host/train/tests/golden/networks.bin"
rng = np.random.Generator(np.random.PCG64(20))


def pick(*choices):
    return choices[rng.integers(len(choices))]


def scale():
    return float(np.float32(2.0 ** rng.uniform(-9, 1)))


def zero():
    return int(pick(-128, 127, 0, rng.integers(-128, 128), rng.integers(-128, 128)))


def out_size(size, kernel, stride, dilation, padding):
    extent = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == SAME else (size - extent) // stride + 1


def weights(shape, style):
    if style == "extreme":
        return rng.choice(np.array([-128, -127, 127], np.int8), shape)
    return rng.integers(-127, 128, shape, np.int8)


def quantized_weights(channels, depth, per_channel, gain):
    """Input, filter, bias and output scales such that outputs fill the range, times `gain`."""
    from_scale = scale()
    spread = 2.0 ** rng.uniform(-2, 2, channels) if per_channel else np.ones(1)
    filter_scale = np.float32(spread * 2.0 ** rng.uniform(-9, -3))
    bias_scale = np.float32(from_scale) * filter_scale
    to_scale = float(np.float32(bias_scale.mean() * np.sqrt(depth) * 74 * 74 / 45 / gain))
    return from_scale, filter_scale, bias_scale, to_scale


def biases(channels, depth, style):
    if style == "none":
        return None
    bound = 2**30 if style == "huge" else int(np.sqrt(depth) * 6000) + 1
    return rng.integers(-bound, bound, channels).astype(np.int32)


def convolution(kind, size, channels, filters, kernel, stride=(1, 1), dilation=(1, 1), padding=SAME, batch=1,
                activation=NONE, per_channel=True, gain=1.0, style="usual", bias="usual"):
    (height, width), (kernel_y, kernel_x) = size, kernel
    depthwise = kind == "DEPTHWISE_CONV_2D"
    depth = kernel_y * kernel_x * (1 if depthwise else channels)
    from_scale, filter_scale, bias_scale, to_scale = quantized_weights(filters, depth, per_channel, gain)
    net = Network()
    source = net.tensor((batch, height, width, channels), scale=from_scale, zero=zero())
    shape, axis = ((1, kernel_y, kernel_x, filters), 3) if depthwise else ((filters, kernel_y, kernel_x, channels), 0)
    inputs = [source, net.tensor(shape, scale=filter_scale, axis=axis, data=weights(shape, style))]
    # LiteRT's CONV_2D insists on a bias, and its DEPTHWISE_CONV_2D crashes without one.
    values = biases(filters, depth, bias)
    inputs.append(net.tensor((filters,), INT32, bias_scale, data=values))
    out = [out_size(*along, padding) for along in zip(size, kernel, stride, dilation)]
    sink = net.tensor((batch, *out, filters), scale=to_scale, zero=zero())
    fields = dict(padding=padding, strideH=stride[0], strideW=stride[1], dilationHFactor=dilation[0],
                  dilationWFactor=dilation[1], fusedActivationFunction=activation)
    if depthwise:
        fields["depthMultiplier"] = filters // channels
    table = options("DepthwiseConv2DOptions" if depthwise else "Conv2DOptions", **fields)
    return net.finish(kind, 3, inputs, sink, table)


def random_convolution(kind, **fixed):
    dilation = pick((1, 1), (1, 1), (1, 1), (2, 2), (1, 2), (3, 1))
    size, kernel = tuple(rng.integers(1, 10, 2)), tuple(rng.integers(1, 5, 2))
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    padding = pick(SAME, VALID) if all(s >= e for s, e in zip(size, extents)) else SAME
    stride = pick((1, 1), (1, 1), (2, 2), (1, 2), (3, 1)) if dilation == (1, 1) else (1, 1)
    channels = int(pick(1, 2, 3, 4, 5, 7, 8, 12, 16, 17))
    if kind == "CONV_2D":
        filters = int(pick(1, 2, 3, 4, 5, 8, 10, 16))
    else:
        filters = channels * int(pick(1, 1, 1, 2, 3, 4))
    fields = dict(size=size, channels=channels, filters=filters, kernel=kernel, stride=stride, dilation=dilation,
                  padding=padding, batch=int(pick(1, 1, 1, 2, 3)), activation=pick(NONE, RELU, RELU6, RELU_N1_TO_1),
                  per_channel=bool(rng.integers(4)), gain=pick(1.0, 1.0, 4.0, 0.02),
                  style=pick("usual", "usual", "extreme"), bias=pick("usual", "usual", "huge"))
    return convolution(kind, **(fields | fixed))


def fully_connected(batch, depth, units, activation=NONE, per_channel=False, gain=1.0, style="usual", bias="usual"):
    from_scale, filter_scale, bias_scale, to_scale = quantized_weights(units, depth, per_channel, gain)
    net = Network()
    source = net.tensor((*batch, depth), scale=from_scale, zero=zero())
    inputs = [source, net.tensor((units, depth), scale=filter_scale, data=weights((units, depth), style))]
    values = biases(units, depth, bias)
    inputs.append(-1 if values is None else net.tensor((units,), INT32, bias_scale, data=values))
    keep = len(batch) > 1
    sink = net.tensor((*batch, units), scale=to_scale, zero=zero())
    table = options("FullyConnectedOptions", fusedActivationFunction=activation, keepNumDims=keep)
    return net.finish("FULLY_CONNECTED", 5 if keep else 4, inputs, sink, table)


def pool(kind, size, channels, kernel, stride, padding, batch, activation):
    net = Network()
    quantization = dict(scale=scale(), zero=zero())
    source = net.tensor((batch, *size, channels), **quantization)
    out = [out_size(*along, 1, padding) for along in zip(size, kernel, stride)]
    sink = net.tensor((batch, *out, channels), **quantization)
    table = options("Pool2DOptions", padding=padding, filterHeight=kernel[0], filterWidth=kernel[1],
                    strideH=stride[0], strideW=stride[1], fusedActivationFunction=activation)
    return net.finish(kind, 2, [source], sink, table)


def random_pool(kind):
    size, kernel = tuple(rng.integers(1, 10, 2)), tuple(rng.integers(1, 6, 2))
    if not rng.integers(3):
        kernel = size
    fits = all(s >= k for s, k in zip(size, kernel))
    return pool(kind, size, int(rng.integers(1, 20)), kernel, tuple(rng.integers(1, 4, 2)),
                pick(SAME, VALID) if fits else SAME, int(pick(1, 1, 2)), pick(NONE, NONE, RELU, RELU6, RELU_N1_TO_1))


def add(shape, activation, first, second, output, constant):
    net = Network()
    source = net.tensor(shape, scale=first, zero=zero())
    data = weights(shape, "usual") if constant else None
    # Without a constant the input is added to itself: the networks have one input.
    other = net.tensor(shape, scale=second, zero=zero(), data=data) if constant else source
    sink = net.tensor(shape, scale=output, zero=zero())
    inputs = [other, source] if rng.integers(2) else [source, other]
    return net.finish("ADD", 2, inputs, sink, options("AddOptions", fusedActivationFunction=activation))


def softmax(shape, from_scale, beta):
    net = Network()
    source = net.tensor(shape, scale=from_scale, zero=zero())
    sink = net.tensor(shape, scale=1 / 256, zero=-128)
    return net.finish("SOFTMAX", 2, [source], sink, options("SoftmaxOptions", beta=beta))


def reshape(before, after):
    net = Network()
    quantization = dict(scale=scale(), zero=zero())
    source = net.tensor(before, **quantization)
    shape = net.tensor((len(after),), INT32, data=np.array(after, np.int32))
    sink = net.tensor(after, **quantization)
    return net.finish("RESHAPE", 1, [source, shape], sink, options("ReshapeOptions", newShape=list(after)))


def pad(shape, paddings):
    net = Network()
    quantization = dict(scale=scale(), zero=zero())
    source = net.tensor(shape, **quantization)
    amounts = net.tensor((len(shape), 2), INT32, data=np.array(paddings, np.int32))
    sink = net.tensor([dim + sum(by) for dim, by in zip(shape, paddings)], **quantization)
    return net.finish("PAD", 2, [source, amounts], sink, options("PadOptions"))


def mean(shape, axes, keep, same):
    net = Network()
    source = net.tensor(shape, scale=scale(), zero=zero())
    axis = net.tensor((len(axes),), INT32, data=np.array(axes, np.int32))
    reduced = {a % len(shape) for a in axes}
    out = [1 if i in reduced else dim for i, dim in enumerate(shape) if keep or i not in reduced]
    kept = net.tensors[source].quantization
    quantization = (kept.scale[0], kept.zeroPoint[0]) if same else (kept.scale[0] * 2.0 ** rng.uniform(-2, 1), zero())
    sink = net.tensor(out, scale=quantization[0], zero=quantization[1])
    return net.finish("MEAN", 2, [source, axis], sink, options("ReducerOptions", keepDims=keep))


def cases():
    """Name and file of every case."""
    for i in range(70):
        yield f"conv {i}", random_convolution("CONV_2D")
    for i, (channels, filters) in enumerate([(1, 1), (3, 5), (4, 4), (8, 8), (8, 7), (16, 16), (17, 9), (32, 12), (30, 2),
                                             (64, 6), (6, 64)]):
        for stride in [(1, 1), (2, 2)]:
            yield f"conv pointwise {i} stride {stride[0]}", random_convolution(
                "CONV_2D", size=(5, 7), channels=channels, filters=filters, kernel=(1, 1), dilation=(1, 1), stride=stride)
    for i in range(12):
        yield f"conv along one dimension {i}", random_convolution(
            "CONV_2D", size=pick((1, 20), (20, 1)), kernel=pick((1, 5), (3, 1), (1, 8)), padding=SAME)
    for i in range(8):
        yield f"conv stem {i}", random_convolution(
            "CONV_2D", size=(9, 8), channels=pick(1, 3), filters=8, kernel=(3, 3), dilation=(1, 1),
            stride=pick((1, 1), (2, 2)), batch=1)
    yield "conv larger than its input", random_convolution(
        "CONV_2D", size=(2, 3), kernel=(5, 7), padding=SAME, stride=(1, 1), dilation=(1, 1))
    for i, gain in enumerate([300.0, 2000.0, 2e4, 1e-4, 1e-6, 1e-9]):
        yield f"conv gain {i}", random_convolution("CONV_2D", gain=gain, bias="usual", style="usual")
        yield f"depthwise gain {i}", random_convolution("DEPTHWISE_CONV_2D", gain=gain, bias="usual", style="usual")
    for i in range(60):
        yield f"depthwise {i}", random_convolution("DEPTHWISE_CONV_2D")
    for i in range(16):
        channels = int(pick(4, 8, 16, 24, 6))
        yield f"depthwise 3x3 {i}", random_convolution(
            "DEPTHWISE_CONV_2D", channels=channels, filters=channels, kernel=(3, 3), dilation=(1, 1),
            stride=pick((1, 1), (2, 2)), padding=SAME)
    for i in range(40):
        batch = pick((1,), (1,), (2,), (5,), (1, 3), (2, 2, 1))
        yield f"dense {i}", fully_connected(
            batch, int(rng.integers(1, 70)), int(rng.integers(1, 20)), pick(NONE, RELU, RELU6, RELU_N1_TO_1),
            not rng.integers(4), pick(1.0, 1.0, 8.0, 0.01, 1e-5), pick("usual", "extreme"), pick("usual", "none", "huge"))
    for i in range(20):
        yield f"average pool {i}", random_pool("AVERAGE_POOL_2D")
        yield f"max pool {i}", random_pool("MAX_POOL_2D")
    for i in range(30):
        shape = pick((1, 5, 4, 7), (2, 3, 3, 2), (64,), (3, 31), (1, 1, 1, 1), (4, 5, 6))
        first, ratio = scale(), 2.0 ** rng.uniform(-6, 6)
        yield f"add {i}", add(shape, pick(NONE, RELU, RELU6, RELU_N1_TO_1), first, first * ratio,
                              pick(first, scale(), first * 3), bool(rng.integers(4)))
    for i in range(24):
        shape = pick((1, 12), (1, 10), (4, 7), (2, 3, 5), (1, 1, 2, 40), (1, 2), (1, 300))
        yield f"softmax {i}", softmax(shape, pick(scale(), 0.1, 0.02, 1.0, 4.0), pick(1.0, 1.0, 1.0, 0.5, 2.0))
    for i, shapes in enumerate([((1, 4, 4, 3), (1, 48)), ((6,), (2, 3)), ((2, 3, 4), (4, 6)), ((1, 1), (1,))]):
        yield f"reshape {i}", reshape(*shapes)
    for i in range(16):
        shape = tuple(int(dim) for dim in rng.integers(1, 6, rng.integers(1, 5)))
        yield f"pad {i}", pad(shape, [[int(a), int(b)] for a, b in rng.integers(0, 4, (len(shape), 2))])
    for i in range(30):
        shape = pick((1, 5, 6, 7), (2, 3, 4, 5), (1, 25, 5, 8), (3, 17), (40,), (2, 4, 9))
        axes = [int(a) for a in rng.permutation(len(shape))[: rng.integers(1, len(shape) + 1)]]
        if len(shape) == 4 and rng.integers(2):
            axes = [1, 2]
        axes = [a - len(shape) if rng.integers(4) == 0 else a for a in axes]
        yield f"mean {i}", mean(shape, axes, bool(rng.integers(2)), bool(rng.integers(2)))


def lcg(seed, count):
    values, x = np.empty(count, np.uint8), seed
    for i in range(count):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = x >> 24
    return values.view(np.int8)


def run(model, seed, resolver):
    interpreter = Interpreter(model_content=model, num_threads=1, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    (source,), (sink,) = interpreter.get_input_details(), interpreter.get_output_details()
    shape = source["shape"]
    interpreter.set_tensor(source["index"], lcg(seed, int(np.prod(shape))).reshape(shape))
    interpreter.invoke()
    return interpreter.get_tensor(sink["index"]).tobytes()


def expected(name, model, seed):
    builtin = run(model, seed, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    reference = run(model, seed, OpResolverType.BUILTIN_REF)
    if builtin != reference:
        differing = sum(a != b for a, b in zip(builtin, reference))
        print(f"{name}: {differing} of {len(reference)} bytes by the reference kernels")
    return reference


def exported():
    """Name and file of every network that the crate of quantization exports for its test."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["cargo", "run", "-q", "-p", "onchip-train", "--example", "exported_networks", folder]
        subprocess.run(command, cwd=ROOT, check=True)
        for path in sorted(Path(folder).iterdir(), key=lambda path: int(path.stem.split()[0])):
            yield path.stem.split(maxsplit=1)[1], path.read_bytes()


def write(golden, networks):
    packed, count = b"", 0
    for seed, (name, model) in enumerate(networks, 1):
        output = expected(name, model, seed)
        for blob, length in [(name.encode(), "<H"), (model, "<I"), (None, seed), (output, "<I")]:
            packed += struct.pack("<I", length) if blob is None else struct.pack(length, len(blob)) + blob
        count += 1
    golden.parent.mkdir(exist_ok=True)
    golden.write_bytes(struct.pack("<I", count) + packed)
    print(f"{golden.name}: {count} cases, {golden.stat().st_size} bytes")


def main():
    write(OPERATORS, cases())
    write(NETWORKS, exported())


if __name__ == "__main__":
    main()
