"""The operators in floating point, as `check.py` needs them: of real operands, options and the output's tensor."""

import numpy as np

SAME = 0


def activate(real, kind):
    low, high = {0: (None, None), 1: (0, None), 2: (-1, 1), 3: (0, 6), 4: (None, None)}[kind]
    real = np.tanh(real) if kind == 4 else real
    return real if low is None and high is None else np.clip(real, low, high)


def windows(size, out, kernel, stride, dilation, padding):
    """For every output index along one dimension, pairs of an index of the kernel and one of the input."""
    extent = (kernel - 1) * dilation + 1
    before = max(0, (out - 1) * stride + extent - size) // 2 if padding == SAME else 0
    for at in range(out):
        places = ((k, at * stride - before + k * dilation) for k in range(kernel))
        yield [(k, place) for k, place in places if 0 <= place < size]


def slide(shape, sink, kernel, options, dilations=(1, 1)):
    """Every output's place and the pairs of places that it covers."""
    strides = (options.strideH, options.strideW)
    along = [list(windows(shape[i + 1], sink.shape[i + 1], kernel[i], strides[i], dilations[i], options.padding))
             for i in (0, 1)]
    for y, rows in enumerate(along[0]):
        for x, columns in enumerate(along[1]):
            yield y, x, [(ky, kx, iy, ix) for ky, iy in rows for kx, ix in columns]


def convolution(reals, options, sink, depthwise):
    source, weights, bias = [*reals, None][:3]
    real = np.zeros(sink.shape) + (0 if bias is None else bias)
    channels = source.shape[3]
    outputs = weights.shape[3] if depthwise else weights.shape[0]
    each = 1 if depthwise else weights.shape[3]
    filters = np.arange(outputs) // (outputs // (channels if depthwise else channels // each))
    dilations = (options.dilationHFactor, options.dilationWFactor)
    for y, x, pairs in slide(source.shape, sink, weights.shape[1:3], options, dilations):
        for ky, kx, iy, ix in pairs:
            if depthwise:
                real[:, y, x] += source[:, iy, ix][:, filters] * weights[0, ky, kx]
            else:
                for f in range(outputs):
                    group = filters[f] * each
                    real[:, y, x, f] += source[:, iy, ix, group : group + each] @ weights[f, ky, kx]
    return activate(real, options.fusedActivationFunction)


