"""Does the rate that `lr_find` chooses train well? Small tasks on built-in data, each fitted with a grid of rates.

    python benchmarks/lr_choice.py [TASK ...]    all if none is named, and then LR_CHOICE.md is written
"""
import sys
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from fastlite.callback.schedule import minimum, slide, steep, valley
from fastlite.core import set_seed
from fastlite.data.core import DataLoaders
from fastlite.data.external import URLs, untar_data
from fastlite.data.load import DataLoader
from fastlite.layers import Flatten
from fastlite.learner import Learner
from fastlite.optimizer import SGD, Adam
from fastlite.vision.models.xresnet import xresnet_tiny
from measure import quiet

RATES = [10**(k/2) for k in range(-8, 1)]  # 0.0001 to 1, each √10 times the one before
SEED = 3
SUGGESTED = minimum, valley, slide, steep
HERE = Path(__file__).resolve().parent


def pixels(files, size: int, mode: str = 'L') -> torch.Tensor:
    "Images as one tensor around 0: n×c×size×size"
    arrays = [np.asarray(Image.open(f).convert(mode).resize((size, size))) for f in files]
    x = torch.from_numpy(np.stack(arrays)).float()/255
    x = x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)
    return (x - x.mean())/x.std()


def loaders(x, y, is_valid, bs: int = 32) -> DataLoaders:
    "Rows of tensors in batches; where `is_valid`, for validation"
    def pick(mask): return list(zip(x[mask], y[mask]))
    is_valid = torch.as_tensor(np.array(is_valid, dtype=bool))
    return DataLoaders(DataLoader(pick(~is_valid), bs=bs, shuffle=True, seed=SEED), DataLoader(pick(is_valid), bs=256))


def in_folders(url, size: int, every: int = 1):
    "Pictures in train/<class>/ and valid/<class>/: inputs, numbers of the classes, is it for validation"
    files = sorted(untar_data(url).rglob('*.png'))[::every]
    classes = sorted({f.parent.name for f in files})
    y = torch.tensor([classes.index(f.parent.name) for f in files])
    return pixels(files, size), y, [f.parent.parent.name == 'valid' for f in files]


def scaled(df: pd.DataFrame) -> torch.Tensor:
    "Columns of numbers around 0"
    return torch.tensor(((df - df.mean())/df.std()).fillna(0).to_numpy(), dtype=torch.float32)


def conv_net(c_in: int, n_out: int, n_layers: int = 3) -> nn.Sequential:
    "Convolutions that halve the image, with batch norm"
    sizes = [c_in, 16, 32, 64, 64][:n_layers + 1]
    blocks = [nn.Sequential(nn.Conv2d(ni, nf, 3, 2, 1), nn.BatchNorm2d(nf), nn.ReLU())
              for ni, nf in zip(sizes, sizes[1:])]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), Flatten(), nn.Linear(sizes[-1], n_out))


def mlp(ni: int, n_out: int, nh: int = 64) -> nn.Sequential:
    "Two hidden layers, without batch norm"
    return nn.Sequential(nn.Linear(ni, nh), nn.ReLU(), nn.Linear(nh, nh), nn.ReLU(), nn.Linear(nh, n_out))


class DotProduct(nn.Module):
    "Factors and a bias for each user and film"
    def __init__(self, n_users: int, n_films: int, n_factors: int = 20):
        super().__init__()
        self.users, self.films = nn.Embedding(n_users, n_factors + 1), nn.Embedding(n_films, n_factors + 1)
        for emb in (self.users, self.films): nn.init.normal_(emb.weight, std=0.01)

    def forward(self, x):
        user, film = self.users(x[:, 0]), self.films(x[:, 1])
        score = (user[:, 1:]*film[:, 1:]).sum(1) + user[:, 0] + film[:, 0]
        return torch.sigmoid(score)*5.5


def digits(opt_func=Adam):
    "Handwriting, 8×8 pixels, by two convolutions"
    x, y, is_valid = in_folders(URLs.DIGITS, 8)
    return loaders(x, y, is_valid), lambda: conv_net(1, 10, 2), F.cross_entropy, 3, opt_func


def glyphs():
    "A residual network from random weights: letters"
    x, y, is_valid = in_folders(URLs.GLYPHS, 32, every=5)
    x = x.expand(-1, 3, -1, -1)
    return loaders(x, y, is_valid), lambda: xresnet_tiny(n_out=42), F.cross_entropy, 3, Adam


def head_on_letters():
    "Digits by a net that knows letters: only the new last layer is trained"
    x, y, is_valid = in_folders(URLs.DIGITS, 32, every=3)
    *body, last = xresnet_tiny(pretrained=True)
    body = nn.Sequential(*body).eval()
    with torch.no_grad(): features = torch.cat([body(part.expand(-1, 3, -1, -1)) for part in x.split(128)])
    return loaders(features, y, is_valid), lambda: nn.Linear(last.in_features, 10), F.cross_entropy, 6, Adam


