"""Tests of tools/check and its neighbours, on a small project made for them: python -m unittest test_check, in tools/"""
import io, json, shutil, subprocess, sys, tempfile, unittest
from contextlib import redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from checks import clean, flakes, layers, lines, readme, suite, sync
from project import ROOT, notebooks

CHECK = ROOT/'tools/check'


def code(source: str, **more) -> dict:
    "A code cell"
    return {'cell_type': 'code', 'execution_count': None, 'metadata': {}, 'outputs': [], 'source': source} | more


def write(root: Path, name: str, *cells: dict):
    "Writes a notebook of `cells`"
    cells = [{'id': f'cell{i}'} | cell for i, cell in enumerate(cells)]
    kernel = {'kernelspec': {'display_name': 'python3', 'language': 'python', 'name': 'python3'}}
    path = root/'nbs'/name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({'cells': cells, 'metadata': kernel, 'nbformat': 4, 'nbformat_minor': 5}))


def write_module(root: Path, name: str, module: str, source: str):
    "Writes a notebook that exports `source` to `module`"
    write(root, name, code(f'#| default_exp {module}'), code(f'#| export\n{source}'))


def export(root: Path):
    "Runs nbdev_export in `root`"
    subprocess.run([sys.executable, '-c', sync.EXPORT], cwd=root, check=True, capture_output=True)


def check(root: Path, *parts: str) -> tuple[int, list[str]]:
    "Runs the command: (its exit status, its lines)"
    done = subprocess.run([sys.executable, CHECK, '--root', root, *parts], capture_output=True, text=True)
    return done.returncode, done.stdout.strip().split('\n')


class Project(unittest.TestCase):
    "A project of two modules, exported and sound"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        shutil.copy(ROOT/'settings.ini', self.root)
        (self.root/'fastlite').mkdir()
        write_module(self.root, '00_core.ipynb', 'core', 'def one(): return 1')
        write_module(self.root, '31_learner.ipynb', 'learner', 'from fastlite.core import one\n\ndef two(): return one() + one()')
        export(self.root)

    def append(self, name: str, source: str):
        "Adds to a module by hand"
        with open(self.root/'fastlite'/name, 'a') as file: file.write(source)

    def fails(self, found: list[str], *words: str):
        "One failure, in which all of `words` stand"
        self.assertEqual(len(found), 1, found)
        for word in words: self.assertIn(word, found[0])


class TestCommand(Project):
    "The whole command, as it is called"

    def test_sound(self):
        status, lines = check(self.root, 'sync', 'clean', 'flakes', 'layers')
        self.assertEqual((status, lines[-1]), (0, '4 passed, 0 failed'))

    def test_out_of_step(self):
        self.append('core.py', '\nx = 1\n')
        status, lines = check(self.root, 'sync')
        self.assertEqual((status, lines[-1]), (1, '0 passed, 1 failed'))
        self.fails(lines[-2:-1], 'FAIL sync: fastlite/core.py', 'nbs/00_core.ipynb')

    def test_arrow_up(self):
        write_module(self.root, '00_core.ipynb', 'core', 'def one():\n    from fastlite.learner import two\n    return two()/2')
        export(self.root)
        status, lines = check(self.root, 'layers', 'sync')
        self.assertEqual(status, 1)
        self.assertEqual(lines[-1], '1 passed, 2 failed')
        self.assertIn('core.py', lines[-3])
        self.assertIn('an arrow up, from layer 0 (core) to layer 3 (training loop)', lines[-3])
        self.assertIn('ring: ', lines[-2])

    def test_counts(self):
        write(self.root, '01_story.ipynb', code('1 + 1', execution_count=3))
        status, lines = check(self.root, 'clean')
        self.assertEqual((status, lines[-1]), (1, '0 passed, 1 failed'))
        self.fails(lines[-2:-1], 'nbs/01_story.ipynb', 'cell 0', 'execution count')

    def test_suite(self):
        write(self.root, 'lessons/01_good.ipynb', code('assert 1 + 1 == 2'))
        write(self.root, 'lessons/02_bad.ipynb', code('assert 1 + 1 == 3, "no sum"'))
        status, lines = check(self.root, 'suite')
        self.assertEqual((status, lines[-1]), (1, '3 passed, 1 failed'))
        self.fails(lines[-2:-1], 'nbs/lessons/02_bad.ipynb', 'AssertionError: no sum')

    def test_unknown_part(self):
        self.assertEqual(check(self.root, 'nonsense')[0], 2)


