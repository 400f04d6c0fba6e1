"""Is every line of code in the notebooks short enough?"""
from pathlib import Path

from project import notebooks, read, text

LONGEST = 120


def check(root: Path) -> list[str]:
    "Names each line of code that has too many characters"
    failures = []
    for path in notebooks(root):
        for i, cell in enumerate(read(path)['cells']):
            if cell['cell_type'] != 'code': continue
            for line in text(cell['source']).split('\n'):
                if len(line) <= LONGEST: continue
                failures.append(f'{path.relative_to(root)} cell {i} has a line of {len(line)} characters, '
                                f'more than {LONGEST}: {line.strip()[:50]}…')
    return failures
