"""pyflakes over the package: names used and not there, imports there and not used."""
import ast
from pathlib import Path

from pyflakes.checker import Checker
from pyflakes.messages import ImportStarNotPermitted, ImportStarUsage, ImportStarUsed, RedefinedWhileUnused, UnusedImport

from project import Module, modules

from .layers import is_star

DISPATCHED = 'encodes', 'decodes', 'setups'  # defined several times in a Transform, once for each type


def redefinable(tree) -> set[int]:
    "The lines of functions that may share a name: patches of different classes, and cases of a Transform"
    defs = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    free = (node for node in defs if node.name in DISPATCHED or any('patch' in ast.unparse(o) for o in node.decorator_list))
    return {line for node in free for line in (node.lineno, *(o.lineno for o in node.decorator_list))}


def allowed(message, module: Module, lines: list[str]) -> bool:
    "Is this said of something that we do on purpose?"
    if isinstance(message, RedefinedWhileUnused): return message.lineno in redefinable(module.tree)
    if isinstance(message, UnusedImport): return is_star(module.name) or '# re-export' in lines[message.lineno - 1]
    return is_star(module.name) and isinstance(message, (ImportStarUsage, ImportStarUsed, ImportStarNotPermitted))


def check(root: Path) -> list[str]:
    "What pyflakes says of each module"
    failures = []
    for module in modules(root).values():
        where, lines = module.path.relative_to(root), module.path.read_text(encoding='utf-8').split('\n')
        home = f' (from {module.notebook.relative_to(root)})' if module.notebook else ''
        for message in sorted(Checker(module.tree, filename=str(module.path)).messages, key=lambda o: o.lineno):
            if allowed(message, module, lines): continue
            failures.append(f'{where}:{message.lineno} {message.message % message.message_args}{home}')
    return failures