class TestSync(Project):
    "The package in step with the notebooks"

    def test_stale_module(self):
        (self.root/'fastlite/old.py').touch()
        self.fails(sync.check(self.root), 'fastlite/old.py', 'no notebook')

    def test_missing_module(self):
        (self.root/'fastlite/core.py').unlink()
        self.fails(sync.check(self.root), 'fastlite/core.py is missing')

    def test_working_tree_untouched(self):
        self.append('core.py', '\nx = 1\n')
        before = {path: path.read_bytes() for path in self.root.rglob('*') if path.is_file()}
        sync.check(self.root)
        self.assertEqual({path: path.read_bytes() for path in self.root.rglob('*') if path.is_file()}, before)


class TestClean(Project):
    "What a notebook must not hold"

    def found(self, *cells) -> list[str]:
        write(self.root, '01_story.ipynb', *cells)
        return clean.check(self.root)

    def test_stderr(self):
        self.fails(self.found(code('1', outputs=[{'output_type': 'stream', 'name': 'stderr', 'text': 'hm'}])), 'stderr')

    def test_paths(self):
        self.fails(self.found(code("open('/home/me/x')")), '/home/me')
        self.fails(self.found(code('1', outputs=[{'output_type': 'stream', 'name': 'stdout', 'text': ['in /tmp/tmpabc']}])), '/tmp/tmpabc')
        self.assertEqual(self.found(code("'https://x.org/home/me', 'a/tmp/b', '~/tmp/x', '../home/x'")), [])

    def test_widget(self):
        data = {'application/vnd.jupyter.widget-view+json': {'model_id': 'x'}}
        self.fails(self.found(code('1', outputs=[{'output_type': 'display_data', 'metadata': {}, 'data': data}])), 'widget')

    def test_ids(self):
        self.fails(self.found(code('1', id='same'), code('2', id='same')), 'same', 'twice')
        self.fails(self.found(code('1', id=None)), 'has no id')

    def test_metadata(self):
        self.fails(self.found(code('1', metadata={'collapsed': True})), 'nbdev_clean')

    def test_size(self):
        self.fails(self.found(code('#' + 'x'*1_100_000)), '1.1 MB')


class TestLines(Project):
    "Lines of code"

    def found(self, source: str) -> list[str]:
        write_module(self.root, '12_more.ipynb', 'more', source)
        return lines.check(self.root)

    def test_limit(self):
        self.assertEqual(self.found('x = 1  # ' + 'a'*111), [])
        self.fails(self.found('x = 1  # ' + 'a'*112), 'nbs/12_more.ipynb', 'cell 1', '121 characters', 'x = 1')

    def test_characters(self):
        self.assertEqual(self.found('x = 1  # ' + '…'*111), [])

    def test_examples(self):
        write(self.root, '01_story.ipynb', code('x = 1  # ' + 'a'*200))
        self.fails(lines.check(self.root), 'nbs/01_story.ipynb', 'cell 0', '209 characters')

    def test_prose(self):
        write(self.root, '01_story.ipynb', {'cell_type': 'markdown', 'metadata': {}, 'source': 'a '*200})
        self.assertEqual(lines.check(self.root), [])


