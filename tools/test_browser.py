#!/usr/bin/env python3
"""The cleaning widget in a real browser: JupyterLab, a notebook, clicks, and a look at the files.

    tools/test_browser.py                     run the test
    tools/test_browser.py --pictures FOLDER   and keep what the browser showed

Needs Chromium (or Chrome), chromedriver, selenium and JupyterLab; says what is missing, and then does nothing.
"""
import argparse, json, os, secrets, shutil, signal, socket, subprocess, sys, tempfile, time
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from project import ROOT, use_venv

SECONDS = 90  # to wait for one thing to happen, on a machine that does much else
BROWSERS = 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'
FLAGS = ('--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking '
         '--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --window-size=1180,1320').split()
CELLS = '''\
import random, shutil
from pathlib import Path
from fastlite.vision.all import *
from fastlite.vision.widgets import *
torch.set_num_threads(1)
source, root, rng = untar_data(URLs.DIGITS), Path('digits'), random.Random(3)
for d in '147':
    for k, f in enumerate(sorted((source/'train'/d).iterdir())[:20]):
        label = {'1': '7', '4': '1', '7': '1'}[d] if k < 2 else d
        (root/label).mkdir(parents=True, exist_ok=True)
        shutil.copy(f, root/label/f.name)
set_seed(0)
block = DataBlock((ImageBlock(PILImageBW), CategoryBlock), get_items=get_image_files, get_y=parent_label,
                  splitter=RandomSplitter(0.3, seed=1))
dls = block.dataloaders(root, bs=8, seed=1)
learn = Learner(dls, nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 3)))
with learn.no_bar(), learn.no_logging(): learn.fit(12, 5e-3)
# %%
from fastlite.cleaning import Cleaning, Item
tags = ['even', 'odd', 'prime']
files = sorted((root/'4').iterdir())[:6] + sorted((root/'7').iterdir())[:6]
Path('tagged').mkdir()
for k, f in enumerate(files): shutil.copy(f, f'tagged/{k:02}.png')
shutil.copy('tagged/03.png', 'tagged/12.png')
items = [Item(Path('tagged', f'{k:02}.png').absolute(), 'valid' if k == 12 else 'train', ('odd', 'prime') if 5 < k < 12 else ('even',), ('even',))
         for k in range(13)]
tagger = ImagesCleaner(state=Cleaning(items, tags, 'tagged', multi=True), height=64, max_n=6)
cleaner = ImageClassifierCleaner(learn, height=96, max_n=12)
display(cleaner, tagger)'''


def missing() -> str:
    "What is not installed that this test needs; '' if all is there"
    found = {'Chromium': any(map(shutil.which, BROWSERS)), 'chromedriver': shutil.which('chromedriver'),
             'selenium': find_spec('selenium'), 'JupyterLab': find_spec('jupyterlab')}
    return ' and '.join(name for name, there in found.items() if not there)


def wait(what: str, test, seconds: float = SECONDS):
    "What `test()` returns once it is true; an error says `what` did not happen"
    from selenium.common.exceptions import WebDriverException
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            if result := test(): return result
        except (WebDriverException, OSError) as error: last = error
        time.sleep(0.1)
    raise AssertionError(f'not within {seconds:.0f} s: {what}' + (f' ({str(last).splitlines()[0]})' if last else ''))


def stop(process: subprocess.Popen):
    "End a process and all that it started"
    for how, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, how)
            process.wait(seconds)
        except (ProcessLookupError, PermissionError): return
        except subprocess.TimeoutExpired: continue


