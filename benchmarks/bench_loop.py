"""What a step of `Learner.fit` costs over the loop one writes by hand, on a net so small that the loop is what counts.

fastai is no requirement: where it is installed, its `fit` is measured, too.
"""
from importlib.util import find_spec

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from fastlite.data.core import DataLoaders
from fastlite.learner import Learner
from fastlite.optimizer import SGD, Adam
from measure import quiet, report, side_by_side

STEPS, BATCH = 1000, 64


def net() -> nn.Module:
    "32 → 64 → 10"
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 10))


def batches() -> DataLoader:
    "Batches that are ready, so that loading costs both the same little"
    torch.manual_seed(0)
    x, y = torch.randn(STEPS, BATCH, 32), torch.randint(10, (STEPS, BATCH))
    return DataLoader(list(zip(x, y)), batch_size=None)


def by_hand(dl, model, opt):
    "The loop one writes by hand"
    model.train()
    for x, y in dl:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        opt.zero_grad()


def same_adam(ps: list) -> Adam:
    "Adam as a Learner makes it: no weight decay of biases"
    opt = Adam(ps, lr=0.01)
    opt.no_decay([p for p in ps if p.ndim == 1])
    return opt


def compare(what: str, opt_func, make_opt, beside: str, at_most: float | None):
    "One row: `fit` with `opt_func` against the loop by hand with the optimizer that `make_opt` makes"
    dl, empty = batches(), DataLoader([], batch_size=None)
    learn = Learner(DataLoaders(dl, empty), net(), loss_func=F.cross_entropy, opt_func=opt_func, lr=0.01)
    model = net()
    opt = make_opt(list(model.parameters()))

    def fit():
        with learn.no_bar(): learn.fit(1)

    mine, theirs, ratio = side_by_side(fit, lambda: by_hand(dl, model, opt))
    over = (ratio - 1)*theirs/STEPS*1e6  # by the ratio of pairs: the two medians may stem from different rounds
    report(what, beside, mine/STEPS, theirs/STEPS, ratio, at_most, f'{over:+.0f} µs a step (≤ 40)', held=over <= 40)


def beside_fastai():
    "One row: a step of `fit` against one of fastai's, both with their Adam"
    from fastai.vision import all as fastai
    dl, empty = batches(), DataLoader([], batch_size=None)
    ours = Learner(DataLoaders(dl, empty), net(), loss_func=F.cross_entropy, opt_func=Adam, lr=0.01)
    theirs = fastai.Learner(fastai.DataLoaders(dl, empty), net(), loss_func=F.cross_entropy, lr=0.01)

    def fit(learn):
        with learn.no_bar(), learn.no_logging(): learn.fit(1)

    mine, seconds, ratio = side_by_side(lambda: fit(ours), lambda: fit(theirs))
    report('a step of fit, Adam', 'fastai', mine/STEPS, seconds/STEPS, ratio)


if __name__ == '__main__':
    quiet()
    compare('a step of fit, SGD', SGD, lambda ps: SGD(ps, lr=0.01), 'loop by hand, the same SGD', 1.15)
    compare('a step of fit, Adam', Adam, same_adam, 'loop by hand, the same Adam', 1.15)
    compare('a step of fit, Adam', Adam, lambda ps: torch.optim.Adam(ps, lr=0.01, fused=True), 'loop by hand, torch fused Adam', 1.15)
    if find_spec('fastai'): beside_fastai()