def transpose_convolution(reals, options, sink):
    _, weights, source, bias = [*reals, None][:4]
    real = np.zeros(sink.shape) + (0 if bias is None else bias)
    kernel, strides = weights.shape[1:3], (options.strideH, options.strideW)
    whole = [(source.shape[i + 1] - 1) * strides[i] + kernel[i] for i in (0, 1)]
    before = [max(0, whole[i] - sink.shape[i + 1]) // 2 if options.padding == SAME else 0 for i in (0, 1)]
    for iy, ix in np.ndindex(source.shape[1:3]):
        for ky, kx in np.ndindex(kernel):
            y, x = iy * strides[0] - before[0] + ky, ix * strides[1] - before[1] + kx
            if 0 <= y < sink.shape[1] and 0 <= x < sink.shape[2]:
                real[:, y, x] += source[:, iy, ix] @ weights[:, ky, kx].T
    return activate(real, options.fusedActivationFunction)


def dense(reals, options, sink):
    source, weights, bias = reals
    real = source.reshape(-1, weights.shape[1]) @ weights.T + (0 if bias is None else bias)
    return activate(real, options.fusedActivationFunction).reshape(sink.shape)


def pool(reduce):
    def formula(reals, options, sink):
        real = np.zeros(sink.shape)
        for y, x, pairs in slide(reals[0].shape, sink, (options.filterHeight, options.filterWidth), options):
            real[:, y, x] = reduce([reals[0][:, iy, ix] for _, _, iy, ix in pairs])
        return activate(real, options.fusedActivationFunction)

    return formula


def two(function):
    return lambda reals, options, sink: activate(function(*reals), getattr(options, "fusedActivationFunction", 0))


def one(function):
    return lambda reals, options, sink: function(reals[0])


def softmax(reals, options, sink):
    powers = np.exp((reals[0] - reals[0].max(-1, keepdims=True)) * options.beta)
    return powers / powers.sum(-1, keepdims=True)


def reduction(function):
    return lambda reals, options, sink: function(reals[0], axis=tuple(set(reals[1] % reals[0].ndim))).reshape(sink.shape)


def matmul(reals, options, sink):
    x, y = reals
    return (x.swapaxes(-1, -2) if options.adjX else x) @ (y.swapaxes(-1, -2) if options.adjY else y)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def gather(reals, options, sink):
    if options.batchDims:
        axis = options.axis - 1
        return np.stack([np.take(part, at, axis) for part, at in zip(*reals)])
    return np.take(*reals, options.axis)


def svdf(reals, options, operands, state):
    source, feature, time, bias = reals[:4]
    batch, rows, memory = source.shape[0], *time.shape
    kept = state.get("kept", np.zeros((batch, rows, memory)))
    kept = state["kept"] = np.concatenate([kept[:, :, 1:], operands[4].limit(source @ feature.T)[:, :, None]], 2)
    return (kept * time).sum(2).reshape(batch, -1, options.rank).sum(2) + bias


def lstm(reals, options, operands, state):
    steps = reals[0] if options.timeMajor else reals[0].swapaxes(0, 1)
    hidden = state.get("hidden", np.zeros(operands[18].shape))
    cell = state.get("cell", np.zeros(operands[19].shape))
    results = []
    for source in steps:
        gate = [source @ reals[1 + i].T + hidden @ reals[5 + i].T + reals[12 + i] for i in range(4)]
        cell = sigmoid(gate[1]) * cell + sigmoid(gate[0]) * np.tanh(gate[2])
        clip = options.cellClip or np.inf
        cell = operands[19].limit(np.clip(cell, -clip, clip))
        hidden = operands[18].limit(sigmoid(gate[3]) * np.tanh(cell))
        results.append(hidden)
    state["hidden"], state["cell"] = hidden, cell
    return np.stack(results, 0 if options.timeMajor else 1)


FORMULAS = {
    "CONV_2D": lambda *case: convolution(*case, False),
    "DEPTHWISE_CONV_2D": lambda *case: convolution(*case, True),
    "TRANSPOSE_CONV": transpose_convolution,
    "FULLY_CONNECTED": dense,
    "AVERAGE_POOL_2D": pool(lambda parts: np.mean(parts, 0)),
    "MAX_POOL_2D": pool(lambda parts: np.max(parts, 0)),
    "ADD": two(np.add), "SUB": two(np.subtract), "MUL": two(np.multiply),
    "MAXIMUM": two(np.maximum), "MINIMUM": two(np.minimum),
    "SOFTMAX": softmax, "LOGISTIC": one(sigmoid), "TANH": one(np.tanh),
    "RELU": one(lambda x: np.maximum(x, 0)), "RELU6": one(lambda x: np.clip(x, 0, 6)),
    "RELU_N1_TO_1": one(lambda x: np.clip(x, -1, 1)),
    "LEAKY_RELU": lambda reals, options, sink: np.where(reals[0] < 0, reals[0] * options.alpha, reals[0]),
    "PRELU": lambda reals, options, sink: np.where(reals[0] < 0, reals[0] * reals[1], reals[0]),
    "HARD_SWISH": one(lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "ELU": one(lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x)),
    "ABS": one(np.abs), "SQRT": one(np.sqrt),
    "RSQRT": one(lambda x: 1 / np.sqrt(np.maximum(x, 1e-30))),
    "MEAN": reduction(np.mean), "SUM": reduction(np.sum), "REDUCE_MAX": reduction(np.max),
    "ARG_MAX": lambda reals, options, sink: np.argmax(reals[0], int(reals[1])),
    "ARG_MIN": lambda reals, options, sink: np.argmin(reals[0], int(reals[1])),
    "BATCH_MATMUL": matmul,
    "QUANTIZE": one(lambda x: x), "DEQUANTIZE": one(lambda x: x),
    "CONCATENATION": lambda reals, options, sink: np.concatenate(reals, options.axis),
    "PACK": lambda reals, options, sink: np.stack(reals, options.axis),
    "TRANSPOSE": lambda reals, options, sink: reals[0].transpose(reals[1]),
    "PAD": lambda reals, options, sink: np.pad(reals[0], reals[1]),
    "PADV2": lambda reals, options, sink: np.pad(reals[0], reals[1], constant_values=reals[2]),
    "MIRROR_PAD": lambda reals, options, sink: np.pad(reals[0], reals[1], ["reflect", "symmetric"][options.mode]),
    "GATHER": gather,
    "RESHAPE": lambda reals, options, sink: reals[0].reshape(sink.shape),
    "SQUEEZE": lambda reals, options, sink: reals[0].reshape(sink.shape),
    "EXPAND_DIMS": lambda reals, options, sink: reals[0].reshape(sink.shape),
}
STATEFUL = {"SVDF": svdf, "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm}