class TestLayers(Project):
    "Which arrows are allowed"

    def found(self, *made: tuple[str, str, str]) -> list[str]:
        for name, module, source in made: write_module(self.root, name, module, source)
        export(self.root)
        return layers.check(self.root)

    def test_places(self):
        self.assertEqual(layers.place('callback.core')[0], 3)
        self.assertEqual(layers.place('callback.schedule')[0], 4)
        self.assertEqual(layers.place('vision.widgets')[0], 6)
        self.assertEqual(layers.place('vision.models.xresnet'), (5, 'vision'))
        self.assertEqual(layers.place('vision.all')[0], 7)
        self.assertIsNone(layers.place('somewhere'))

    def test_unknown_module(self):
        self.fails(self.found(('90_odd.ipynb', 'odd', 'x = 1')), "add 'odd' to LAYERS")

    def test_larger_number(self):
        made = ('11_data.core.ipynb', 'data.core', 'from fastlite.data.block import y\nx = y'), ('15_data.block.ipynb', 'data.block', 'y = 1')
        self.fails(self.found(*made), 'smaller numbers only', '15_data.block.ipynb')

    def test_groups(self):
        made = ('20_layers.ipynb', 'layers', 'y = 1'), ('21_data.late.ipynb', 'data.late', 'import fastlite.layers as l\nx = l.y')
        self.fails(self.found(*made), 'data knows nothing of model parts')

    def test_domains(self):
        made = [('50_tabular.core.ipynb', 'tabular.core', 'y = 1'), ('53_collab.ipynb', 'collab', 'from fastlite.tabular.core import y\nx = y')]
        self.assertEqual(self.found(*made), [])
        self.fails(self.found(('60_text.core.ipynb', 'text.core', 'from fastlite.tabular.core import y\nx = y')), 'text knows nothing of tabular')

    def test_star(self):
        self.fails(self.found(('40_vision.core.ipynb', 'vision.core', 'from math import *\nx = pi')), 'imports *')
        self.assertEqual(self.found(('40_vision.core.ipynb', 'vision.core', 'x = 1'), ('49_vision.all.ipynb', 'vision.all', 'from math import *')), [])

    def test_from_package(self):
        made = ('05_transform.ipynb', 'transform', 'from fastlite import learner\nx = learner')
        self.fails(self.found(made), 'imports learner', 'an arrow up')

    def test_asked_for(self):
        later = 'def __getattr__(name):\n    from fastlite.learner import two\n    return two'
        self.assertEqual(self.found(('05_transform.ipynb', 'transform', later)), [])
        self.fails(self.found(('05_transform.ipynb', 'transform', later.replace('__getattr__', 'fetch'))), 'an arrow up')


class TestRest(Project):
    "README, pyflakes, and what the notebooks leave behind"

    def test_readme(self):
        write(self.root, 'index.ipynb', {'cell_type': 'markdown', 'metadata': {}, 'source': '# T\n\nSee [a](00_core.ipynb) and [b](../LICENSE).'},
              code('#| hide\nimport os'), code('print(1)', outputs=[{'output_type': 'stream', 'name': 'stdout', 'text': ['1\n']}]))
        self.fails(readme.check(self.root), 'missing')
        (self.root/'README.md').write_text(readme.made(self.root))
        self.assertEqual(readme.check(self.root), [])
        body = readme.made(self.root).split('\n\n', 1)[1]
        self.assertEqual(body, '# T\n\nSee [a](nbs/00_core.ipynb) and [b](LICENSE).\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n')
        (self.root/'README.md').write_text(readme.made(self.root) + 'more')
        self.fails(readme.check(self.root), 'out of step')

    def test_list_of_notebooks(self):
        core, learner = '[core](00_core.ipynb)', '[learner](31_learner.ipynb)'
        for links, words in [([core, learner], []), ([core], ['31_learner.ipynb 0 times']), ([core, learner, core], ['00_core.ipynb 2 times'])]:
            rows = ['| part | notebooks |', '|---|---|', *(f'| {i} | {link} |' for i, link in enumerate(links))]
            prose = '\n'.join(['# T', '## What there is', *rows, '### More', learner])
            write(self.root, 'index.ipynb', {'cell_type': 'markdown', 'metadata': {}, 'source': prose})
            (self.root/'README.md').write_text(readme.made(self.root))
            self.fails(readme.check(self.root), *words) if words else self.assertEqual(readme.check(self.root), [])

    def test_flakes(self):
        self.append('core.py', '\nimport os\n')
        self.fails(flakes.check(self.root), 'core.py', "'os' imported but unused")
        self.append('core.py', 'import sys  # re-export\n')
        self.assertEqual(len(flakes.check(self.root)), 1)

    def test_redefinition(self):
        case = '    def encodes(self, x: {0}): return x\n'
        self.append('core.py', '\nclass T:\n' + case.format('int') + case.format('str'))
        self.assertEqual(flakes.check(self.root), [])
        self.append('core.py', 'def one(): return 2\n')
        self.fails(flakes.check(self.root), "redefinition of unused 'one'")

    def test_cause(self):
        said = 'Traceback:\n  File x\nAssertionError: ==:\n1\n2\n\nnbdev Tests Failed'
        self.assertEqual(suite.cause(said), 'AssertionError: ==: 1 2')
        self.assertEqual(suite.cause('ValueError: no\nnote'), 'ValueError: no')
        self.assertEqual(suite.cause('a\nb'), 'b')

    def test_litter(self):
        write(self.root, '00_core.ipynb', code("open('left.txt', 'w').close()"))
        with redirect_stdout(io.StringIO()): failures, total = suite.check(self.root, notebooks(self.root))
        self.fails(failures, 'nbs/left.txt', 'left behind')
        self.assertEqual(total, 2)


