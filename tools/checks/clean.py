"""Are the notebooks free of what changes from run to run and from machine to machine?"""
import copy, re
from pathlib import Path

from project import notebooks, read, text

LARGE, TOO_LARGE = 400_000, 1_000_000
OF_A_MACHINE = re.compile(r'(?<![\w.~:/<-])/(?:home|root|tmp|Users)/[\w.~-]+')
WIDGET = 'application/vnd.jupyter.widget'


def output_texts(output: dict):
    "The texts that a reader sees of an output"
    if 'text' in output: yield text(output['text'])
    for kind, value in output.get('data', {}).items():
        if kind.startswith('text/'): yield text(value)
    yield '\n'.join(output.get('traceback', []))


def cell_failures(cell: dict) -> list[str]:
    "What is wrong with one cell"
    found = []
    outputs = cell.get('outputs', [])
    if cell.get('execution_count') or any(o.get('execution_count') for o in outputs): found.append('holds an execution count')
    if any(o.get('name') == 'stderr' for o in outputs): found.append('holds output of stderr')
    if any(kind.startswith(WIDGET) for o in outputs for kind in o.get('data', {})): found.append('holds the state of a widget')
    if not cell.get('id'): found.append('has no id')
    for part in [text(cell['source']), *(part for o in outputs for part in output_texts(o))]:
        path = OF_A_MACHINE.search(part)
        if path: found.append(f'names a path of one machine, {path[0]}')
    return found


def notebook_failures(nb: dict) -> list[str]:
    "What is wrong with a notebook, cell by cell"
    import nbformat
    from nbdev.clean import clean_nb
    version = nb.get('nbformat'), nb.get('nbformat_minor')
    found = [] if version == (4, 5) else [f'is of format {version[0]}.{version[1]}, not 4.5']
    if 'widgets' in nb.get('metadata', {}): found.append('holds the state of widgets')
    for i, cell in enumerate(nb['cells']): found += [f'cell {i} {what}' for what in dict.fromkeys(cell_failures(cell))]
    ids = [cell.get('id') for cell in nb['cells']]
    for same in sorted({o for o in ids if o and ids.count(o) > 1}): found.append(f'has the cell id {same} twice')
    if found: return found
    try: nbformat.validate(nb)
    except nbformat.ValidationError as error: return [f'is no valid notebook: {str(error).splitlines()[0]}']
    cleaned = copy.deepcopy(nb)
    clean_nb(cleaned)
    return [] if cleaned == nb else ['holds metadata that nbdev_clean removes']


def check(root: Path) -> list[str]:
    "Names each notebook, and the cell in it, that is not clean"
    failures = []
    for path in notebooks(root):
        name, size = path.relative_to(root), path.stat().st_size
        try: nb = read(path)
        except ValueError as error:
            failures.append(f'{name} is no notebook: {error}')
            continue
        if size > TOO_LARGE: failures.append(f'{name} has {size/1e6:.1f} MB, more than {TOO_LARGE/1e6:.0f}')
        elif size > LARGE: print(f'      note: {name} has {size//1000} kB, more than {LARGE//1000}')
        wrong = notebook_failures(nb)
        cure = ' (nbdev_clean mends counts and metadata)' if any('count' in o or 'metadata' in o for o in wrong) else ''
        failures += [f'{name} {what}{cure}' for what in wrong]
    return failures
