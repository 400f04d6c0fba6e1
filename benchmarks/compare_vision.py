"""Real photographs, one body, two libraries: fastlite and fastai on the same data, splits, seeds, epochs and sizes.

    python benchmarks/compare_vision.py FOLDER [TASK ...] [--seeds 5]    prints a table in Markdown

`FOLDER` holds the archives of the sets (or the sets unpacked) and `pretrained/` with weights of torchvision's
`mobilenet_v2` and `squeezenet1_1`. The Python that runs this has both libraries. Scores are computed by the same lines
for both, from what `get_preds` gives. One thread and no worker processes; the seconds are those of the processor, so that
whatever else the machine does is not counted.
"""
import argparse
import gc
import random
import tarfile
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from time import process_time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch
import torchvision
from sklearn.metrics import fbeta_score

LIBRARIES = 'fastlite', 'fastai'


def unpacked(folder: Path, name: str) -> Path:
    "The set `name` in `folder`, unpacked beside the other temporary files if it is an archive"
    if (folder/name).is_dir(): return folder/name
    cache = Path(tempfile.gettempdir())/'compare_vision'
    if not (cache/name).is_dir():
        with tarfile.open(folder/f'{name}.tgz') as f: f.extractall(cache, filter='data')
    return cache/name


def library(name: str) -> SimpleNamespace:
    "What `from … import *` gives of a library's front door"
    found = {}
    exec(f'from {name}.vision.all import *', found)
    return SimpleNamespace(**found)


def builder(arch: str, file: Path) -> Callable:
    "A function that builds one of torchvision's networks with the weights in `file`, as fastai calls it"
    def build(pretrained=True, weights=None):
        model = torchvision.models.get_model(arch)
        model.load_state_dict(torch.load(file, weights_only=True))
        return model
    return build


def learner(v, lib: str, dls, arch: str, folder: Path, unet: bool = False, **kwargs):
    "A learner around a body with weights from a file"
    file = folder/'pretrained'/f'{arch}.pth'
    make = v.unet_learner if unet else v.vision_learner
    if lib == 'fastlite': return make(dls, arch, weights=file, **kwargs)
    from fastai.vision.learner import default_split, model_meta
    build = builder(arch, file)
    known = model_meta.get(getattr(torchvision.models, arch), {'split': default_split, 'stats': v.imagenet_stats})
    if unet: known = {**known, 'split': default_split}                # its split for squeezenet is for classifiers
    model_meta[build] = {k: o for k, o in known.items() if k != 'weights'} | {'cut': (lambda m: m.features) if unet else -1}
    return make(dls, build, **kwargs)


def split(names: list, is_valid: Callable) -> Callable:
    "A splitter by a function of the item"
    train, valid = [[i for i, o in enumerate(names) if is_valid(o) == want] for want in (False, True)]
    return lambda items: (train, valid)


def pets(v, lib, folder, arch, size=96):
    "37 breeds, 10 photos each, 2 of them for validation"
    files = sorted((unpacked(folder, 'oxford-iiit-pet')/'images').glob('*.jpg'))
    breeds = [f.name.rsplit('_', 1)[0].lower() for f in files]
    last = {i for i in range(len(files)) if breeds[i:].count(breeds[i]) <= 2}
    block = v.DataBlock((v.ImageBlock, v.CategoryBlock), get_items=lambda _: files, splitter=lambda items: (
        [i for i in range(len(files)) if i not in last], sorted(last)), get_y=lambda f: f.name.rsplit('_', 1)[0].lower(),
        item_tfms=v.Resize(128), batch_tfms=v.aug_transforms(size=size, min_scale=0.75))
    return block, partial(learner, arch=arch), dict(bs=16), 4e-3, accuracy


def street(v, lib, folder, size=(48, 64)):
    "CamVid, 100 street scenes, at 48×64; a U-Net"
    path = unpacked(folder, 'camvid_tiny')
    codes, valid = [(path/o).read_text().split() for o in ('codes.txt', 'valid.txt')]
    files = sorted((path/'images').glob('*.png'))
    block = v.DataBlock((v.ImageBlock, v.MaskBlock(codes)), get_items=lambda _: files, splitter=split(files, lambda f: f.name in valid),
                        get_y=lambda f: path/'labels'/f'{f.stem}_P.png', item_tfms=v.Resize(size), batch_tfms=v.aug_transforms())
    return block, partial(learner, arch='squeezenet1_1', unet=True), dict(bs=8), 1e-3, partial(pixel_accuracy, void=codes.index('Void'))


def tiles(v, lib, folder, size=64):
    "UC Merced, every fourth of 2,100 tiles at 64×64, 17 tags"
    path = unpacked(folder, 'ucmerced_multilabel')
    df = pd.read_csv(path/'labels.csv').iloc[::4].reset_index(drop=True)
    block = v.DataBlock((v.ImageBlock, v.MultiCategoryBlock), get_x=lambda r: path/'images'/f'{r["image_name"]}.jpg',
                        get_y=lambda r: r['tags'].split(), splitter=v.ColSplitter('is_valid'), item_tfms=v.Resize(size),
                        batch_tfms=v.aug_transforms(flip_vert=True, max_lighting=0.1, max_zoom=1.05, max_warp=0.))
    return (block, df), partial(learner, arch='mobilenet_v2'), dict(bs=16), 4e-3, f2


