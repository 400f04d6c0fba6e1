"""What the tools share: where the notebooks and modules are, and how to read them."""
import ast, json, os, re, sys
from configparser import ConfigParser
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = 'fastlite'


def use_venv():
    "Starts the running tool again with .venv's Python where this one lacks the tools"
    python = ROOT/'.venv/bin/python'
    if find_spec('nbdev') or not python.exists() or Path(sys.prefix) == ROOT/'.venv': return
    os.execv(python, [str(python), *sys.argv])


def settings(root: Path = ROOT) -> dict:
    "The settings of the project in `root`"
    parser = ConfigParser(delimiters=['='])
    parser.read(root/'settings.ini', encoding='utf-8')
    return dict(parser['DEFAULT'])


def visible(path: Path, root: Path) -> bool:
    "Is no folder on the way to `path`, nor itself, hidden or private?"
    return not any(part.startswith(('.', '_')) for part in path.relative_to(root).parts)


def notebooks(root: Path = ROOT) -> list[Path]:
    "All notebooks, in the order in which they are read: index, by number, lessons"
    found = [path for path in (root/'nbs').rglob('*.ipynb') if visible(path, root/'nbs')]
    return sorted(found, key=lambda path: (len(path.relative_to(root).parts), path.stem != 'index', path))


def read(path: Path) -> dict:
    "The notebook as it is stored"
    return json.loads(path.read_text(encoding='utf-8'))


def text(value) -> str:
    "A stored text, which is a string or a list of lines, as a string"
    return value if isinstance(value, str) else ''.join(value)


def directives(source: str) -> list[str]:
    "The `#| ...` lines of a cell, without the mark"
    return [found[1].strip() for found in re.finditer(r'^\s*#\s*\|(.*)$', source, re.MULTILINE)]


def has_directive(source: str, *names: str) -> bool:
    "Does the cell carry one of the directives `names`?"
    return any(line.split(maxsplit=1)[:1] == [name] for line in directives(source) for name in names)


def is_export(cell: dict) -> bool:
    "Does the cell go into the package?"
    return cell['cell_type'] == 'code' and has_directive(text(cell['source']), 'export', 'exporti', 'exports')


def default_exp(nb: dict) -> str | None:
    "The module that the notebook is exported to, without the package's name"
    for cell in nb['cells']:
        for line in directives(text(cell['source'])) if cell['cell_type'] == 'code' else []:
            if line.startswith('default_exp '): return line.split()[1]


def number(path: Path) -> int | None:
    "The number a notebook's name begins with"
    found = re.match(r'(\d+)_', path.name)
    return int(found[1]) if found else None


@dataclass
class Module:
    "A module of the package: `name` without the package's, the tree of its code, the notebook it comes from"
    name: str
    path: Path
    notebook: Path | None

    @property
    def tree(self): return ast.parse(self.path.read_text(encoding='utf-8'))

    @property
    def number(self): return number(self.notebook) if self.notebook else None


def module_name(path: Path, package: Path) -> str:
    "`data.block` for fastlite/data/block.py"
    return '.'.join(path.relative_to(package).with_suffix('').parts)


def modules(root: Path = ROOT) -> dict[str, Module]:
    "The modules of the package by name; `__init__` and nbdev's index are none"
    homes = {default_exp(read(path)): path for path in notebooks(root)}
    package = root/NAME
    found = (path for path in sorted(package.rglob('*.py')) if not path.name.startswith('_'))
    return {name: Module(name, path, homes.get(name)) for path in found for name in [module_name(path, package)]}
