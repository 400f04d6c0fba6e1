"""Finding the files of a set of ten classes against a bare os.walk over the same folders."""
import os, random, tempfile
from pathlib import Path

from fastlite.data.transforms import get_files, get_image_files
from measure import quiet, report, side_by_side

COUNTS = {'train': 950, 'valid': 400}  # files in each of ten folders: 13,500
REPEATS = 15


def make(root: Path):
    "Empty files in folders as image sets have them, made in random order as a download would"
    random.seed(0)
    for split, n in COUNTS.items():
        for c in range(10):
            folder = root/split/f'n0{c}'
            folder.mkdir(parents=True)
            for i in random.sample(range(n), n): (folder/f'n0{c}_{i}.JPEG').touch()


def walk(root: Path) -> int:
    "Every name, as the system has it"
    return sum(len(names) for _, _, names in os.walk(root))


def compare(what: str, ours, beside: str, theirs, at_most: float = None, note: str = ''):
    "One row"
    report(what, beside, *side_by_side(ours, theirs, REPEATS), at_most, note)


if __name__ == '__main__':
    quiet()
    with tempfile.TemporaryDirectory() as root:
        root = Path(root)
        make(root)
        files = get_image_files(root)
        assert len(files) == walk(root) == 10*sum(COUNTS.values())
        assert set(files) == {p for p in root.rglob('*.*') if p.is_file()}
        bare = ['os.walk', lambda: walk(root)]
        compare(f'get_image_files, {len(files):,} files', lambda: get_image_files(root), *bare, 2)
        compare(f'get_files, {len(files):,} files', lambda: get_files(root), *bare, 2)
        compare('the same and a Path of each', lambda: list(get_image_files(root)), *bare)
        compare('the same and a Path of each', lambda: list(get_image_files(root)), 'Path.rglob',
                lambda: list(root.rglob('*.JPEG')))
