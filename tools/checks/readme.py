"""Is README.md what nbs/index.ipynb says, and does it list every notebook? Also the converter that makes it (tools/readme)."""
import re
from pathlib import Path

from project import has_directive, notebooks, read, text

INDEX, README = 'nbs/index.ipynb', 'README.md'
LIST = '## What there is'  # the heading above the table of all notebooks


def without_directives(source: str) -> str:
    "The cell without its `#| ...` lines"
    return re.sub(r'^\s*#\s*\|.*\n?', '', source, flags=re.MULTILINE).strip('\n')


def from_root(link: str) -> str:
    "The target of a link in nbs/, as seen from the project's folder"
    if re.match(r'[a-z]+:|#|/', link): return link
    return link[3:] if link.startswith('../') else f'nbs/{link}'


def links_from_root(markdown: str) -> str:
    "`markdown` of nbs/ with links that work in the project's folder"
    return re.sub(r'(\]\()([^)\s]+)', lambda found: found[1] + from_root(found[2]), markdown)


def output_text(output: dict) -> str:
    "An output as markdown; pictures are left to the notebook"
    data = output.get('data', {})
    if 'text/markdown' in data: return text(data['text/markdown']).strip('\n')
    if any(kind.startswith('image/') for kind in data): return ''
    plain = text(output.get('text', data.get('text/plain', ''))).strip('\n')
    return f'```text\n{plain}\n```' if plain else ''


def to_markdown(nb: dict) -> str:
    "The notebook as markdown: prose as it is, code and its text output fenced"
    parts = []
    for cell in nb['cells']:
        source = text(cell['source'])
        if cell['cell_type'] == 'markdown': parts.append(links_from_root(source))
        if cell['cell_type'] != 'code' or has_directive(source, 'hide'): continue
        code = without_directives(source)
        if code and not has_directive(source, 'hide_input'): parts.append(f'```python\n{code}\n```')
        if not has_directive(source, 'hide_output'): parts += filter(None, map(output_text, cell['outputs']))
    return '\n\n'.join(part.strip('\n') for part in parts) + '\n'


def made(root: Path) -> str:
    "What README.md has to say"
    note = f'<!-- made from {INDEX} by `make readme`: edit the notebook, not this file -->\n\n'
    return note + to_markdown(read(root/INDEX))


def contents(root: Path) -> dict[str, list[str]]:
    "The table of all notebooks in the index: each part with its notebooks, as seen from the project's folder"
    below = to_markdown(read(root/INDEX)).partition(LIST)[2]
    table = re.split(r'^#', below, maxsplit=1, flags=re.MULTILINE)[0]
    rows = re.findall(r'^\| ([^|]+) \| (.*) \|$', table, flags=re.MULTILINE)
    found = [(part, re.findall(r'\]\((nbs/[^)]+\.ipynb)\)', links)) for part, links in rows]
    return {part: paths for part, paths in found if paths}


def wrong_list(root: Path) -> list[str]:
    "Names each notebook that the table of all notebooks does not list once"
    listed = [path for paths in contents(root).values() for path in paths]
    paths = [path.relative_to(root).as_posix() for path in notebooks(root) if path != root/INDEX] if listed else []
    return [f'{INDEX} lists {path} {listed.count(path)} times, not once' for path in paths if listed.count(path) != 1]


def check(root: Path) -> list[str]:
    "Compares README.md with the index notebook"
    if not (root/INDEX).exists(): return [f'{INDEX}, from which {README} is made, is missing']
    if not (root/README).exists(): return [f'{README} is missing: run make readme']
    same = (root/README).read_text(encoding='utf-8') == made(root)
    return wrong_list(root) + ([] if same else [f'{README} is out of step with {INDEX}: run make readme'])
