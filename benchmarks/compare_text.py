"""Quality and speed of text models beside fastai, on the real sets: the same settings, no pretrained weights, one thread.

    python benchmarks/compare_text.py FOLDER [--seeds 5] [--only imdb_sample wiki_articles]

FOLDER holds `imdb_sample.tgz` and `wiki_articles.tgz`, the course's archives. Prints a markdown table. Without fastai only
our rows are printed. The seconds are those of the processor, so that whatever else the machine does is not counted; those to
prepare are of this process alone. What each run gave goes to stderr.

Both libraries get one vocabulary, that of our training texts. Left alone, fastai counts the validation texts too, has more words
and fewer unknown ones among the targets, and a perplexity over other words is another measure.
"""
import argparse
import importlib
import statistics
import sys
import tarfile
import tempfile
import time
import warnings
from pathlib import Path

import pandas as pd
import torch

warnings.filterwarnings('ignore')
SMALL = dict(emb_sz=64, n_hid=96, n_layers=2, pad_token=1, bidir=False)
CLAS = dict(SMALL, output_p=0.4, hidden_p=0.3, input_p=0.4, embed_p=0.05, weight_p=0.5)
LM = dict(SMALL, output_p=0.1, hidden_p=0.15, input_p=0.25, embed_p=0.02, weight_p=0.2, tie_weights=True, out_bias=True)


def unpacked(folder: Path, name: str, to: Path) -> Path:
    "The table in the archive of `name`"
    with tarfile.open(folder/f'{name}.tgz') as archive: archive.extractall(to, filter='data')
    return next((to/name).rglob('texts.csv'))


def imdb_data(lib, file: Path, path: Path, vocab: list):
    "Loaders of the film reviews"
    return lib.TextDataLoaders.from_df(pd.read_csv(file), path=path, text_col='text', label_col='label', valid_col='is_valid',
                                       text_vocab=vocab, bs=64, seq_len=72, device=torch.device('cpu'))


def wiki_data(lib, file: Path, path: Path, vocab: list, n_chars: int = 700_000):
    "Loaders of articles for a language model: the first ones, every fifth for validation"
    texts, total = [], 0
    for text in pd.read_csv(file)['text']:
        if total > n_chars: break
        texts, total = [*texts, text], total + len(text)
    df = pd.DataFrame({'text': texts, 'is_valid': [i % 5 == 4 for i in range(len(texts))]})
    block = lib.DataBlock(lib.TextBlock.from_df('text', is_lm=True, seq_len=72, vocab=vocab), get_x=lib.ColReader('text'),
                          splitter=lib.ColSplitter('is_valid'))
    return block.dataloaders(df, path=path, bs=32, seq_len=72, device=torch.device('cpu'))


def imdb_learner(lib, dls):
    "A classifier"
    return lib.text_classifier_learner(dls, lib.AWD_LSTM, config=dict(CLAS), pretrained=False, drop_mult=0.3, metrics=lib.accuracy)


def wiki_learner(lib, dls):
    "A language model"
    return lib.language_model_learner(dls, lib.AWD_LSTM, config=dict(LM), pretrained=False, drop_mult=0.3, metrics=lib.Perplexity())


TASKS = {'imdb_sample': (imdb_data, imdb_learner, 5, 1e-2, 'accuracy'), 'wiki_articles': (wiki_data, wiki_learner, 3, 1e-2, 'perplexity')}


class Side:
    "One library on one set: its loaders, and what is measured with them"
    def __init__(self, lib, name: str, file: Path, path: Path, vocab: list = None):
        self.lib, self.name, self.values, self.seconds = lib, name, [], []
        start = time.process_time()
        self.dls = TASKS[name][0](lib, file, path, vocab)
        self.dls.one_batch()
        self.prepared = time.process_time() - start
        self.vocab = self.dls.vocab if isinstance(self.dls.vocab[0], str) else self.dls.vocab[0]

    def train(self, seed: int):
        "Train a new model, and note its value and the seconds per epoch"
        _, learner, n_epoch, lr, _ = TASKS[self.name]
        self.lib.set_seed(seed)
        learn = learner(self.lib, self.dls)
        with learn.no_bar(), learn.no_logging():
            start = time.process_time()
            learn.fit_one_cycle(n_epoch, lr)
            self.seconds.append((time.process_time() - start)/n_epoch)
        self.values.append(float(learn.recorder.values[-1][-1]))
        self.n = sum(p.numel() for p in learn.model.parameters())
        print(f'{self.name} {self.lib.__name__} seed {seed}: {self.values[-1]:.4f}, {self.seconds[-1]:.1f} s', file=sys.stderr, flush=True)

    def row(self) -> str:
        "A row of the table"
        mean, sd = statistics.mean(self.values), statistics.stdev(self.values) if len(self.values) > 1 else 0
        return (f'| {self.name} | {TASKS[self.name][-1]} | {self.lib.__name__.split(".")[0]} | {mean:.3f} ± {sd:.3f} '
                f'| {min(self.values):.3f} – {max(self.values):.3f} | {statistics.median(self.seconds):.1f} | {self.prepared:.1f} '
                f'| {len(self.vocab):,} | {self.n:,} |')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--seeds', type=int, default=5)
    parser.add_argument('--only', nargs='*', default=list(TASKS))
    args = parser.parse_args()
    torch.set_num_threads(1)
    libs = [importlib.import_module('fastlite.text.all')]
    try: libs.append(importlib.import_module('fastai.text.all'))
    except ImportError: print('fastai is not there: our rows alone')
    print('| set | measure | library | mean ± deviation | range | seconds per epoch | seconds to prepare | vocabulary | parameters |')
    print('|---|---|---|---|---|---|---|---|---|')
    with tempfile.TemporaryDirectory() as tmp:
        for name in args.only:
            file = unpacked(args.folder, name, Path(tmp))
            sides = [Side(libs[0], name, file, Path(tmp))]
            sides += [Side(lib, name, file, Path(tmp), list(sides[0].vocab)) for lib in libs[1:]]
            for seed in range(args.seeds):  # in turns, so that a slow moment of the machine meets both
                for side in sides: side.train(seed)
            for side in sides: print(side.row(), flush=True)


if __name__ == '__main__': main()
