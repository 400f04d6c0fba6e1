"""Does every import inside the package point downward?

A module may import from lower layers, and from its own group in its own layer where the notebook of what it imports has
a smaller number. Two groups of one layer know nothing of each other, but for the pairs in ALSO.

A module's own `__getattr__` may look further up: it runs when somebody asks the module for a name that it lacks, and never
while the module is imported. So what it imports is no arrow.
"""
import ast
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from project import NAME, Module, modules

# (layer, group, the modules in it). A module belongs to the first line that fits it.
LAYERS = [
    (7, 'front doors', ['imports', 'basics', 'all', '*.all']),
    (6, 'use of a trained learner', ['interpret', 'cleaning', 'vision.widgets', 'bundle', 'export', 'predictor', 'onnx', 'cli']),
    (6, 'old names', ['aliases', 'vision.aliases', 'callbacks.*']),
    (0, 'core', ['core']),
    (1, 'tensors and transforms', ['torch_core', 'transform']),
    (2, 'model parts', ['batchnorm', 'layers', 'init', 'losses', 'metrics', 'optimizer', 'hooks', 'state']),
    (2, 'data', ['data.*']),
    (3, 'training loop', ['callback.core', 'loop', 'callback.recorder', 'learner']),
    (4, 'callbacks', ['callback.*']),
    (5, 'vision', ['vision.*']),
    (5, 'tabular', ['tabular.*']),
    (5, 'text', ['text.*']),
    (5, 'collab', ['collab']),
]
ALSO = {('collab', 'tabular')}
STAR = 7


def place(name: str) -> tuple[int, str] | None:
    "The layer and the group of a module"
    return next(((layer, group) for layer, group, patterns in LAYERS if any(fnmatch(name, o) for o in patterns)), None)


def is_star(name: str) -> bool:
    "May this module import `*`?"
    return (place(name) or (0, ''))[0] == STAR


def target(node: ast.ImportFrom, here: str) -> str | None:
    "The module inside the package that `node` in the module `here` imports from; '' is the package itself"
    if not node.level:
        first, _, rest = (node.module or '').partition('.')
        return rest if first == NAME else None
    return '.'.join(here.split('.')[:-node.level] + ([node.module] if node.module else []))


def imports(module: Module, known: set[str]):
    "The (line, module of the package) that `module` imports, wherever in it the import stands but in its `__getattr__`"
    tree = module.tree
    later = {node for part in tree.body if getattr(part, 'name', '') == '__getattr__' for node in ast.walk(part)}
    for node in ast.walk(tree):
        if node in later: continue
        if isinstance(node, ast.Import):
            for name in node.names:
                first, _, rest = name.name.partition('.')
                if first == NAME and rest: yield node.lineno, rest
        elif isinstance(node, ast.ImportFrom):
            base = target(node, module.name)
            if base is None: continue
            inner = {f'{base}.{name.name}'.strip('.') for name in node.names} & known
            for name in sorted(inner) or ([base] if base else []): yield node.lineno, name


def stars(module: Module) -> list[int]:
    "The lines in which `module` imports `*`"
    nodes = (node for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom))
    return [node.lineno for node in nodes if any(name.name == '*' for name in node.names)]


def arrow_failure(here: Module, there: Module) -> str | None:
    "Why `here` must not import `there`, if it must not"
    (layer, group), (other, others) = place(here.name), place(there.name)
    if other > layer:
        return f'imports {there.name}: an arrow up, from layer {layer} ({group}) to layer {other} ({others})'
    if other == layer and group != others and (group, others) not in ALSO:
        return f'imports {there.name}: {group} knows nothing of {others}'
    if None not in (here.number, there.number) and there.number >= here.number:
        return f'imports {there.name}: notebook {here.notebook.name} may use smaller numbers only, not {there.notebook.name}'


def cycle(graph: dict[str, set[str]]) -> list[str]:
    "A ring of modules that import each other, or nothing"
    try: list(TopologicalSorter(graph).static_order())
    except CycleError as error: return error.args[1]
    return []


def check(root: Path) -> list[str]:
    "Names each import that does not point downward"
    known = modules(root)
    failures = [f'{module.path.relative_to(root)} has no layer: add {name!r} to LAYERS in tools/checks/layers.py'
                for name, module in known.items() if not place(name)]
    graph = {name: set() for name in known}
    for name, module in known.items():
        where = module.path.relative_to(root)
        if not is_star(name): failures += [f'{where}:{line} imports *: name what it needs' for line in stars(module)]
        for line, other in imports(module, set(known)):
            if other not in known or not place(name) or not place(other): continue
            graph[name].add(other)
            wrong = arrow_failure(module, known[other])
            if wrong: failures.append(f'{where}:{line} {wrong}')
    ring = cycle(graph)
    if ring: failures.append('modules import each other in a ring: ' + ' -> '.join(reversed(ring)))
    return failures