def tiles():
    "Several tags for each picture"
    path = untar_data(URLs.TILES)
    df = pd.read_csv(path/'labels.csv')
    x = pixels([path/'images'/f'{name}.jpg' for name in df.image_name], 32, 'RGB')
    y = torch.tensor(df.tags.str.get_dummies(' ').to_numpy(), dtype=torch.float32)
    return loaders(x, y, df.is_valid), lambda: conv_net(3, y.shape[1], 4), F.binary_cross_entropy_with_logits, 6, Adam


def heads():
    "A point in each picture"
    path = untar_data(URLs.HEADS)
    df = pd.read_csv(path/'centers.csv')
    x = pixels([path/name for name in df.name], 32, 'RGB')
    y = torch.tensor(df[['y', 'x']].to_numpy(), dtype=torch.float32)/64 - 1
    return loaders(x, y, df.is_valid, bs=16), lambda: conv_net(3, 2, 4), F.mse_loss, 8, Adam


def people():
    "A table, numbers only: who earns much?"
    df = pd.read_csv(untar_data(URLs.PEOPLE)/'people.csv')
    x = scaled(df.select_dtypes('number'))
    y = torch.tensor((df.salary != '<50k').to_numpy()).long()
    return loaders(x, y, np.arange(len(df)) % 5 == 0, bs=64), lambda: mlp(x.shape[1], 2), F.cross_entropy, 3, Adam


def sales():
    "A table: the logarithm of the sales, by shop, weekday and promotion"
    df = pd.read_csv(untar_data(URLs.SALES)/'train.csv', low_memory=False)
    df = df[df.Sales > 0][::20]
    one_hot = pd.get_dummies(df[['Store', 'DayOfWeek']].astype(str)).astype(float)
    x = scaled(pd.concat([one_hot, df[['Promo', 'SchoolHoliday']]], axis=1))
    y = torch.tensor(np.log(df.Sales.to_numpy()), dtype=torch.float32)[:, None]
    y = (y - y.mean())/y.std()
    return loaders(x, y, np.arange(len(df)) % 5 == 0), lambda: mlp(x.shape[1], 1), F.mse_loss, 4, Adam


def ratings():
    "Who likes which film: dot products of factors"
    df = pd.read_csv(untar_data(URLs.RATINGS)/'ratings.csv')
    x = torch.tensor(np.stack([pd.factorize(df[name])[0] for name in ('userId', 'movieId')], 1))
    n_users, n_films = (int(n) + 1 for n in x.max(0).values)
    y = torch.tensor(df.rating.to_numpy(), dtype=torch.float32)
    return loaders(x, y, np.arange(len(df)) % 5 == 0, bs=64), lambda: DotProduct(n_users, n_films), F.mse_loss, 3, Adam


def waves():
    "Made: a number out of five, y = sin 3a + bc − d/2, with noise"
    g = torch.Generator().manual_seed(0)
    x = torch.rand(1500, 5, generator=g)*2 - 1
    y = (3*x[:, 0]).sin() + x[:, 1]*x[:, 2] - x[:, 3]/2 + torch.randn(1500, generator=g)*0.1
    return loaders(x, y[:, None], np.arange(1500) % 5 == 0), lambda: mlp(5, 1), F.mse_loss, 6, Adam


def digits_sgd():
    "As digits, with momentum instead of Adam"
    return digits(partial(SGD, mom=0.9))


def waves_sgd():
    "As waves, with plain gradient descent"
    return *waves()[:-1], SGD


def digits_deep():
    "Digits by four wide layers without batch norm"
    x, y, is_valid = in_folders(URLs.DIGITS, 8)
    sizes = [64, 256, 256, 256, 256]
    def net():
        hidden = [layer for ni, nf in zip(sizes, sizes[1:]) for layer in (nn.Linear(ni, nf), nn.ReLU())]
        return nn.Sequential(*hidden, nn.Linear(256, 10))
    return loaders(x.flatten(1), y, is_valid), net, F.cross_entropy, 4, Adam


def letters_to_digits():
    "All layers of a net that knows letters learn digits"
    x, y, is_valid = in_folders(URLs.DIGITS, 32, every=3)
    def net():
        *body, last = xresnet_tiny(pretrained=True)
        return nn.Sequential(*body, nn.Linear(last.in_features, 10))
    return loaders(x.expand(-1, 3, -1, -1), y, is_valid), net, F.cross_entropy, 3, Adam


FIRST = [digits, digits_sgd, glyphs, head_on_letters, tiles, heads, people, sales, ratings, waves]
LATER = [waves_sgd, digits_deep, letters_to_digits]   # no number of the rule was chosen with these


