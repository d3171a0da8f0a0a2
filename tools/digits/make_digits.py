"""Makes the bundled digits from scikit-learn's copy of them: two IDX files, compressed.

Usage: python3 tools/digits/make_digits.py digits.csv.gz
"""

import gzip
import struct
import sys
from pathlib import Path

ROWS = 1797
SIDE = 8


def write(path, header, body):
    # Neither a time stamp nor a name goes into the file: the same input gives the same bytes.
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        file.write(struct.pack(f">{len(header)}I", *header) + bytes(body))


def main():
    with gzip.open(sys.argv[1], "rt") as file:
        rows = [[int(float(cell)) for cell in line.split(",")] for line in file]
    assert len(rows) == ROWS and all(len(row) == SIDE * SIDE + 1 for row in rows)
    assert all(0 <= value <= 16 for row in rows for value in row[:-1])

    folder = Path(__file__).parents[2] / "host/train/src/data/digits"
    pixels = [value for row in rows for value in row[:-1]]
    write(folder / "images-idx3-ubyte.gz", [0x803, ROWS, SIDE, SIDE], pixels)
    write(folder / "labels-idx1-ubyte.gz", [0x801, ROWS], [row[-1] for row in rows])


if __name__ == "__main__":
    main()
