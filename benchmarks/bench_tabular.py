"""An epoch over an income table of 32,561 rows, and the making of its tensors, beside a loop by hand and fastai.

The table is the built-in one, drawn from until it has as many rows as the course's; `BENCH_ADULT=adult.csv` takes the
course's. fastai is no requirement: where it is installed, it is measured, too.
"""
import os
from importlib.util import find_spec

import pandas as pd
import torch
from torch.nn import functional as F

import fastlite.callback.schedule  # gives a Learner fit_one_cycle
from fastlite.core import set_seed
from fastlite.data.core import DataLoaders
from fastlite.data.external import URLs, untar_data
from fastlite.data.transforms import RandomSplitter
from fastlite.metrics import accuracy
from fastlite.optimizer import Adam
from fastlite.tabular.core import TabularPandas
from fastlite.tabular.learner import tabular_learner
from fastlite.tabular.procs import Categorify, FillMissing, Normalize
from measure import quiet, report, side_by_side

ROWS, BATCH = 32_561, 64
CATS = ['workclass', 'education', 'marital-status', 'occupation', 'relationship']
CONTS = ['age', 'fnlwgt', 'education-num']


def read() -> tuple[pd.DataFrame, list]:
    "The table and its columns of categories"
    file = os.environ.get('BENCH_ADULT')
    if file: return pd.read_csv(file, skipinitialspace=True), [*CATS, 'race']
    people = pd.read_csv(untar_data(URLs.PEOPLE)/'people.csv')
    return people.sample(ROWS, replace=True, random_state=0, ignore_index=True), [*CATS, 'region']


def by_hand(data: TabularPandas, model, opt):
    "The loop one writes by hand over the same tensors"
    cats, conts, y = data.tensors
    model.train()
    for rows in torch.randperm(len(y)).split(BATCH):
        if len(rows) < BATCH: break
        loss = F.cross_entropy(model(cats[rows].long(), conts[rows]), y[rows])
        loss.backward()
        opt.step()
        opt.zero_grad()


def same_adam(model) -> Adam:
    "Adam as a Learner makes it: no weight decay of norms and biases"
    opt = Adam(list(model.parameters()), lr=1e-3)
    opt.no_decay([p for p in model.parameters() if p.ndim == 1])
    return opt


def beside_hand(data: TabularPandas):
    "An epoch of training alone"
    dls = data.dataloaders(BATCH, device='cpu')
    learn = tabular_learner(dls, metrics=accuracy)
    learn.dls = type(dls)(dls.train)
    by_itself = tabular_learner(dls).model
    opt = same_adam(by_itself)

    def fit():
        with learn.no_bar(): learn.fit(1, 1e-3)

    steps = len(dls.train)
    mine, theirs, ratio = side_by_side(fit, lambda: by_hand(data.train, by_itself, opt), repeats=7)
    report('tabular: an epoch of training', 'loop by hand, same tensors', mine, theirs, ratio, 1.15,
           f'{(ratio - 1)*theirs/steps*1e6:+.0f} µs a step')


def beside_fastai(df: pd.DataFrame, cats: list, splits: tuple):
    "An epoch with validation, the accuracy after two, and the making of the tensors"
    from fastai.tabular import all as fastai
    splits = tuple(map(list, splits))

    def ours_made(): return TabularPandas(df, [Categorify, FillMissing, Normalize], cats, CONTS, 'salary', splits=splits)
    def theirs_made(): return fastai.TabularPandas(df, [fastai.Categorify, fastai.FillMissing, fastai.Normalize], list(cats),
                                                   list(CONTS), y_names='salary', splits=splits)

    mine, theirs, ratio = side_by_side(lambda: ours_made() and None, lambda: theirs_made() and None)
    report(f'tabular: TabularPandas of {len(df):,} rows', 'fastai', mine, theirs, ratio, 1)

    def learners(seed):
        set_seed(seed)
        ours = tabular_learner(ours_made().dataloaders(BATCH, device='cpu'), metrics=accuracy)
        set_seed(seed)
        return ours, fastai.tabular_learner(theirs_made().dataloaders(BATCH, device='cpu'), metrics=fastai.accuracy)

    ours, other = learners(0)

    def fit(learn):
        with learn.no_bar(), learn.no_logging(): learn.fit(1)

    mine, theirs, ratio = side_by_side(lambda: fit(ours), lambda: fit(other), repeats=5)
    found = []
    for pair in map(learners, range(int(os.environ.get('BENCH_SEEDS', 3)))):
        for learn in pair:
            with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(2)
        found.append([float(learn.validate()[1]) for learn in pair])
    a, b = (sum(column)/len(found) for column in zip(*found))
    report('tabular: an epoch with validation', 'fastai', mine, theirs, ratio, 1/3,
           f'accuracy after two epochs, mean of {len(found)}: {a:.4f}, fastai {b:.4f}', held=a >= b - .002)


if __name__ == '__main__':
    quiet()
    df, cats = read()
    splits = RandomSplitter(seed=42)(df)
    beside_hand(TabularPandas(df, [Categorify, FillMissing, Normalize], cats, CONTS, 'salary', splits=splits))
    if find_spec('fastai'): beside_fastai(df, cats, splits)
