"""Tables and ratings of the course, learned by fastlite and by fastai: the same splits, settings, epochs and seeds.

    python benchmarks/compare_tables.py FOLDER [--sets adult films stores] [--libs fastlite fastai] [--seeds 5]

FOLDER holds the course's sets as they unpack: adult_sample/adult.csv, movie_lens_sample/ratings.csv,
rossmann/{train,store,store_states}.csv. A library that cannot be imported is left out. Prints a table in Markdown.
All runs on one thread, and the seconds are those of the processor, to which other programs do not add.
"""
import argparse
import importlib
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch

warnings.filterwarnings('ignore')
DATEPARTS = ['Year', 'Month', 'Week', 'Day']
CATS = ['Store', 'DayOfWeek', *DATEPARTS, 'StateHoliday', 'StoreType', 'Assortment', 'PromoInterval',
        'CompetitionOpenSinceYear', 'Promo2SinceYear', 'State']
CONTS = ['CompetitionDistance', 'Promo', 'SchoolHoliday']


def names(lib: str) -> dict:
    "What the star imports of a library for tables and ratings give"
    found = {}
    for module in ('tabular.all', 'collab'):
        m = importlib.import_module(f'{lib}.{module}')
        found |= {name: getattr(m, name) for name in getattr(m, '__all__', None) or dir(m) if not name.startswith('_')}
    return found


def random_split(n: int, seed: int) -> tuple[list, list]:
    "A fifth of the rows for validation"
    order = np.random.RandomState(seed).permutation(n)
    return order[n // 5:].tolist(), order[:n // 5].tolist()


def trained(learn, fit, n_epoch: int, i: int) -> tuple[float, float]:
    "The result after a fit, number `i` of what `validate` says, and seconds per epoch"
    with learn.no_bar(), learn.no_logging():
        start = time.process_time()
        fit(learn)
        seconds = time.process_time() - start
        return float(learn.validate()[i]), seconds / n_epoch


def adult(o: dict, folder: Path, seed: int) -> tuple[float, float]:
    "Accuracy after two epochs, as in the course's first lesson"
    df = pd.read_csv(folder/'adult_sample'/'adult.csv', skipinitialspace=True)
    cats = ['workclass', 'education', 'marital-status', 'occupation', 'relationship', 'race']
    data = o['TabularPandas'](df, [o['Categorify'], o['FillMissing'], o['Normalize']], cats,
                              ['age', 'fnlwgt', 'education-num'], 'salary', splits=random_split(len(df), seed))
    learn = o['tabular_learner'](data.dataloaders(bs=64, device='cpu'), metrics=o['accuracy'])
    return trained(learn, lambda learn: learn.fit_one_cycle(2), 2, 1)


def films(o: dict, folder: Path, seed: int) -> tuple[float, float]:
    "Validation loss after `fine_tune(10)`, eleven epochs, as in the course's first lesson"
    dls = o['CollabDataLoaders'].from_csv(folder/'movie_lens_sample'/'ratings.csv', seed=seed, device='cpu')
    o['set_seed'](seed)
    return trained(o['collab_learner'](dls, y_range=(0.5, 5.5)), lambda learn: learn.fine_tune(10), 11, 0)


def stores(o: dict, folder: Path, seed: int) -> tuple[float, float]:
    "Percentage error (exp_rmspe) of the last six weeks after five epochs, as in the course's lesson on sales with smaller layers"
    train, store, states = (pd.read_csv(folder/'rossmann'/f'{f}.csv', low_memory=False) for f in ('train', 'store', 'store_states'))
    df = train[train.Sales > 0].merge(store, on='Store').merge(states, on='Store')
    df['StateHoliday'] = df.StateHoliday.astype(str)
    df = df.sort_values(['Date', 'Store']).reset_index(drop=True)
    o['add_datepart'](df, 'Date', drop=False)
    last = df.Date >= pd.Timestamp('2015-06-20')
    high = float(np.log(df.Sales.max() * 1.2))
    df['Sales'] = np.log(df.Sales).astype('float32')
    splits = np.flatnonzero(~last).tolist(), np.flatnonzero(last).tolist()
    data = o['TabularPandas'](df[CATS + CONTS + ['Sales']].copy(), [o['FillMissing'], o['Categorify'], o['Normalize']],
                              list(CATS), list(CONTS), 'Sales', o['RegressionBlock'](), splits=splits)
    learn = o['tabular_learner'](data.dataloaders(bs=64, device='cpu'), layers=[200, 100],
                                 config=o['tabular_config'](ps=[0.001, 0.01], embed_p=0.04), y_range=(0, high),
                                 metrics=o['exp_rmspe'])
    return trained(learn, lambda learn: learn.fit_one_cycle(5, 5e-3, wd=0.2), 5, 1)


SETS = {'adult': (adult, 'accuracy after 2 epochs'), 'films': (films, 'validation loss after 11 epochs'),
        'stores': (stores, 'exp_rmspe after 5 epochs')}


def summary(name: str, what: str, results: dict) -> list[str]:
    "A row of the table for each library; the seconds of the later ones also as a multiple of the first's, seed by seed"
    rows, first = [], np.array(next(iter(results.values())))
    for lib, pairs in results.items():
        (values, seconds), version = np.array(pairs).T, importlib.import_module(lib).__version__
        ratio = '' if lib == next(iter(results)) else f' ({np.median(seconds/first[:, 1]):.1f} ×)'
        rows.append(f'| {name} | {what} | {lib} {version} | {values.mean():.4f} ± {values.std(ddof=min(1, len(pairs) - 1)):.4f} | '
                    f'{values.min():.4f} – {values.max():.4f} | {np.median(seconds):.2f}{ratio} |')
    return rows


def main():
    "Run what was asked for, library by library within each seed, and print the table"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--sets', nargs='+', default=list(SETS), choices=list(SETS))
    parser.add_argument('--libs', nargs='+', default=['fastlite', 'fastai'])
    parser.add_argument('--seeds', type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    libs = {}
    for lib in args.libs:
        try: libs[lib] = names(lib)
        except ImportError as e: print(f'{lib} is left out: {e}')
    rows = []
    for name in args.sets:
        run, what = SETS[name]
        results = {lib: [] for lib in libs}
        for seed in range(args.seeds):
            for lib, o in libs.items():
                o['set_seed'](seed)
                results[lib].append(run(o, args.folder, seed))
                print(f'{name} seed {seed} {lib}: {results[lib][-1][0]:.4f}, {results[lib][-1][1]:.2f} s per epoch', flush=True)
        rows += summary(name, what, results)
    print('\n| set | what | library | mean ± deviation | lowest – highest | seconds per epoch |\n| --- | --- | --- | --- | --- | --- |')
    print('\n'.join(rows))


if __name__ == '__main__': main()
