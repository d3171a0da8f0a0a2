"""Makes the golden files of networks with the outputs of reference interpreters; see README.md beside this script.

Usage: make_fixtures.py [FAMILY | networks]...
"""

import importlib
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from draw import Draw
from oracle import ask

ROOT = Path(__file__).parents[2]
FAMILIES = ["layers", "pools", "elementwise", "activations", "movement", "reductions", "quantization", "recurrent", "int16",
            "int4", "floats", "matmul"]
GOLDEN = ROOT / "firmware/engine/tests/golden"
NETWORKS = ROOT / "host/train/tests/golden/networks.bin"
MAGIC, VERSION = b"GOLD", 2


def exported():
    """Name and file of every network that the crate of quantization exports for its test."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["cargo", "run", "-q", "-p", "onchip-train", "--example", "exported_networks", folder]
        subprocess.run(command, cwd=ROOT, check=True)
        for path in sorted(Path(folder).iterdir(), key=lambda path: int(path.stem.split()[0])):
            yield path.stem.split(maxsplit=1)[1], path.read_bytes()


def field(content, length):
    return struct.pack(length, len(content)) + content


def write_networks():
    packed, count = b"", 0
    for seed, (name, model) in enumerate(exported(), 1):
        output = ask("reference", model, seed, 1)
        packed += field(name.encode(), "<H") + field(model, "<I") + struct.pack("<I", seed) + field(output, "<I")
        count += 1
    NETWORKS.write_bytes(struct.pack("<I", count) + packed)
    print(f"{NETWORKS.name}: {count} cases, {NETWORKS.stat().st_size} bytes")


def expected(case, seed, notes):
    """The answer of the first oracle that has one, or None if that is not the micro one and the others disagree."""
    answers = {oracle: ask(oracle, case.model, seed, case.invocations) for oracle in ("micro", "reference", "builtin")}
    operator = case.name.split()[0]
    given = {oracle: answer for oracle, answer in answers.items() if isinstance(answer, bytes)}
    if not given:
        sys.exit(f"{case.name}: no oracle runs it: {answers}")
    first = next(iter(given))
    for oracle, answer in answers.items():
        if oracle not in given:
            notes[operator, f"{oracle} refuses ({answer[:90]})"] += 1
        elif answer != given[first]:
            notes[operator, f"{oracle} differs from {first}"] += 1
    if first != "micro" and not case.tolerance and len(set(given.values())) > 1:
        notes[operator, "left out"] += 1
        return None
    notes[operator, f"by {first}"] += 1
    if len(set(given[first])) == 1 and len(given[first]) > 4:
        notes[operator, "one value only"] += 1
    return given[first]


def write_family(family):
    packed, count, notes = b"", 0, Counter()
    module = importlib.import_module(family)
    names = set()
    for seed, case in enumerate(module.cases(Draw(FAMILIES.index(family) + 20)), 1):
        assert case.name not in names, case.name
        names.add(case.name)
        output = expected(case, seed, notes)
        if output is None:
            continue
        packed += field(case.name.encode(), "<H") + struct.pack("<BBI", case.tolerance, case.invocations, seed)
        packed += field(case.model, "<I") + field(output, "<I")
        count += 1
    golden = GOLDEN / f"{family}.bin"
    golden.write_bytes(MAGIC + struct.pack("<II", VERSION, count) + packed)
    for (operator, note), times in sorted(notes.items()):
        print(f"  {operator}: {times} {note}")
    print(f"{golden.name}: {count} cases, {golden.stat().st_size} bytes", flush=True)


def main():
    for family in sys.argv[1:] or [*FAMILIES, "networks"]:
        write_networks() if family == "networks" else write_family(family)


if __name__ == "__main__":
    main()
