"""The size and quality of the package and the notebooks, as a table. It is looked at; nothing fails on it."""
import ast, io, subprocess, sys, tokenize
from collections import Counter
from pathlib import Path
from statistics import median

from project import directives, is_export, modules, notebooks, read, text

PATHLESS = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}
DEFS = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef


def docstring_lines(tree) -> set[int]:
    "The lines that docstrings stand on"
    lines = set()
    for node in ast.walk(tree):
        first = node.body[0] if isinstance(node, (*DEFS, ast.Module)) and node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            lines |= set(range(first.lineno, first.end_lineno + 1))
    return lines


def all_lines(tree) -> set[int]:
    "The lines of `__all__`, which nbdev writes"
    nodes = (o for o in tree.body if isinstance(o, ast.Assign) and getattr(o.targets[0], 'id', '') == '__all__')
    return {line for node in nodes for line in range(node.lineno, node.end_lineno + 1)}


def code_lines(source: str) -> set[int]:
    "The lines that hold code: no blanks, comments, docstrings or `__all__`"
    tree = ast.parse(source)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    held = {line for token in tokens if token.type not in PATHLESS for line in range(token.start[0], token.end[0] + 1)}
    return held - docstring_lines(tree) - all_lines(tree)


def comment_lines(source: str) -> set[int]:
    "The lines that end in a comment"
    return {token.start[0] for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT}


def functions(tree) -> list:
    "Every function and method, inner ones too"
    return [node for node in ast.walk(tree) if isinstance(node, DEFS[:2])]


def public_defs(tree) -> list:
    "The public functions and classes of a module, and the public methods of those classes"
    top = [node for node in tree.body if isinstance(node, DEFS) and not node.name.startswith('_')]
    inner = [o for node in top if isinstance(node, ast.ClassDef) for o in node.body if isinstance(o, DEFS[:2])]
    return top + [node for node in inner if not node.name.startswith('_')]


def parameters(node) -> list:
    "The parameters of a function but `self` and `cls`"
    args = node.args
    found = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
    return [o for o in found if o.arg not in ('self', 'cls')]


def share(flags: list[bool]) -> str:
    "How many of `flags` are set"
    return f'{100*sum(flags)/len(flags):.0f}%' if flags else '–'


def spread(values: list[int]) -> str:
    "Median / 90 of 100 / largest"
    if not values: return '–'
    ordered = sorted(values)
    return f'{median(ordered):.0f} / {ordered[int(0.9*(len(ordered) - 1))]} / {ordered[-1]}'


def has_def(source: str) -> bool:
    "Does the cell define a function or a class?"
    try: return any(isinstance(node, DEFS) for node in ast.parse(source).body)
    except SyntaxError: return False


def is_test(source: str) -> bool:
    "Does the cell test something?"
    return 'test_' in source or 'assert ' in source or 'ExceptionExpected' in source


def notebook_numbers(nbs: list[dict]) -> dict:
    "What is counted over cells"
    export, example, words, tests, defs, demo, prose = [], [], [], 0, 0, 0, 0
    for nb in nbs:
        cells = [(cell['cell_type'], text(cell['source']), is_export(cell)) for cell in nb['cells']]
        words.append(sum(len(source.split()) for kind, source, _ in cells if kind == 'markdown'))
        exporting = any(exported for *_, exported in cells)
        for i, (kind, source, exported) in enumerate(cells):
            if kind != 'code': continue
            lines = len([line for line in source.split('\n') if line.strip()])
            if not exported and 'hide' not in directives(source): example.append(lines)
            if exporting and not exported: tests += is_test(source)
            if not exported: continue
            export.append(lines)
            if not has_def(source): continue
            after = next((o for o in cells[i+1:] if o[0] == 'code'), ('', '', True))
            defs, demo = defs + 1, demo + (not after[2])
            prose += any(0 <= j < len(cells) and cells[j][0] == 'markdown' for j in (i - 1, i + 1))
    return dict(export=export, example=example, words=words, tests=tests, defs=defs, demo=demo, prose=prose)


