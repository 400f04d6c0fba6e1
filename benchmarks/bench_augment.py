"""Augmentation of a batch, 64×3×224×224 on the CPU, against torchvision's transforms, and kornia and fastai where installed.

kornia and fastai are no requirements: without them their rows are left out. Where there is a GPU, rows of pictures per second
on it, beside what its memory allows.
"""
from importlib.util import find_spec

import torch
from torchvision.transforms import v2

from fastlite.torch_core import TensorImage
from fastlite.transform import Pipeline
from fastlite.vision.augment import Flip, RandomResizedCropGPU, aug_transforms
from measure import quiet, report, side_by_side

BATCH = 64, 3, 224, 224
DEFAULTS = 'aug_transforms(), 64×3×224×224'


def ours(tfms):
    "Our transforms, as training applies them"
    pipeline = Pipeline(tfms, split_idx=0)
    return lambda x: pipeline(TensorImage(x))


def one_by_one():
    "The same changes by torchvision, which draws once per call, so it is called for each picture"
    half = torch.nn.Sequential(
        v2.RandomHorizontalFlip(0.5), v2.RandomApply([v2.RandomAffine(10, scale=(1, 1.1), interpolation=v2.InterpolationMode.BILINEAR)], 0.75),
        v2.RandomPerspective(0.2, 0.75), v2.RandomApply([v2.ColorJitter(0.2, 0.2)], 0.75))
    return lambda x: torch.stack([half(im) for im in x])


def by_kornia():
    "The same changes by kornia, its own draw for each picture"
    import kornia.augmentation as K
    return K.AugmentationSequential(
        K.RandomHorizontalFlip(p=0.5), K.RandomAffine(10., scale=(1, 1.1), padding_mode='reflection', p=0.75),
        K.RandomPerspective(0.2, p=0.75), K.ColorJiggle(0.2, 0.2, p=0.75))


def by_fastai():
    "fastai's aug_transforms"
    from fastai.vision import all as fastai
    pipeline = fastai.Pipeline(fastai.aug_transforms(), split_idx=0)
    return lambda x: pipeline(fastai.TensorImage(x).clone())


def compare(what: str, beside: str, mine, theirs, at_most: float = None, x: torch.Tensor = None, note: str = ''):
    "One row"
    x = torch.rand(BATCH) if x is None else x
    with torch.no_grad():
        report(what, beside, *side_by_side(lambda: mine(x) is None, lambda: theirs(x) is None, 7), at_most, note)


def beside_memory(device: str, wait=lambda: None, n: int = 256):
    "Pictures per second on `device`, beside the roofline: its memory reads the batch once and writes it once"
    x = torch.rand(n, *BATCH[1:], device=device)
    def finished(func):
        func(x)
        wait()
    for name, tfms in (('Flip()', Flip()), ('aug_transforms()', aug_transforms()), ('aug_transforms(size=160, min_scale=0.75)', aug_transforms(size=160, min_scale=0.75))):
        with torch.no_grad(): mine, theirs, ratio = side_by_side(lambda: finished(ours(tfms)), lambda: finished(torch.clone), 7)
        report(f'{name}, {n}×3×224×224, {device}', 'one read and one write of the batch', mine, theirs, ratio,
               2 if name == 'aug_transforms()' else None, f'{n / mine:,.0f} pictures a second')


if __name__ == '__main__':
    quiet()
    torch.manual_seed(0)
    threads = f'{torch.get_num_threads()} threads'
    default = ours(aug_transforms())
    compare(DEFAULTS, 'torchvision v2, picture by picture', default, one_by_one(), 0.75, note=threads)
    if find_spec('kornia'): compare(DEFAULTS, 'kornia', default, by_kornia(), 1 / 2, note=threads)
    if find_spec('fastai'): compare(DEFAULTS, 'fastai', default, by_fastai(), 1 / 3, note=threads)
    compare('mirroring half of the batch', 'all of it by flip', ours(Flip()), lambda x: x.flip(-1))
    crop = v2.RandomResizedCrop(224, (0.75, 1), (1, 1), antialias=False)
    compare('RandomResizedCropGPU(224, 0.75), 64×3×300×300', 'torchvision v2, picture by picture',
            ours(RandomResizedCropGPU(224, 0.75, (1, 1))), lambda x: torch.stack([crop(im) for im in x]), x=torch.rand(64, 3, 300, 300))
    if torch.cuda.is_available(): beside_memory('cuda', torch.cuda.synchronize)
