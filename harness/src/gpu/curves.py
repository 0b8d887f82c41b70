"""Compares two curves, or prints a curve's speed.

usage: curves.py EXPECTED FOUND TOLERANCE    largest difference of the loss, exits 1 beyond the tolerance
       curves.py --speed CURVE...            median tokens per second of the lines after the first, the sum of all
"""
import json
import statistics
import sys


def read(path):
    """The curve's lines by step; a later line of the same step, after a resumption, takes the place of the earlier."""
    with open(path) as lines:
        return {point["step"]: point for point in map(json.loads, lines)}


def main(arguments):
    if arguments[0] == "--speed":
        curves = [list(read(path).values())[1:] for path in arguments[1:]]
        print(round(sum(statistics.median(p["tokens_per_s"] for p in points) for points in curves)))
        return 0
    expected, found, tolerance = read(arguments[0]), read(arguments[1]), float(arguments[2])
    if expected.keys() != found.keys():
        print(f"expected {len(expected)} steps to {max(expected)}, found {len(found)} to {max(found)}")
        return 1
    worst = max(expected, key=lambda step: abs(expected[step]["loss"] - found[step]["loss"]))
    difference = abs(expected[worst]["loss"] - found[worst]["loss"])
    print(f"{len(expected)} losses, largest difference {difference:.2e} at step {worst}, tolerance {tolerance:g}")
    return 0 if difference <= tolerance else 1


sys.exit(main(sys.argv[1:]))