def faces(v, lib, folder, size=64):
    "The nose in every second of 694 photos of faces, other persons for validation; points in −1…1"
    path = unpacked(folder, 'face_keypoints')
    centres = pd.read_csv(path/'centers.csv').set_index('fn')
    valid = set(pd.read_csv(path/'keypoints.csv').query('is_valid')['fn'])
    files = sorted((path/'images').glob('*.jpg'))[::2]
    block = v.DataBlock((v.ImageBlock, v.PointBlock), get_items=lambda _: files, splitter=split(files, lambda f: f.name in valid),
                        get_y=lambda f: v.TensorPoint.create([[float(centres.x[f.name]), float(centres.y[f.name])]]),
                        item_tfms=v.Resize(size), batch_tfms=v.aug_transforms())
    return block, partial(learner, arch='squeezenet1_1', y_range=(-1, 1)), dict(bs=8), 4e-3, mse


def point_head(v, lib, folder):
    "The same with our head for points"
    from fastlite.vision.learner import point_head
    block, _, *rest = faces(v, lib, folder)
    return block, partial(learner, arch='squeezenet1_1', custom_head=point_head), *rest


def accuracy(preds, targs): return float((preds.argmax(1) == targs).mean())


def pixel_accuracy(preds, targs, void):
    "Share of the pixels that are right, those painted Void left out"
    return float((preds.argmax(1) == targs)[targs != void].mean())


def f2(preds, targs): return float(fbeta_score(targs, preds > 0.2, beta=2, average='samples', zero_division=0))
def mse(preds, targs): return float(((preds.reshape(len(preds), -1) - targs.reshape(len(targs), -1))**2).mean())


TASKS = {  # name: (function, epochs after one with the body frozen, what is measured, libraries)
    'pets, mobilenet_v2': (partial(pets, arch='mobilenet_v2'), 2, 'accuracy', LIBRARIES),
    'pets, squeezenet1_1': (partial(pets, arch='squeezenet1_1'), 2, 'accuracy', LIBRARIES),
    'CamVid, U-Net': (street, 2, 'accuracy without Void', LIBRARIES),
    'UC Merced': (tiles, 2, 'F2', LIBRARIES),
    'face points': (faces, 3, 'MSE', LIBRARIES),
    'face points, point_head': (point_head, 3, 'MSE', LIBRARIES[:1]),
}


def run(lib: str, v, task: str, folder: Path, seed: int, every: int) -> tuple[float, float]:
    "Score and seconds per epoch"
    make, epochs, *_ = TASKS[task]
    random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
    block, make_learner, loading, lr, score = make(v, lib, folder)
    block, source = block if isinstance(block, tuple) else (block, folder)
    split_all = block.splitter
    block.splitter = lambda items: [list(o)[::every] for o in split_all(items)]
    seeded = {'seed': seed} if lib == 'fastlite' else {}
    with tempfile.TemporaryDirectory() as path:
        dls = block.dataloaders(source, path=Path(path), num_workers=0, device=torch.device('cpu'), **loading, **seeded)
        learn = make_learner(v, lib, dls, folder=folder)
        with learn.no_bar(), learn.no_logging():
            start = process_time()
            learn.fine_tune(epochs, lr)
            seconds = (process_time() - start) / (epochs + 1)
            preds, targs = learn.get_preds()
    return score(*(np.asarray(o.detach().as_subclass(torch.Tensor)) for o in (preds, targs))), seconds


def row(task: str, scores: dict) -> str:
    "A row of the table: scores and seconds of each library"
    cells, times = [], []
    for lib in LIBRARIES:
        values, seconds = zip(*scores[lib]) if lib in scores else ((), ())
        if values:
            times.append(mean(seconds))
            spread = f' ± {stdev(values):.3f}' if len(values) > 1 else ''
            cells += [f'{mean(values):.3f}{spread}', f'{times[-1]:.1f}']
        else: cells += ['–', '–']
    ratio = f'{times[0] / times[1]:.2f} ×' if len(times) == 2 else ''
    return f'| {task} | {TASKS[task][2]} | {" | ".join(cells)} | {ratio} |'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('tasks', nargs='*', default=list(TASKS))
    parser.add_argument('--seeds', type=int, default=5)
    parser.add_argument('--every', type=int, default=1, help='every so many items only, to try it out')
    args = parser.parse_args()
    warnings.filterwarnings('ignore')
    torch.set_num_threads(1)
    libraries = {lib: library(lib) for lib in LIBRARIES}
    heads = ' | '.join(f'{lib} | s per epoch' for lib in LIBRARIES)
    print(f'| task | measure | {heads} | time, ratio |\n|{"---|" * 7}', flush=True)
    for task in args.tasks:
        scores = {lib: [] for lib in TASKS[task][3]}
        for seed in range(args.seeds):
            for lib in list(scores)[::1 if seed % 2 else -1]:
                scores[lib].append(run(lib, libraries[lib], task, args.folder, seed, args.every))
                gc.collect()
        print(row(task, scores), flush=True)


if __name__ == '__main__': main()
