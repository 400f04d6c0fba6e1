"""A set of a million items: the time and the memory that splitting, labelling and making the loaders take."""
import gc, sys, tracemalloc
from random import Random
from time import process_time

import pandas as pd

from fastlite.data.block import CategoryBlock, DataBlock, RegressionBlock, TransformBlock
from fastlite.data.transforms import EndSplitter, GrandparentSplitter, Paths, RandomSplitter, parent_label
from measure import quiet, report

N = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
NAMES = [f'{"valid" if i % 5 == 0 else "train"}/class{i % 100}/{i}.jpg' for i in range(N)]


def folder(name: str) -> str:
    "The label of an item"
    return name.split('/')[1]


def by_hand():
    "The same work in plain Python: shuffle, split, label, number"
    order = list(range(N))
    Random(0).shuffle(order)
    sets = order[N//5:], order[:N//5]
    classes = sorted({folder(NAMES[i]) for i in sets[0]})
    number = {name: i for i, name in enumerate(classes)}
    return [[(NAMES[i], number[folder(NAMES[i])]) for i in indices] for indices in sets]


def worked(run) -> float:
    "Seconds of the processor's time, which other programs do not add to: with runs this long, once will do"
    start = process_time()
    run()
    return process_time() - start


def memory(make) -> tuple[float, float]:
    "Bytes per item that are still held when `make` has returned its result, and at the worst moment"
    gc.collect()
    tracemalloc.start()
    result = make()
    gc.collect()
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(result.train_ds) + len(result.valid_ds) == N and len(result.one_batch()[1]) == 64
    return held/N, most/N


def measure(what: str, block: DataBlock, source):
    "One row"
    def make(): return block.dataloaders(source, bs=64, seed=0, device='cpu')
    seconds, theirs = worked(make), worked(by_hand)
    held, most = memory(make)
    report(f'loaders of {N:,} {what}', 'a plain loop', seconds, theirs, seconds/theirs,
           note=f'{seconds/N*1e6:.1f} µs and {held:.0f} bytes an item, {most:.0f} at the peak')


if __name__ == '__main__':
    quiet()
    kinds = TransformBlock, CategoryBlock
    measure('texts', DataBlock(kinds, get_y=folder, splitter=RandomSplitter(seed=0)), NAMES)
    measure('Paths', DataBlock(kinds, get_x=str, get_y=parent_label, splitter=GrandparentSplitter()), Paths(NAMES))
    table = pd.DataFrame({'name': NAMES, 'kind': [folder(name) for name in NAMES], 'size': range(N)})
    columns = DataBlock.from_columns(kinds, splitter=EndSplitter())
    measure('rows in columns', columns, table[['name', 'kind']])
    numbers = DataBlock.from_columns((TransformBlock, RegressionBlock), splitter=EndSplitter())
    measure('rows with a number', numbers, table[['name', 'size']])
