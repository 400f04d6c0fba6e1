"""A step of our optimizers over the parameters of resnet18 against torch's fused ones, and fastai's where it is installed.

fastai is no requirement: without it its rows are left out.
"""
from functools import partial
from importlib.util import find_spec

import torch
from torchvision.models import resnet18

from fastlite.optimizer import SGD, Adam, Lamb
from measure import quiet, report, side_by_side

STEPS = 5


def parameters() -> list:
    "The 62 parameters of resnet18, with gradients"
    torch.manual_seed(0)
    ps = list(resnet18(weights=None).parameters())
    for p in ps: p.grad = torch.randn_like(p)*0.01
    return ps


def stepper(opt):
    "Some steps of `opt`"
    def steps():
        for _ in range(STEPS): opt.step()
    return steps


def compare(what: str, ours, theirs, at_most: float = None, beside: str = 'torch fused'):
    "One row"
    mine, seconds, ratio = side_by_side(stepper(ours), stepper(theirs), 15)
    report(f'{what} step, resnet18', beside, mine/STEPS, seconds/STEPS, ratio, at_most)


if __name__ == '__main__':
    quiet()
    compare('SGD', SGD(parameters(), lr=1e-4), torch.optim.SGD(parameters(), lr=1e-4, fused=True), 1.1)
    compare('SGD with momentum', SGD(parameters(), lr=1e-4, mom=0.9),
            torch.optim.SGD(parameters(), lr=1e-4, momentum=0.9, fused=True), 1.1)
    fused_adamw = partial(torch.optim.AdamW, lr=1e-4, betas=(0.9, 0.99), eps=1e-5, fused=True)
    compare('Adam', Adam(parameters(), lr=1e-4), fused_adamw(parameters()), 1.1)
    compare('LAMB', Lamb(parameters(), lr=1e-4), fused_adamw(parameters()), 2, 'torch fused AdamW')
    if find_spec('fastai'):
        from fastai import optimizer as fastai
        for name, ours in (('Adam', Adam), ('Lamb', Lamb)):
            theirs = getattr(fastai, name)(parameters(), lr=1e-4, wd=0.)
            compare(name, ours(parameters(), lr=1e-4, wd=0.), theirs, beside='fastai')
