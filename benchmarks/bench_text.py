"""Tokenizing, batches for a language model, and the memory of tokenizing; beside fastai where it is installed.

The texts are Python's language reference, or the column `text` of the csv file that BENCH_TEXTS names.
"""
import os, random, resource, subprocess, sys, tempfile, warnings
from pathlib import Path

import pandas as pd
import torch

from fastlite.data.external import URLs, untar_data
from fastlite.data.transforms import get_text_files
from fastlite.text.core import Tokenizer, WordTokenizer, apply_rules, read_text, text_rules, tokenize1
from fastlite.text.data import LMDataLoader, TextDataLoaders
from measure import quiet, report, side_by_side

N_TOKENS, REPEATS = 1_000_000, 9


def corpus() -> list[str]:
    "Pieces of Python's language reference, capitals and signs and all, of 1,000 characters; or what BENCH_TEXTS has"
    if file := os.environ.get('BENCH_TEXTS'): return pd.read_csv(file).text.tolist()
    texts = [read_text(file) for file in get_text_files(untar_data(URLs.PYDOCS))]
    return [text[i:i + 1000] for text in texts for i in range(0, len(text), 1000)]


def ours(texts: list):
    "Tokenize with a new tokenizer, which knows no word yet"
    tok = WordTokenizer()
    return [tokenize1(text, tok) for text in texts]


def spacys(texts: list):
    "The same rules, and spaCy's tokenizer for whole texts"
    import spacy
    pipe = spacy.blank('en').tokenizer.pipe
    return [[token.text for token in doc] for doc in pipe(apply_rules(text, text_rules) for text in texts)]


def tokenizing(texts: list):
    "Rows: the same texts in one process"
    a, b, ratio = side_by_side(lambda: ours(texts) and None, lambda: spacys(texts) and None, REPEATS)
    n = sum(map(len, ours(texts)))
    report('tokenizing a text', 'same rules, spaCy', a/len(texts), b/len(texts), ratio, note=f'{n/a:,.0f} tokens/s')
    try: from fastai.text.core import parallel_tokenize
    except ImportError: return
    def theirs(): return [list(tokens) for _, tokens in parallel_tokenize(texts, n_workers=0)]
    same = sum(x == y for x, y in zip(ours(texts), theirs()))/len(texts)
    a, b, ratio = side_by_side(lambda: ours(texts) and None, lambda: theirs() and None, REPEATS)
    report('tokenizing a text', 'fastai', a/len(texts), b/len(texts), ratio, 1/3,
           f'{n/a:,.0f} tokens/s; {same:.1%} of the texts alike')


def batches():
    "A row: an epoch of 64×72 batches of a shuffled corpus"
    rng = random.Random(0)
    docs = [torch.randint(0, 10_000, (rng.randint(50, 450),)) for _ in range(N_TOKENS//250)]
    dl = LMDataLoader(docs, bs=64, seq_len=72, shuffle=True)
    def mine():
        for x, y in dl: pass
    try: from fastai.text.data import LMDataLoader as Theirs
    except ImportError: return
    other = Theirs(docs, bs=64, seq_len=72, shuffle=True, num_workers=0)
    def theirs():
        for x, y in other: pass
    a, b, ratio = side_by_side(mine, theirs, REPEATS)
    report('batch 64×72 of a language model', 'fastai', a/len(dl), b/len(dl), ratio, 1/5, f'{N_TOKENS/a:,.0f} tokens/s')


class Made:
    "`n` texts of 1,000 words, each made when it is asked for; ten thousand different words"
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
    def __iter__(self): return (' '.join(map('w{}'.format, random.Random(i).choices(range(10_000), k=1000))) for i in range(self.n))


def peak(n: int, function: str = 'tokenize_made') -> int:
    "The peak of memory, in bytes, of a process that calls `function` for `n` texts"
    code = f'import bench_text; bench_text.{function}({n})'
    return int(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout.split()[-1])


def tokenize_made(n: int):
    "Tokenize `n` texts, and say how much memory it took at most"
    tokenizer = Tokenizer(WordTokenizer(), n_workers=0)
    tokenizer.setup(Made(n))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def load_csv(n: int):
    "Make loaders of a csv file of `n` texts, and say how much memory it took at most"
    with tempfile.TemporaryDirectory() as folder:
        with open(Path(folder)/'texts.csv', 'w') as file:
            file.write('text,label\n')
            for i, text in enumerate(Made(n)): file.write(f'{text},{"ab"[i % 2]}\n')
        TextDataLoaders.from_csv(folder, 'texts.csv', seed=1, bs=16, tok_tfm=Tokenizer(WordTokenizer(), n_workers=0))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def memory():
    "A line: how memory grows with the corpus; the peak is that of importing torch, below which much fits"
    few, many = (peak(n)/2**20 for n in (1000, 20_000))
    print(f'memory of tokenizing 1,000 texts of 1,000 tokens, at most: {few:.0f} MB; of 20,000: {many:.0f} MB')
    few, many = (peak(n, 'load_csv')/2**20 for n in (3400, 34_000))
    print(f'memory of loaders from a csv file of 20 MB, at most: {few:.0f} MB; of 200 MB: {many:.0f} MB')


if __name__ == '__main__':
    quiet()
    warnings.simplefilter('ignore')
    tokenizing(corpus())
    batches()
    memory()
