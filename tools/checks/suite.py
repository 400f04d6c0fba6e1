"""Does every notebook, lessons included, run from top to bottom?"""
import os, re, signal, sys, tempfile, time, traceback
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from nbdev.test import nbdev_test

from project import notebooks

SECONDS = 600   # after this a notebook has failed
SLOW = 60       # after this it is pointed at
# what takes seconds to import
BIG = ['torch', 'torchvision', 'pandas', 'matplotlib.pyplot', 'sklearn.datasets', 'sklearn.ensemble']
ANSI = re.compile(r'\x1b\[[0-9;]*m')


def cores() -> int:
    "The processors that this process may use"
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def run_here(path: Path, root: Path, folder: Path, said: Path):
    "Runs one notebook in this process, writes what it prints to `said`, and ends the process: with 0 if all is well"
    with open(os.devnull) as nothing, open(said, 'w') as file:
        for stream, number in ((nothing, 0), (file, 1), (file, 2)): os.dup2(stream.fileno(), number)
    os.environ['FASTLITE_LESSON_DIR'] = str(folder)
    os.chdir(root)
    status = 1
    try:
        nbdev_test(path=str(path), n_workers=0)
        status = 0
    except SystemExit as ended: status = ended.code or 0
    except BaseException: traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


@dataclass
class Job:
    "A notebook that is running in a process of its own"
    path: Path
    pid: int
    said: Path
    start: float = field(default_factory=time.perf_counter)
    late: bool = False

    @property
    def seconds(self) -> float: return time.perf_counter() - self.start

    def ended(self) -> str | None:
        "None while it runs; then what it said if it failed, or an empty text"
        if not self.late and self.seconds > SECONDS:
            os.kill(self.pid, signal.SIGKILL)
            self.late = True
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid: return None
        if self.late: return f'not done after {SECONDS} s'
        if not status: return ''
        text = ANSI.sub('', self.said.read_text(errors='replace') if self.said.exists() else '').strip()
        return text or f'ended with {os.waitstatus_to_exitcode(status)}'


def started(path: Path, root: Path, folder: Path) -> Job:
    "Runs the notebook in a copy of this process, which has imported the big packages already"
    own, said = folder/path.stem, folder/f'{path.stem}.txt'
    own.mkdir(exist_ok=True)
    sys.stdout.flush()
    pid = os.fork()
    if not pid: run_here(path, root, own, said)
    return Job(path, pid, said)


def results(paths: list[Path], root: Path, folder: Path):
    "Runs the notebooks, as many at a time as there are processors; yields (job, what it said) as they end"
    waiting, running = list(paths), []
    while waiting or running:
        while waiting and len(running) < cores(): running.append(started(waiting.pop(0), root, folder))
        time.sleep(0.05)
        for job in list(running):
            said = job.ended()
            if said is None: continue
            running.remove(job)
            yield job, said


def import_big():
    "Imports what takes seconds and almost every notebook needs, once for all of them; not on macOS, where a copy might break"
    os.environ |= {'MPLBACKEND': 'Agg', 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}
    for name in BIG if sys.platform == 'linux' else []: import_module(name)


def cause(said: str) -> str:
    "The line of a traceback that names the error, with what was compared if it stands below"
    lines = said.split('\n')
    named = [i for i, line in enumerate(lines) if re.match(r'\s*[\w.]*(?:Error|Exception|Warning|Interrupt)\b', line)]
    last = named[-1] if named else len(lines) - 1
    below = lines[last + 1:last + 3] if lines[last].rstrip().endswith(':') else []
    return ' '.join(line.strip() for line in [lines[last], *below])[:200]


def litter(root: Path) -> set[Path]:
    "What lies in nbs/ and is no notebook"
    found = (path for path in (root/'nbs').rglob('*') if path.is_file() and path.suffix != '.ipynb')
    return {path for path in found if not any(part in ('__pycache__', '.ipynb_checkpoints') for part in path.parts)}


def check(root: Path, paths: list[Path] | None = None) -> tuple[list[str], int]:
    "Runs the notebooks side by side: (a line for each that failed, how many ran)"
    paths = paths or notebooks(root)
    failures, before, start = [], litter(root), time.perf_counter()
    longest_first = sorted(paths, key=lambda path: (-len(path.relative_to(root).parts), path))
    if len(paths) > cores(): import_big()
    with tempfile.TemporaryDirectory() as folder:
        for job, said in results(longest_first, root, Path(folder)):
            name = job.path.relative_to(root)
            print(f'      {"FAIL" if said else "ok":4} {job.seconds:6.1f} s  {name}{"  (slow)" if job.seconds > SLOW else ""}', flush=True)
            if not said: continue
            print('\n'.join('        | ' + line for line in said.split('\n')[-40:]), flush=True)
            failures.append(f'{name} fails: {cause(said)}')
    print(f'      {len(paths)} notebooks in {time.perf_counter() - start:.0f} s on {cores()} cores')
    failures += [f'{path.relative_to(root)} was left behind by a notebook' for path in sorted(litter(root) - before)]
    return failures, len(paths)
