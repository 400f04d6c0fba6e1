"""A folder of 500×375 JPEGs to batches of 224×224 bytes, against torchvision's ImageFolder in torch's loader."""
import shutil, sys, tempfile, warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader as TorchLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from fastlite.data.block import CategoryBlock, DataBlock
from fastlite.data.transforms import GrandparentSplitter, get_image_files, parent_label
from fastlite.vision.resize import RandomResizedCrop, Resize
from fastlite.vision.data import ImageBlock
from measure import quiet, report, side_by_side

N, BS, SIZE, REPEATS = 256, 64, 224, 9


def picture(i: int) -> Image.Image:
    "Something with edges, areas and a little noise, as photos have; 65 kB as a JPEG"
    rng = np.random.default_rng(i)
    rows, cols = np.mgrid[:375, :500]/100
    waves = [np.sin(rows*a + cols*b + c) for a, b, c in rng.uniform(-6, 6, (3, 3))]
    patches = np.kron(rng.integers(0, 60, (25, 25, 3)), np.ones((15, 20, 1)))
    x = 100 + 40*np.stack(waves, -1) + patches + rng.normal(0, 6, (375, 500, 3))
    return Image.fromarray(x.clip(0, 255).astype(np.uint8))


def folder() -> Path:
    "A folder with `N` pictures for training and as many for validation, in two classes"
    path = Path(tempfile.mkdtemp(prefix='bench-loading-'))
    for i in range(N):
        for part in ('train', 'valid'):
            place = path/part/'ab'[i % 2]
            place.mkdir(parents=True, exist_ok=True)
            picture(i).save(place/f'{i:04}.jpg', quality=90)
    return path


def ours(path: Path, tfm, num_workers: int, part: int, **kwargs):
    "An epoch of our loader; bytes, as nothing is done to batches"
    block = DataBlock((ImageBlock, CategoryBlock), get_items=get_image_files, get_y=parent_label, item_tfms=tfm,
                      splitter=GrandparentSplitter(valid_name='valid'))
    block.batch_tfms = []
    return block.dataloaders(path, bs=BS, num_workers=num_workers, device='cpu', seed=1, drop_last=False, **kwargs)[part]


def theirs(path: Path, tfms: list, num_workers: int, shuffle: bool, **kwargs):
    "An epoch of torch's loader over torchvision's dataset"
    data = ImageFolder(path, v2.Compose([*tfms, v2.PILToTensor()]))
    return TorchLoader(data, BS, shuffle=shuffle, num_workers=num_workers, **kwargs)


def epoch(dl):
    "A function that goes through an epoch of `dl`, and checks that it is one"
    def run():
        seen = 0
        for xb, yb in dl:
            assert xb.dtype == torch.uint8 and xb.shape[1:] == (3, SIZE, SIZE)
            seen += len(xb)
        assert seen == N
    return run


def compare(what: str, mine, other, at_most: float):
    "A row: time per picture; ours and theirs in turns"
    a, b, ratio = side_by_side(epoch(mine), epoch(other), REPEATS)
    report(what, 'ImageFolder, DataLoader', a/N, b/N, ratio, at_most, f'{1/ratio:.1f} × as fast')


if __name__ == '__main__':
    quiet()
    warnings.simplefilter('ignore')
    path = folder()
    try:
        whole = [v2.Resize(SIZE), v2.CenterCrop(SIZE)]
        part = [v2.RandomResizedCrop(SIZE, scale=(0.35, 1), antialias=True)]
        for n in (0, 2):
            plural = f'{n} processes'
            beside = dict(persistent_workers=n > 0)  # on both sides: the start of processes is not what is measured
            kept = dict(cache=True) | beside
            compare(f'Resize, middle, {plural}', ours(path, Resize(SIZE), n, 1, **beside),
                    theirs(path/'valid', whole, n, False, **beside), 1/1.3)
            compare(f'RandomResizedCrop, {plural}', ours(path, RandomResizedCrop(SIZE, 0.35), n, 0, **beside),
                    theirs(path/'train', part, n, True, **beside), 1/1.3)
            compare(f'Resize, middle, cache, 2nd epoch on, {plural}', ours(path, Resize(SIZE), n, 1, **kept),
                    theirs(path/'valid', whole, n, False, **beside), 1/10)
            random_crop = [v2.Resize(SIZE), v2.RandomCrop(SIZE)]
            compare(f'Resize, random crop, cache, 2nd epoch on, {plural}', ours(path, Resize(SIZE), n, 0, **kept),
                    theirs(path/'train', random_crop, n, True, **beside), 1/10)
            compare(f'RandomResizedCrop, cache, 2nd epoch on, {plural}', ours(path, RandomResizedCrop(SIZE, 0.35), n, 0, **kept),
                    theirs(path/'train', part, n, True, **beside), None)
    finally: shutil.rmtree(path)