@contextmanager
def lab(folder: Path):
    "JupyterLab on a free port, with settings of its own: its address"
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    token, work, log = secrets.token_hex(16), folder/'work', folder/'lab.log'
    for name in ('config/labconfig', 'data', 'runtime', 'lab'): (folder/name).mkdir(parents=True)
    quiet = {'@jupyterlab/apputils-extension:announcements': True}
    (folder/'config/labconfig/page_config.json').write_text(json.dumps({'disabledExtensions': quiet}))
    env = os.environ | {'JUPYTER_CONFIG_DIR': str(folder/'config'), 'JUPYTER_DATA_DIR': str(folder/'data'),
                        'JUPYTER_RUNTIME_DIR': str(folder/'runtime'), 'JUPYTERLAB_WORKSPACES_DIR': str(folder/'lab'),
                        'JUPYTERLAB_SETTINGS_DIR': str(folder/'lab'), 'OMP_NUM_THREADS': '1', 'MPLBACKEND': 'Agg',
                        'PYTHONPATH': os.pathsep.join([str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])])}
    command = [sys.executable, '-m', 'jupyter', 'lab', '--no-browser', f'--ServerApp.port={port}', '--ServerApp.port_retries=0',
               '--ServerApp.ip=127.0.0.1', f'--IdentityProvider.token={token}', f'--ServerApp.root_dir={work}',
               '--LabApp.expose_app_in_browser=True', *(['--allow-root'] if hasattr(os, 'getuid') and os.getuid() == 0 else [])]
    with open(log, 'w') as out:
        process = subprocess.Popen(command, cwd=work, env=env, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
    address = f'http://127.0.0.1:{port}'
    def answers():
        if process.poll() is not None: raise AssertionError('JupyterLab ended: ' + log.read_text()[-1000:])
        try: return urlopen(f'{address}/api?token={token}', timeout=5).status == 200
        except (URLError, OSError): return False
    try:
        wait('JupyterLab answers', answers)
        yield f'{address}/lab/tree/cleaning.ipynb?token={token}'
    finally: stop(process)


@contextmanager
def browser(folder: Path):
    "A browser without a window, with a profile of its own"
    from selenium import webdriver
    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    for flag in [*FLAGS, f'--user-data-dir={folder/"profile"}']: options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which('chromedriver'), popen_kw={'start_new_session': True})
    try:
        driver = webdriver.Chrome(options=options, service=service)
        try: yield driver
        finally: driver.quit()
    finally:
        if getattr(service, 'process', None): stop(service.process)


