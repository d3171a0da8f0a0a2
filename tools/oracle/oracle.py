"""Runs a network in the interpreters that are asked, each time in a process of its own: some networks make them crash."""

import os
import pickle

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

ARENA = 1 << 20


def lcg(x, count):
    """`count` bytes and where the sequence stands after them."""
    values = np.empty(count, np.uint8)
    for i in range(count):
        x = (x * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = x >> 24
    return values, x


def inputs(seed, shape, dtype, invocations):
    """The input of every invocation."""
    count, x, dtype = int(np.prod(shape)), seed, np.dtype(dtype)
    for _ in range(invocations):
        values, x = lcg(x, count if dtype == np.float32 else count * dtype.itemsize)
        values = values.view(np.int8) / np.float32(16) if dtype == np.float32 else values.view(dtype)
        yield values.astype(dtype).reshape(shape)


def litert(resolver):
    def run(model, seed, invocations):
        interpreter = Interpreter(model_content=model, num_threads=1, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
        (source,), (sink,) = interpreter.get_input_details(), interpreter.get_output_details()
        output = b""
        for values in inputs(seed, source["shape"], source["dtype"], invocations):
            interpreter.set_tensor(source["index"], values)
            interpreter.invoke()
            output += interpreter.get_tensor(sink["index"]).tobytes()
        return output

    return run


def micro(model, seed, invocations):
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=ARENA)
    source, output = interpreter.get_input_details(0), b""
    for values in inputs(seed, source["shape"], source["dtype"], invocations):
        interpreter.set_input(values, 0)
        interpreter.invoke()
        output += interpreter.get_output(0).tobytes()
    return output


ORACLES = {
    "micro": micro,
    "reference": litert(OpResolverType.BUILTIN_REF),
    "builtin": litert(OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES),
}


def ask(oracle, model, seed, invocations, log=os.devnull):
    """The output's bytes, or the text of the error."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        silent = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        try:
            answer = ORACLES[oracle](model, seed, invocations)
        except Exception as error:  # an oracle that refuses a network is a result
            answer = str(error).splitlines()[0] if str(error) else repr(error)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(pickle.dumps(answer))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(answer) if answer else "crashed"
