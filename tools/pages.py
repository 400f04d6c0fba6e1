"""A notebook as a web page that needs nothing from the network: used by tools/docs and tools/lesson."""
import copy, logging, os, re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import jinja2, nbformat
from bs4 import BeautifulSoup
from jinja2 import pass_context
from latex2mathml.converter import convert as to_mathml
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter

from checks.readme import without_directives
from project import has_directive, is_export, text

SITE = Path(__file__).resolve().parent/'site'
WIDGET = re.compile(r'\w+\(.*\b(children=|description=|layout=Layout)', re.DOTALL)
LINKS = ('a', 'href'), ('img', 'src')
PICTURES = 'image/png', 'image/jpeg', 'image/svg+xml'


class Renderer(IPythonRenderer):
    "Markdown to HTML, with formulas as MathML, which browsers draw without help"

    def inline_math(self, body: str) -> str: return formula(body, 'inline')

    def block_math(self, body: str) -> str: return formula(body, 'block')


def formula(source: str, display: str) -> str:
    "A formula as MathML, or as code where it is beyond the converter"
    try: return to_mathml(source, display=display)
    except Exception: return f'<code>{source}</code>'


class Exporter(HTMLExporter):
    "nbconvert's exporter with our markdown"

    @pass_context
    def markdown2html(self, context, source): return MarkdownWithMath(renderer=Renderer(escape=False)).render(source)


def shown_output(output):
    "The output as a reader sees it: a picture with a text for those who cannot see it, a note for a widget"
    data = output.get('data', {})
    for kind in PICTURES:
        if kind in data: output.metadata.setdefault(kind, {})['alt'] = 'picture drawn by the code above'
    if WIDGET.match(data.get('text/plain', '')) and not any(kind in data for kind in ('text/html', *PICTURES)):
        output.data = {'text/markdown': '*Here a running notebook shows something to click and drag.*'}
    return output


def shown_cell(cell):
    "The cell as a reader sees it, or None if nothing of it is shown"
    cell = copy.deepcopy(cell)
    if cell.cell_type != 'code': return cell
    source = cell.source
    if has_directive(source, 'hide'): return None
    if is_export(cell): cell.metadata.tags = ['exported']
    cell.source = '' if has_directive(source, 'hide_input') else without_directives(source)
    if has_directive(source, 'hide_output'): cell.outputs = []
    cell.outputs = [shown_output(output) for output in cell.outputs]
    return cell if cell.source or cell.outputs else None


def body(nb) -> str:
    "The notebook as HTML, without a page around it"
    shown = copy.copy(nb)
    shown.cells = [cell for cell in map(shown_cell, nb.cells) if cell]
    return exporter().from_notebook_node(shown)[0]


@cache
def exporter() -> Exporter:
    "One exporter for all pages: its templates take a while to load"
    made = Exporter(template_name='basic', exclude_input_prompt=True, exclude_output_prompt=True)
    made.log.setLevel(logging.ERROR)
    return made


def first(pattern: str, nb, otherwise: str) -> str:
    "What `pattern` finds first in the notebook's prose"
    for cell in nb.cells:
        found = cell.cell_type == 'markdown' and re.search(pattern, text(cell.source), re.MULTILINE)
        if found: return found[1].strip()
    return otherwise


def title(nb, otherwise: str) -> str:
    "The notebook's first heading, without markup"
    return first(r'^# (.+)$', nb, otherwise).replace('`', '')


def summary(nb) -> str:
    "The sentence behind the `>` under the title, without markup"
    return re.sub(r'\[([^]]*)\]\([^)]*\)', r'\1', first(r'^> (.+)$', nb, '')).replace('`', '').replace('*', '')


def style() -> str:
    "The style sheet, with the colours of code"
    return HtmlFormatter(style='friendly').get_style_defs('.highlight pre') + (SITE/'style.css').read_text(encoding='utf-8')


def page(**values) -> str:
    "The page of the values that site/page.html.j2 names"
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(SITE), autoescape=True, trim_blocks=True)
    return env.get_template('page.html.j2').render(**values)


def single_page(nb, path: Path, out: Path) -> str:
    "The notebook of `path` as one page by itself in the folder `out`, its style inside, its links seen from there"
    soup = BeautifulSoup(body(nb), 'html.parser')
    for tag, key in LINKS:
        for node in soup.find_all(tag):
            parts = urlsplit(node.get(key) or '')
            if parts.scheme or parts.netloc or not parts.path: continue
            node[key] = parts._replace(path=Path(os.path.relpath(path.parent/parts.path, out)).as_posix()).geturl()
    return page(title=title(nb, path.stem), summary=summary(nb), style=style(), body=str(soup))


def read(path: Path):
    "The notebook in `path`, to be shown"
    return nbformat.read(path, 4)