class TestPages(Project):
    "tools/docs and tools/lesson, copied into the project"

    def setUp(self):
        super().setUp()
        shutil.copytree(ROOT/'tools', self.root/'tools', ignore=shutil.ignore_patterns('__pycache__'))
        index = '# Title\n\n> What it is\n\nSee [the core](00_core.ipynb), the `Thing`, the [settings](../settings.ini), $a_1$.'
        write(self.root, 'index.ipynb', self.prose(index), code('#| hide\nsecret = 1'))
        write_module(self.root, '00_core.ipynb', 'core', 'class Thing: pass')

    def prose(self, source: str) -> dict: return {'cell_type': 'markdown', 'metadata': {}, 'source': source}

    def run_tool(self, name: str, *args: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, self.root/'tools'/name, *args], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_docs(self):
        status, said = self.run_tool('docs')
        self.assertEqual(status, 0, said)
        page = (self.root/'_docs/index.html').read_text()
        for part in ('href="00_core.html"', 'href="00_core.html#cell-id=cell1"', '/blob/main/settings.ini', '<math', 'What it is'):
            self.assertIn(part, page)
        for part in ('secret', 'default_exp'): self.assertNotIn(part, page + (self.root/'_docs/00_core.html').read_text())

    def test_broken_link(self):
        write(self.root, '01_story.ipynb', self.prose('# Story\n\n[a](99_none.ipynb) [b](index.ipynb#Nothing) [c](index.ipynb#Title)'))
        status, said = self.run_tool('docs')
        self.assertEqual(status, 1)
        self.assertIn('01_story.html: 99_none.html leads to no page', said)
        self.assertIn('01_story.html: index.html#Nothing leads to no heading', said)
        self.assertIn(' 2 broken links', said)

    def test_lesson(self):
        model = "import os\nopen(os.environ['FASTLITE_LESSON_DIR'] + '/model', 'w').close()"
        write(self.root, 'lessons/01_first.ipynb', self.prose('# First\n\n[home](../index.ipynb#Title)'), code(model), code("print('all is well')\n1 + 1"))
        before = (self.root/'nbs/lessons/01_first.ipynb').read_bytes()
        status, said = self.run_tool('lesson')
        self.assertEqual(status, 0, said)
        self.assertIn('all is well\n2\n', said)
        self.assertTrue((self.root/'_lessons/01_first/model').exists())
        page = (self.root/'_lessons/01_first.html').read_text()
        for part in ('all is well', '<style>', '"Segoe UI"', 'href="../nbs/index.ipynb#Title"'): self.assertIn(part, page)
        self.assertEqual((self.root/'nbs/lessons/01_first.ipynb').read_bytes(), before)

    def test_lesson_fails(self):
        write(self.root, 'lessons/02_second.ipynb', self.prose('# Second'), code('1/0'), code("print('never')"))
        status, said = self.run_tool('lesson', '2')
        self.assertEqual(status, 1)
        self.assertIn('ZeroDivisionError', said)
        self.assertIn('ZeroDivisionError', (self.root/'_lessons/02_second.html').read_text())
        self.assertEqual(self.run_tool('lesson', '9')[0], 1)


if __name__ == '__main__': unittest.main()
