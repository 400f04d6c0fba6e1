"""A step of our optimizers over the parameters of resnet18 against torch's fused ones."""
import torch
from torchvision.models import resnet18

from fastlite.optimizer import SGD, Adam
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


def compare(what: str, ours, theirs, at_most: float):
    "One row"
    mine, beside, ratio = side_by_side(stepper(ours), stepper(theirs), 15)
    report(f'{what} step, resnet18', 'torch fused', mine/STEPS, beside/STEPS, ratio, at_most)


if __name__ == '__main__':
    quiet()
    compare('SGD', SGD(parameters(), lr=1e-4), torch.optim.SGD(parameters(), lr=1e-4, fused=True), 1.1)
    compare('SGD with momentum', SGD(parameters(), lr=1e-4, mom=0.9),
            torch.optim.SGD(parameters(), lr=1e-4, momentum=0.9, fused=True), 1.1)
    compare('Adam', Adam(parameters(), lr=1e-4), torch.optim.AdamW(parameters(), lr=1e-4, betas=(0.9, 0.99), eps=1e-5, fused=True), 1.1)
