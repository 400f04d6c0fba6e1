"""Is the package what the notebooks export?"""
import os, shutil, subprocess, sys, tempfile
from pathlib import Path

from project import NAME, module_name, modules, notebooks

EXPORT = 'from nbdev.doclinks import nbdev_export; nbdev_export()'


def export_copy(root: Path, copy: Path) -> str:
    "Exports the notebooks of `root` into the folder `copy`; returns what went wrong"
    for name in ('settings.ini', 'pyproject.toml', f'{NAME}/__init__.py'):
        if (root/name).exists():
            (copy/name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root/name, copy/name)
    for path in notebooks(root):
        target = copy/path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    env = {key: value for key, value in os.environ.items() if key != 'IN_TEST'}
    done = subprocess.run([sys.executable, '-c', EXPORT], cwd=copy, env=env, capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else ''


def first_difference(ours: Path, made: Path) -> int:
    "The first line in which two files differ"
    pairs = zip(ours.read_text(encoding='utf-8').split('\n'), made.read_text(encoding='utf-8').split('\n'))
    return next((i for i, (a, b) in enumerate(pairs, 1) if a != b), 0) or min(
        len(path.read_text(encoding='utf-8').split('\n')) for path in (ours, made)) + 1


def check(root: Path) -> list[str]:
    "Names each module that differs from its notebook, and each that no notebook makes"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        wrong = export_copy(root, copy)
        if wrong: return [f'the notebooks cannot be exported: {wrong.splitlines()[-1]}']
        ours, made = ({path.relative_to(base): path for path in (base/NAME).rglob('*.py')} for base in (root, copy))
        homes = {name: module.notebook for name, module in modules(root).items()}
        failures = []
        for path in sorted(ours.keys() | made.keys()):
            home = homes.get(module_name(path, Path(NAME)))
            if path not in made: failures.append(f'{path} comes from no notebook: remove it, or give it one')
            elif path not in ours: failures.append(f'{path} is missing: run nbdev_export')
            elif ours[path].read_bytes() != made[path].read_bytes():
                whom = home.relative_to(root) if home else 'the notebooks'
                line = first_difference(ours[path], made[path])
                failures.append(f'{path} is out of step with {whom} from line {line} on: run nbdev_export')
        return failures