def learner(task) -> Learner:
    "The same Learner each time"
    dls, make_net, loss_func, _, opt_func = task
    set_seed(SEED)
    for dl in dls.loaders: dl.load_state_dict(dict(dl.state_dict(), epoch=0))
    return Learner(dls, make_net(), loss_func=loss_func, opt_func=opt_func)


def final_loss(task, lr: float) -> float:
    "Validation loss after one cycle to `lr`"
    learn = learner(task)
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(task[3], lr)
    return learn.recorder.values[-1][1]


def measure(make) -> dict:
    "The grid and the suggestions of one task"
    start, task = perf_counter(), make()
    grid = [final_loss(task, lr) for lr in RATES]
    best = int(np.nanargmin(grid))
    res = learner(task).lr_find(show_plot=False, suggest_funcs=SUGGESTED)
    rates = {'lr': res.lr, **res._asdict(), '0.003': 0.003}
    ratios = {name: final_loss(task, lr)/grid[best] for name, lr in rates.items()}
    row = dict(name=make.__name__, best=RATES[best], loss=grid[best], lr=res.lr, grid=grid, ratios=ratios,
               apart=max(res.lr/RATES[best], RATES[best]/res.lr))
    print(f'{row["name"]:18} best {row["best"]:.4f} ({row["loss"]:.3f})  lr {res.lr:.4f}  '
          + '  '.join(f'{name} {ratio:.2f}' for name, ratio in ratios.items())
          + f'   [{perf_counter() - start:.0f} s]', flush=True)
    return row


def table(rows: list[dict]) -> str:
    "The rows as a markdown table"
    names = list(rows[0]['ratios'])
    lines = [['task', 'best rate', 'its loss', '`lr`', 'times apart', *(f'loss at {n} / best' for n in names)]]
    lines.append(['---']*len(lines[0]))
    for row in rows:
        ratios = [f'{ratio:.2f}' for ratio in row['ratios'].values()]
        lines.append([row['name'], f'{row["best"]:.4f}', f'{row["loss"]:.3f}', f'{row["lr"]:.4f}',
                      f'{row["apart"]:.1f}', *ratios])
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


def count(rows: list[dict]) -> str:
    "How often each choice is good, as a list"
    said = []
    for name in rows[0]['ratios']:
        ratios = [row['ratios'][name] for row in rows]
        good, mean = sum(r <= 1.1 for r in ratios), float(np.exp(np.mean(np.log(ratios))))
        said.append(f'- {name}: within 10 % of the best loss in {good} of {len(rows)}; mean (geometric) {mean:.2f} ×, '
                    f'worst {max(ratios):.2f} ×')
    near = sum(row['apart'] <= 3.17 for row in rows)
    said.append(f'- `lr` is at most one step of the grid (√10) from the best rate in {near} of {len(rows)}')
    return '\n'.join(said)


def document(first: list[dict], later: list[dict]) -> str:
    "LR_CHOICE.md"
    return f'''# Does the rate that `lr_find` chooses train well?

Made by `python benchmarks/lr_choice.py`. Each task is fitted as one cycle of a few epochs, always from the same start
(seed {SEED}), with {len(RATES)} rates from {RATES[0]:g} to {RATES[-1]:g}, each √10 times the one before. "Best" is the
lowest validation loss of this grid. Then the same fit runs at the rates that `lr_find` suggests: `lr`, out of
the middle of the floor of the curve (`valley_floor` in notebook 33), four older readings of the smoothed curve, and,
as someone who does not look would do, always 0.003. Less than 1 is a rate between those of the grid, and chance: another seed changes the
losses of these small tasks by some percent, small losses by more. Where the best loss hardly depends on the rate
(people, sales), a `lr` that is many times apart does no harm.

## Tasks on which the rule was found

Its numbers (half a power of ten, a tenth of the fall, a fifth of the highest rate) were chosen on these
tasks, with other seeds and, for the last of them, on the same nets after two epochs. (There the curve says less,
and the choice is worse than in this table.)

{table(first)}

{count(first)}

## Tasks on which nothing was chosen

{table(later)}

{count(later)}

## All grids

Validation losses, a row for each rate.

{grids(first + later)}
'''


def grids(rows: list[dict]) -> str:
    "Every loss of every grid"
    lines = [['rate', *(row['name'] for row in rows)], ['---']*(len(rows) + 1)]
    for i, lr in enumerate(RATES): lines.append([f'{lr:.4f}', *(f'{row["grid"][i]:.3f}' for row in rows)])
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)


if __name__ == '__main__':
    quiet()
    named = sys.argv[1:]
    def rows(tasks): return [measure(make) for make in tasks if make.__name__ in named or not named]
    first, later = rows(FIRST), rows(LATER)
    if not named: (HERE/'LR_CHOICE.md').write_text(document(first, later))
