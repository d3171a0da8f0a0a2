"""QUANTIZE and DEQUANTIZE between the element types of inputs, outputs and activations."""

from activations import unary
from draw import Case
from networks import FLOAT32, INT8, INT16, INT32, UINT8, options

NAMES = {INT8: "int8", UINT8: "uint8", INT16: "int16", FLOAT32: "float32", INT32: "int32"}
LIMITS = {INT8: (-128, 127), UINT8: (0, 255), INT16: (-32768, 32767)}


def parameters(draw, dtype, scale):
    if dtype == FLOAT32:
        return {}
    low, high = LIMITS[dtype]
    zero = 0 if dtype == INT16 else draw.pick(low, high, 0, draw.integer(low, high))
    return dict(scale=scale, zero=zero)


def requantization(draw, before, after):
    shape = draw.pick((100,), (1, 40), (3, 31), (2, 3, 4), (1,))
    scale = draw.power(-9, -3)
    # Floats reach from -8 to 8.
    narrow = draw.power(-9, -3)
    ratio = draw.pick(1.0, draw.power(-1, 1), draw.power(-4, 4))
    if before == INT16 and after != INT16:
        ratio *= 256
    if after == INT16 and before != INT16:
        ratio /= 256
    if FLOAT32 in (before, after):
        scale, ratio = draw.pick(narrow, 1 / 16, 1 / 32, draw.power(-6, -4)), 1.0
        if after == INT16:
            scale = draw.power(-14, -10)
    quantizations = [parameters(draw, before, scale), parameters(draw, after, scale * ratio)]
    # Of the same scale, int8 and uint8 differ by 128 only: the kernels have a path for it.
    if ratio == 1.0 and {before, after} == {INT8, UINT8} and draw.chance(2):
        quantizations[1]["zero"] = quantizations[0]["zero"] + (128 if after == UINT8 else -128)
    kind = "DEQUANTIZE" if after == FLOAT32 else "QUANTIZE"
    table = options("DequantizeOptions" if after == FLOAT32 else "QuantizeOptions")
    version = 3 if INT16 in (before, after) and kind == "DEQUANTIZE" else 2
    return unary(draw, kind, shape, quantizations, table, before, version, after)


def cases(draw):
    for before, after, count in [(INT8, INT8, 20), (INT8, INT16, 12), (INT16, INT8, 12), (FLOAT32, INT8, 16), (UINT8, INT8, 12),
                                 (INT8, UINT8, 12), (FLOAT32, UINT8, 4), (FLOAT32, INT16, 8), (INT16, INT16, 10),
                                 (INT8, FLOAT32, 12), (INT16, FLOAT32, 10), (UINT8, FLOAT32, 8)]:
        kind = "DEQUANTIZE" if after == FLOAT32 else "QUANTIZE"
        for i in range(count):
            yield Case(f"{kind} {NAMES[before]} to {NAMES[after]} {i}", requantization(draw, before, after))
