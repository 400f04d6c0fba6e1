"""What the benchmarks share: measure two things side by side in one run, and say so in a row of a table."""
import json, os
from collections.abc import Callable
from statistics import median
from time import perf_counter

ROW = 'ROW '  # in front of a row, so that run.py finds it in what a program prints


def timed(run: Callable) -> float:
    "How long `run` takes, once; a `run` that returns a number has timed itself"
    start = perf_counter()
    said = run()
    return said if isinstance(said, float) else perf_counter() - start


def side_by_side(
    ours: Callable,    # takes no argument; what it returns, if a number, is its time in seconds
    beside: Callable,  # the same work, done by what we compare with
    repeats: int = 9,  # rounds after one to warm up; each runs both, in turns first
) -> tuple[float, float, float]:  # median seconds of ours and of the other, median of the rounds' ratios
    "Times two functions in turns, so that a slow moment of the machine meets both"
    timed(ours), timed(beside)
    rounds = []
    for i in range(repeats):
        if i % 2: theirs, mine = timed(beside), timed(ours)
        else: mine, theirs = timed(ours), timed(beside)
        rounds.append((mine, theirs))
    mine, theirs = (median(column) for column in zip(*rounds))
    return mine, theirs, median(a/b for a, b in rounds)


def readable(value: float) -> str:
    "Seconds, in a unit that suits them"
    for unit, size in (('s', 1), ('ms', 1e-3), ('µs', 1e-6)):
        if value >= size: return f'{value/size:.3g} {unit}'
    return f'{value/1e-9:.3g} ns'


def report(
    what: str,             # what was measured
    beside: str,           # what it was compared with
    mine: float,           # seconds
    theirs: float,         # seconds
    ratio: float,          # ours over theirs; smaller is better
    at_most: float = None, # the bar for the ratio
    note: str = '',        # anything else worth a column
    held: bool = True,     # does a bar that the note speaks of hold?
):
    "Prints a row, for a reader and for run.py"
    verdict = '' if at_most is None else 'yes' if ratio <= at_most and held else 'no'
    bar = '' if at_most is None else f'≤ {at_most:g} ×'
    cells = [what, readable(mine), f'{readable(theirs)} ({beside})', f'{ratio:.2f} ×', bar, verdict, note]
    print(ROW + json.dumps(cells, ensure_ascii=False), flush=True)


def quiet():
    "No thread pools that fight each other: one thread, as most of what is measured here is Python"
    import torch
    torch.set_num_threads(int(os.environ.get('BENCH_THREADS', 1)))
