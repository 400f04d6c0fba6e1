"""pyflakes over the package: names used and not there, imports there and not used."""
from pathlib import Path

from project import modules

from .layers import is_star


def check(root: Path) -> list[str]:
    "What pyflakes says of each module; star modules are there to import and not to use"
    from pyflakes.checker import Checker
    from pyflakes.messages import ImportStarUsage, ImportStarUsed, ImportStarNotPermitted, UnusedImport
    failures = []
    for module in modules(root).values():
        lines = module.path.read_text(encoding='utf-8').split('\n')
        for message in sorted(Checker(module.tree, filename=str(module.path)).messages, key=lambda o: o.lineno):
            if is_star(module.name) and isinstance(message, (ImportStarUsage, ImportStarUsed, ImportStarNotPermitted, UnusedImport)): continue
            if isinstance(message, UnusedImport) and '# re-export' in lines[message.lineno - 1]: continue
            said = message.message % message.message_args
            failures.append(f'{module.path.relative_to(root)}:{message.lineno} {said} (from {module.notebook and module.notebook.name})')
    return failures
