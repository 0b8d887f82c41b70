"""Random data in the formats that the program reads, for timing alone.

usage: make_data.py FOLDER

tokens.bin, validation.bin: uint16 ids below 50257, without a header; train.bin, test.bin: images as in CIFAR-10's binary
version.
"""
import os
import sys
from array import array
from random import Random

VOCABULARY = 50257
TOKENS = 4_000_000
IMAGES = 10_000
IMAGE_BYTES = 3 * 32 * 32


def main(folder):
    os.makedirs(folder, exist_ok=True)
    random = Random(1)
    for name, count in (("tokens.bin", TOKENS), ("validation.bin", TOKENS // 10)):
        ids = array("H", (int(VOCABULARY * random.random()) for _ in range(count)))
        if sys.byteorder == "big":
            ids.byteswap()
        with open(os.path.join(folder, name), "wb") as out:
            ids.tofile(out)
    for name in ("train.bin", "test.bin"):
        with open(os.path.join(folder, name), "wb") as out:
            for image in range(IMAGES):
                out.write(bytes([image % 10]) + random.randbytes(IMAGE_BYTES))


main(*sys.argv[1:])