class Page:
    "The notebook as the browser shows it"
    def __init__(self, driver, pictures: Path | None): self.driver, self.pictures, self.number = driver, pictures, 0

    def find(self, css: str) -> list:
        "The visible elements that fit, those of the cleaner with `number` alone"
        within = self.driver.find_elements('css selector', '.fastlite-cleaner')
        if 'fastlite' not in css or not within: return [o for o in self.driver.find_elements('css selector', css) if o.is_displayed()]
        return [o for o in within[self.number].find_elements('css selector', css) if o.is_displayed()]

    @property
    def cleaner(self):
        "The element of the cleaner with `number`"
        return self.driver.find_elements('css selector', '.fastlite-cleaner')[self.number]

    def run_all(self):
        "Run the notebook, once its kernel is there"
        ask = ('const nb = window.jupyterapp?.shell?.currentWidget, kernel = nb?.context?.sessionContext?.session?.kernel; '
               'return kernel ? kernel.status : null')
        wait('the kernel is ready', lambda: self.driver.execute_script(ask) == 'idle')
        self.driver.execute_script("window.jupyterapp.commands.execute('application:toggle-left-area')")
        self.driver.execute_script("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        wait('the cleaner shows pictures', self.cards_or_error)
        wait('all pictures have arrived', lambda: all(self.driver.execute_script('return arguments[0].naturalWidth > 0', o)
                                                      for o in self.find('.fastlite-card img')))

    def cards_or_error(self) -> list:
        "The cards; an error in the notebook is raised"
        errors = self.find('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
        if errors: raise AssertionError('the notebook failed: ' + errors[0].text[-1500:])
        return self.find('.fastlite-card')

    def name(self, k: int) -> str:
        "The file under card `k`"
        return self.texts()[k][0]

    def texts(self) -> list:
        "What stands on the cards: the file, the class and set, what is said and how surely, and the choices"
        return [o.text.split('\n') for o in self.find('.fastlite-card')]

    def chosen(self, k: int) -> str:
        "What is chosen on card `k`"
        return self.select(self.find('.fastlite-card')[k]).first_selected_option.text

    def choose(self, k: int, text: str):
        "Choose on card `k`"
        self.select(self.find('.fastlite-card')[k]).select_by_visible_text(text)

    def select(self, element):
        "The menu in an element"
        from selenium.webdriver.support.select import Select
        return Select(element.find_element('css selector', 'select'))

    def filter(self, number: int, text: str):
        "Choose in one of the menus above the cards, and wait for the page"
        before = self.texts()
        self.select(self.find('.fastlite-filter')[number]).select_by_visible_text(text)
        wait(f'other cards after {text}', lambda: self.texts() != before)

    def shows(self, text: str):
        "Wait until this text is somewhere in the cleaner"
        wait(f'the cleaner shows {text!r}', lambda: text in self.cleaner.text)

    def click(self, text: str):
        "Press the button with this text"
        def button():
            buttons = self.cleaner.find_elements('css selector', 'button')
            return next((o for o in buttons if o.text == text and o.is_displayed() and o.is_enabled()), None)
        wait(f'the button {text} can be pressed', button).click()

    def tags(self, k: int) -> list:
        "The tags on card `k`"
        return [o.text.strip() for o in self.find('.fastlite-card')[k].find_elements('css selector', '.jupyter-widget-tag') if o.text.strip()]

    def groups(self) -> list:
        "The heading and the files of each frame of near duplicates"
        found = [(frame.text.split('\n')[0], frame.find_elements('css selector', '.fastlite-card')) for frame in self.find('.fastlite-group')]
        return [(heading, [o.text.split('\n')[0] for o in cards if o.is_displayed()]) for heading, cards in found]

    def keys(self, k: int, *keys: str):
        "Press keys on the choice of card `k`"
        self.find('.fastlite-card')[k].find_element('css selector', 'select').send_keys(*keys)

    def status(self) -> str:
        "The line at the bottom"
        return self.find('.fastlite-status')[0].text

    def shot(self, name: str):
        "Keep what the browser shows"
        if not self.pictures: return
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(self.pictures/f'{name}.png'))
        self.cleaner.screenshot(str(self.pictures/f'{name}-cleaner.png'))


def equal(what: str, found, wanted):
    "Both are the same, or an error says what differs"
    if found != wanted: raise AssertionError(f'{what}: {found!r}, not {wanted!r}')


def try_views(page: Page):
    "Sets, orders and pages: what is shown is what was asked for, and the way back leads to the first page"
    worst = page.name(0)
    page.filter(1, 'valid')
    page.shows('1–12 of 18')
    equal('sets on a page of the validation set', {o[1].split(' · ')[-1] for o in page.texts()}, {'valid'})
    page.filter(1, 'all')
    page.filter(2, 'confidence')
    sure = [int(o[2].split(', ')[-1].strip('%')) for o in page.texts()]
    equal('probabilities in the order of confidence', sure, sorted(sure))
    page.filter(2, 'loss')
    page.shows('1–12 of 60')
    page.click('▶')
    page.shows('13–24 of 60')
    if page.name(0) == worst: raise AssertionError('the second page begins like the first')
    page.shot('2-second-page')
    page.click('◀')
    page.shows('1–12 of 60')
    equal('the first picture after all that', page.name(0), worst)


def try_cleaner(page: Page, root: Path):
    "What somebody does who cleans a set, with a look at the page and the files after each step"
    def files(folder=root): return sorted(p.relative_to(folder).as_posix() for p in folder.rglob('*.png'))
    before = files()
    equal('cards', len(page.find('.fastlite-card')), 12)
    page.shot('1-opened')
    try_views(page)
    bad, other = page.name(0), page.name(1)
    old = next(o for o in before if o.endswith(other)).split('/')[0]
    new = '4' if old != '4' else '7'
    page.choose(0, 'delete')
    page.choose(1, new)
    wait('both marks are counted', lambda: '1 to delete, 1 to change' in page.status())
    page.shot('3-marked')
    page.click('save')
    page.shows('written to')
    edits = json.loads((root/'edits.json').read_text('utf-8'))['edits']
    equal('edits on disk', [(o['file'].split('/')[-1], o['action'], o['labels']) for o in edits],
          [(bad, 'delete', []), (other, 'label', [new])])
    page.shot('4-saved')
    page.click('undo')
    page.click('undo')
    wait('nothing is marked', lambda: '0 to delete, 0 to change' in page.status())
    page.click('load')
    page.shows('2 choices loaded')
    equal('marks after loading', (page.chosen(0), page.chosen(1)), ('delete', new))
    page.filter(0, '4')
    page.filter(0, 'all')
    equal('cards after looking at another class', (page.name(0), page.name(1)), (bad, other))
    equal('marks after looking at another class', (page.chosen(0), page.chosen(1)), ('delete', new))
    page.click('undo')
    wait('the second mark is undone', lambda: page.chosen(1) == 'keep')
    page.click('redo')
    wait('the second mark is there again', lambda: page.chosen(1) == new)
    equal('files before apply', files(), before)
    page.click('apply')
    wait('apply says what it did', lambda: 'folder' in page.status())
    page.shot('5-applied')
    after = [o for o in before if not o.endswith((bad, other))] + [f'{new}/{other}']
    equal('files after apply', files(), sorted(after))
    equal('files in the trash', [o.split('/')[-1] for o in files(root.with_name('digits-trash'))], [bad])
    page.click('take back')
    wait('take back says what it did', lambda: 'where it was' in page.status())
    equal('files after take back', files(), before)
    equal('marks after take back', (page.chosen(0), page.chosen(1)), ('delete', new))
    page.shot('6-taken-back')


def try_keys(page: Page):
    "The choice by keyboard: the first letter of a word takes it, and Tab leads to the next card"
    from selenium.webdriver.common.keys import Keys
    page.keys(2, 'd')
    wait('d chooses delete', lambda: page.chosen(2) == 'delete')
    page.keys(2, Keys.TAB)
    page.driver.switch_to.active_element.send_keys('d')
    wait('d chooses delete on the next card', lambda: page.chosen(3) == 'delete')
    page.keys(2, 'k')
    page.keys(3, 'k')
    wait('k chooses keep', lambda: (page.chosen(2), page.chosen(3)) == ('keep', 'keep'))


def try_tags(page: Page, root: Path):
    "Several classes: tags are taken away and added, the table is written; and near duplicates in a frame"
    page.number = 1
    page.driver.execute_script('arguments[0].scrollIntoView()', page.cleaner)
    equal('the first card', (page.name(0), page.tags(0)), ('00.png', ['even']))
    page.choose(0, 'add prime')
    wait('the tag is there', lambda: page.tags(0) == ['even', 'prime'])
    page.find('.fastlite-card')[1].find_element('css selector', '.jupyter-widget-tag-close').click()
    wait('the tag is gone', lambda: page.tags(1) == [])
    wait('both are counted', lambda: '0 to delete, 2 to change' in page.status())
    equal('choices after the tags', (page.chosen(0), page.chosen(1), page.chosen(2)), ('as tagged', 'as tagged', 'keep'))
    page.choose(2, 'delete')
    page.shot('7-tags')
    page.choose(1, 'keep')
    wait('the tag is there again', lambda: page.tags(1) == ['even'])
    page.click('apply')
    page.shows('cleaned.csv is written')
    rows = dict(line.split(',')[:2] for line in (root/'cleaned.csv').read_text().splitlines())
    equal('rows of the table', (rows['00.png'], rows['01.png'], '02.png' in rows), ('even prime', 'even', False))
    page.click('take back')
    page.shows('where it was')
    page.filter(2, 'similar')
    wait('a frame', page.groups)
    equal('near duplicates', [o for o in page.groups() if '12.png' in o[1]], [('2 alike · labels differ: even / odd, prime · in more than one set: train / valid'
          if '03.png' not in page.groups()[0][1] else '2 alike · in more than one set: train / valid', ['03.png', '12.png'])])
    page.shot('8-similar')


def run(pictures: Path | None = None):
    "The whole test; an AssertionError says what went wrong"
    import nbformat
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as stack:
        folder = Path(name)
        work = folder/'work'
        work.mkdir()
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(o.strip()) for o in CELLS.split('# %%')])
        nb.metadata.kernelspec = {'name': 'python3', 'display_name': 'Python 3', 'language': 'python'}
        nbformat.write(nb, work/'cleaning.ipynb')
        address = stack.enter_context(lab(folder))
        driver = stack.enter_context(browser(folder))
        page = Page(driver, pictures)
        try:
            driver.get(address)
            page.run_all()
            try_cleaner(page, work/'digits')
            try_keys(page)
            try_tags(page, work/'tagged')
        except BaseException:
            if pictures: driver.save_screenshot(str(pictures/'failed.png'))
            raise


if __name__ == '__main__':
    use_venv()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--pictures', type=Path, help='folder for screenshots')
    args = parser.parse_args()
    if missing(): sys.exit(f'not installed: {missing()}')
    start = time.monotonic()
    run(args.pictures)
    print(f'the cleaner works in a browser ({time.monotonic() - start:.0f} s)')