def star_names(root: Path) -> str:
    "How many names `from fastlite.vision.all import *` puts in scope"
    if not (root/'fastlite/vision/all.py').exists(): return 'not there yet'
    code = 'from fastlite.vision.all import *; print(len([o for o in globals() if not o.startswith("_")]))'
    done = subprocess.run([sys.executable, '-c', code], cwd=root, capture_output=True, text=True)
    return done.stdout.strip() or 'fails to import'


def rows(root: Path):
    "The rows of the table: (measure, value, goal, watch at)"
    found = modules(root).values()
    sources = {module.name: module.path.read_text(encoding='utf-8') for module in found}
    held = {name: code_lines(source) for name, source in sources.items()}
    trees = {name: ast.parse(source) for name, source in sources.items()}
    comments = {name: comment_lines(source) for name, source in sources.items()}
    sloc = Counter({name: len(lines) for name, lines in held.items()})
    lengths = [len(held[name] & set(range(f.lineno, f.end_lineno + 1))) for name in trees for f in functions(trees[name])]
    public = [(name, node) for name in trees for node in public_defs(trees[name])]
    calls = [(name, node, parameters(node)) for name, node in public if not isinstance(node, ast.ClassDef)]
    documented = [all(o.lineno in comments[name] for o in args) for name, _, args in calls if len(args) > 1]
    nbs = {path: read(path) for path in notebooks(root)}
    cells = notebook_numbers(list(nbs.values()))
    widths = sorted(len(line) for name in sources for i, line in enumerate(sources[name].split('\n'), 1) if i in held[name])
    sizes = sorted(((path.stat().st_size//1000, path.name) for path in nbs), reverse=True)
    largest = ', '.join(f'{name} {size}' for name, size in sloc.most_common(3))
    yield 'exported SLOC, whole package', sum(sloc.values()), '4 500', '5 500'
    yield 'SLOC per module, largest', largest, '250', '450'
    yield 'function SLOC median / p90 / max', spread(lengths), '5 / 12 / 30', '– / 15 / 45'
    yield 'export cell lines median / p90 / max', spread(cells['export']), '≤ 25', '50'
    yield 'example cell lines median / p90 / max', spread(cells['example']), '≤ 8', '15'
    yield 'public symbols', sum(len([o for o in tree.body if isinstance(o, DEFS) and o.name[0] != '_']) for tree in trees.values()), '320', '400'
    yield 'names from vision.all', star_names(root), '380', '500'
    yield 'public defs with docstring', share([bool(ast.get_docstring(node)) for _, node in public]), '100%', '100%'
    yield 'typed parameters', share([o.annotation is not None for *_, args in calls for o in args]), '100%', '95%'
    yield 'docments where > 1 parameter', share(documented), '100%', '95%'
    yield 'test cells per export cell with a def', f'{cells["tests"]/max(1, cells["defs"]):.2f}', '≥ 1.0', '0.8'
    yield 'export cells followed by a live cell', f'{100*cells["demo"]/max(1, cells["defs"]):.0f}%', '95%', '90%'
    yield 'export cells beside prose', f'{100*cells["prose"]/max(1, cells["defs"]):.0f}%', '95%', '90%'
    yield 'line length p90 / max', f'{widths[int(0.9*(len(widths) - 1))]} / {widths[-1]}' if widths else '–', '90', '120'
    yield 'words per notebook median / p90 / max', spread(cells['words']), '400–1 200', ''
    yield 'notebooks, largest in kB', ', '.join(f'{name} {size}' for size, name in sizes[:3]), '≤ 400', '1 000'
    yield 'SLOC by module', '  '.join(f'{name} {size}' for name, size in sorted(sloc.items())), '', ''


def check(root: Path) -> list[str]:
    "Prints the table"
    print(f'      {"measure":40} {"goal":>12} {"watch at":>12}  is')
    for measure, value, goal, watch in rows(root): print(f'      {measure:40} {goal:>12} {watch:>12}  {value}')
    return []
