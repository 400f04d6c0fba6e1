"""What predicting one picture costs, against opening it, resizing it and running the bare model; and against fastai.

fastai is no requirement: without it its row is left out.
"""
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import fastlite.predictor  # gives a Learner its `predictor`
from fastlite.vision import all as fastlite
from measure import quiet, report, side_by_side

SIZE, REPEATS, CALLS = 224, 9, 10
STATS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make(folder: Path, n: int = 12):
    "JPEG files of 500×375 that are not easier to decode than photos: smooth shapes and some noise"
    rng = np.random.default_rng(0)
    for i in range(n):
        (folder/'ab'[i % 2]).mkdir(exist_ok=True)
        smooth = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).resize((500, 375), Image.BICUBIC)
        noisy = np.clip(np.asarray(smooth) + rng.normal(0, 8, (375, 500, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder/'ab'[i % 2]/f'{i}.jpg', quality=90)


def bare(model, vocab):
    "What one would write by hand: a file → (class, number, probabilities)"
    mean, std = (torch.tensor(o).view(1, 3, 1, 1) for o in STATS)
    def predict(file):
        image = Image.open(file).convert('RGB')
        width, height = image.size
        side = min(width, height)
        left, top = (width - side)/2, (height - side)/2
        image = image.resize((SIZE, SIZE), Image.BILINEAR, box=(left, top, left + side, top + side))
        x = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float()/255
        with torch.no_grad(): probs = model((x - mean)/std).softmax(1)[0]
        number = probs.argmax()
        return vocab[number], number, probs
    return predict


def repeated(predict, files: list):
    "Predicts `CALLS` of the files, one after the other"
    def run():
        for i in range(CALLS): predict(files[i % len(files)])
    return run


def learner(library, arch: str, folder: Path):
    "A learner of `library`, ours or fastai's, with the same random weights each time, on the CPU"
    torch.manual_seed(0)
    dls = library.ImageDataLoaders.from_folder(
        folder, valid_pct=0.2, seed=0, item_tfms=library.Resize(SIZE), bs=2, device=torch.device('cpu'), num_workers=0,
        batch_tfms=library.Normalize(*(torch.tensor(o).view(1, 3, 1, 1) for o in STATS)))
    return library.vision_learner(dls, getattr(library, arch), pretrained=False)


def beside_fastai(predict, files: list, folder: Path):
    "One row: `predict` against fastai's `learn.predict`, both with a resnet18"
    from fastai.vision import all as fastai
    theirs = learner(fastai, 'resnet18', folder)
    with theirs.no_bar(), theirs.no_logging(): times = side_by_side(repeated(predict, files), repeated(theirs.predict, files), REPEATS)
    mine, other, ratio = times
    report('learn.predict, one picture, resnet18', 'fastai', mine/CALLS, other/CALLS, ratio)


if __name__ == '__main__':
    quiet()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        make(folder)
        files = sorted(folder.rglob('*.jpg'))
        for arch, at_most in (('resnet18', 1.5), ('xresnet_tiny', None)):
            learn = learner(fastlite, arch, folder)
            by_hand, predictor = bare(learn.model.eval(), learn.dls.vocab), learn.predictor()
            for file in files:
                assert torch.allclose(predictor(file)[2], by_hand(file)[2], atol=0.02), 'not the same work'
                assert torch.allclose(predictor(file)[2], learn.predict(file)[2], atol=1e-6)
            for name, predict in (('predictor(file)', predictor), ('learn.predict', learn.predict)):
                mine, theirs, ratio = side_by_side(repeated(predict, files), repeated(by_hand, files), REPEATS)
                report(f'{name}, one picture, {arch}', 'bare model + decode', mine/CALLS, theirs/CALLS, ratio, at_most)
            if arch == 'resnet18' and find_spec('fastai'): beside_fastai(learn.predict, files, folder)
