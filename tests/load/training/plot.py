"""Draws how long training takes against the number of rows, for both sides.

    plot.py TABLE words|pca TRAIN SVG [--rounds N] [--rows N ...]

The first rows of TABLE are trained on as `compare.py` does it, from the table to the scored model,
each side in turn. Prints the seconds and writes the plot, both axes logarithmic.
"""

import argparse
import itertools
import math
import statistics
import sys
import tempfile
from pathlib import Path

from compare import PEER, iterations_to, run

ROWS = {"words": [2_000, 5_000, 10_000, 20_000, 40_000], "pca": [10_000, 30_000, 100_000, 300_000, 1_000_000]}
SIDES = {"scikit-learn": "#d1495b", "Millwright": "#00798c"}
WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 130, 40, 60


def first_rows(table, n, path):
    """The header and the first `n` records of `table`: a line ends one where quotes are closed."""
    is_quoted = False
    with open(table, newline="") as source, open(path, "w", newline="") as part:
        left = n + 1
        while left > 0 and (line := source.readline()):
            part.write(line)
            is_quoted ^= line.count('"') % 2 == 1
            left -= not is_quoted


def measure(job, train, rounds):
    """Seconds of each round, by side."""
    peers = [run([sys.executable, str(PEER), *job, "100"])]
    command = [train, *job]
    command.append(str(iterations_to(peers[0]["objective"], command)))
    ours = [run(command)]
    for _ in range(rounds - 1):
        peers.append(run([sys.executable, str(PEER), *job, "100"]))
        ours.append(run(command))
    return {side: [r["total"] for r in runs] for side, runs in zip(SIDES, (peers, ours))}


def decades(values):
    """The powers of ten around `values`."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(low, high + 1)]


def scale(ticks, start, end):
    """A function from values to positions."""
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])
    return lambda value: start + (math.log10(value) - low) / (high - low) * (end - start)


def text(x, y, words, anchor="middle", color="#333"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{words}</text>'


def line(x1, y1, x2, y2, color, width=1.0):
    points = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {points} stroke="{color}" stroke-width="{width}"/>'


def grid(rows, seconds, x, y):
    for tick in rows:
        yield line(x(tick), TOP, x(tick), HEIGHT - BOTTOM, "#ddd")
        yield text(x(tick), HEIGHT - BOTTOM + 20, f"{tick:,.0f}")
    for tick in seconds:
        yield line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "#ddd")
        yield text(LEFT - 8, y(tick) + 4, f"{tick:g}", "end")


def curve(side, times, x, y):
    color = SIDES[side]
    points = [(x(n), y(statistics.median(seconds))) for n, seconds in times.items()]
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        yield line(x1, y1, x2, y2, color, 2)
    for (at, middle), seconds in zip(points, times.values()):
        yield line(at, y(min(seconds)), at, y(max(seconds)), color, 5)
        yield f'<circle cx="{at:.1f}" cy="{middle:.1f}" r="3.5" fill="{color}"/>'
    yield text(points[-1][0] + 10, points[-1][1] + 4, side, "start", color)


def plot(title, times):
    """`times` has the seconds of each round by number of rows, by side."""
    by_rows = [seconds for side in times.values() for seconds in side.values()]
    rows, seconds = decades(times["Millwright"]), decades([s for some in by_rows for s in some])
    x, y = scale(rows, LEFT, WIDTH - RIGHT), scale(seconds, HEIGHT - BOTTOM, TOP)
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">'
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    yield text(LEFT, 22, title, "start")
    yield from grid(rows, seconds, x, y)
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "rows of the table")
    yield f'<g transform="translate(18 {HEIGHT / 2:.0f}) rotate(-90)">{text(0, 0, "seconds")}</g>'
    for side, of_side in times.items():
        yield from curve(side, of_side, x, y)
    yield "</svg>"


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("table")
    wanted.add_argument("recipe", choices=list(ROWS))
    wanted.add_argument("train")
    wanted.add_argument("svg", type=Path)
    wanted.add_argument("--rounds", type=int, default=3)
    wanted.add_argument("--rows", type=int, nargs="+")
    wanted = wanted.parse_args()
    times = {side: {} for side in SIDES}
    for n in wanted.rows or ROWS[wanted.recipe]:
        with tempfile.NamedTemporaryFile(suffix=".csv") as part:
            first_rows(wanted.table, n, part.name)
            for side, seconds in measure([part.name, wanted.recipe], wanted.train, wanted.rounds).items():
                times[side][n] = seconds
                print(f"{n:9} rows  {side:12}", *(f"{s:8.3f}" for s in seconds), flush=True)
    title = f"From table to scored model: median and range of {wanted.rounds} runs"
    wanted.svg.write_text("\n".join(plot(title, times)) + "\n")


if __name__ == "__main__":
    main()
