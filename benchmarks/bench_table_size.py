"""A table of ten million rows: is the memory that making its tensors and training on it take what is said beforehand?

    python benchmarks/bench_table_size.py [ROWS]

Only where there is /proc, as on Linux. Each stage is measured at its worst moment, in a process of its own: how far the memory of the process rises
above what it was before there was a table. `table_memory` says beforehand, from the frame, what the tensors will take, and
how much more is needed while they are made.
"""
import gc
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import fastlite.callback.schedule  # gives a Learner fit_one_cycle
from fastlite.core import set_seed
from fastlite.tabular.core import TabularDataLoaders, table_memory
from fastlite.tabular.learner import tabular_learner
from measure import ROW

CATS = {'shop': 1000, 'day': 7, 'month': 12, 'kind': 4, 'state': 16}
CONTS = ['price', 'distance', 'hours']


def made(n: int) -> pd.DataFrame:
    "`n` made rows, as pandas reads such a table from a file: texts, and numbers in 64 bits"
    rng = np.random.default_rng(0)
    df = {name: np.array([f'{name} {i}' for i in range(k)], dtype=object)[rng.integers(0, k, n, dtype=np.int16)]
          for name, k in CATS.items()}
    df |= {name: rng.standard_normal(n) for name in CONTS}
    df['distance'][::50] = np.nan
    df['sales'] = df['price'] + rng.standard_normal(n)
    return pd.DataFrame(df, copy=False)


def memory(key: str) -> int:
    "Bytes of this process: now (`VmRSS`), or at the worst moment since `forget_peak` (`VmHWM`)"
    line = next(line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024


def forget_peak(): Path('/proc/self/clear_refs').write_text('5')


def stages(n: int):
    "Print what each stage takes, in bytes"
    torch.set_num_threads(1)
    set_seed(0)
    warm = TabularDataLoaders.from_df(made(1000), cat_names=list(CATS), cont_names=CONTS, y_names='sales', device='cpu')
    with tabular_learner(warm).no_bar(): pass
    gc.collect()
    start = memory('VmRSS')
    df = made(n)
    frame = int(df.memory_usage().sum())  # equal texts are one object, as the csv reader makes them
    tensors, making = table_memory(df, list(CATS), CONTS, 'sales')
    gc.collect()
    forget_peak()
    dls = TabularDataLoaders.from_df(df, cat_names=list(CATS), cont_names=CONTS, y_names='sales', seed=0, bs=8192, device='cpu')
    reading = memory('VmHWM') - start
    real = sum(t.nbytes for t in dls.train_ds.tensors) + sum(t.nbytes for t in dls.valid_ds.tensors)
    del df
    gc.collect()
    learn = tabular_learner(dls, [50])
    forget_peak()
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(1, 1e-2)
    print(n, frame, tensors, making, real, reading, memory('VmHWM') - start, learn.validate()[0])


def row(what: str, mine: float, beside: str, theirs: float, at_most: float, note: str = ''):
    "A row of the table of results"
    cells = [what, f'{mine/2**20:,.0f} MiB', f'{theirs/2**20:,.0f} MiB ({beside})', f'{mine/theirs:.2f} ×', f'≤ {at_most:g} ×',
             'yes' if mine <= at_most*theirs else 'no', note]
    print(ROW + json.dumps(cells, ensure_ascii=False), flush=True)


if __name__ == '__main__':
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    if sys.argv[2:] == ['child']: stages(n)
    elif not Path('/proc/self/clear_refs').exists(): print('left out: this system does not tell how much memory was in use')
    else:
        out = subprocess.run([sys.executable, __file__, str(n), 'child'], check=True, capture_output=True, text=True).stdout
        n, frame, tensors, making, real, reading, training, loss = map(float, out.split()[-8:])
        row(f'tabular: making the tensors of {n:,.0f} rows, frame and all', reading, 'the frame', frame, 2)
        row('tabular: the same', reading, 'said beforehand', frame + tensors + making, 1)
        row(f'tabular: an epoch of {n:,.0f} rows, in batches of 8,192', training, 'said beforehand', tensors + making, 1,
            f'tensors {real/n:.1f} bytes a row, loss {loss:.3f} (1 is what can be reached)')
