"""Does every notebook, lessons included, run from top to bottom?"""
import os, re, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from project import notebooks

SECONDS = 600   # after this a notebook has failed
SLOW = 60       # after this it is pointed at
ANSI = re.compile(r'\x1b\[[0-9;]*m')


def cores() -> int:
    "The processors that this process may use"
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


def run(path: Path, root: Path, folder: str) -> tuple[Path, str, float]:
    "Runs nbdev_test on one notebook in a process of its own: (notebook, what it said if it failed, seconds)"
    env = os.environ | {'MPLBACKEND': 'Agg', 'OMP_NUM_THREADS': '1', 'FASTLITE_LESSON_DIR': str(Path(folder)/path.stem)}
    (Path(folder)/path.stem).mkdir(exist_ok=True)
    command = [Path(sys.executable).parent/'nbdev_test', '--path', path, '--n_workers', '0']
    start = time.perf_counter()
    try: done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired: return path, f'not done after {SECONDS} s', time.perf_counter() - start
    said = ANSI.sub('', done.stdout + done.stderr).strip() if done.returncode else ''
    return path, said or ('failed silently' if done.returncode else ''), time.perf_counter() - start


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
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(cores()) as pool:
        for job in as_completed([pool.submit(run, path, root, folder) for path in longest_first]):
            path, said, seconds = job.result()
            name = path.relative_to(root)
            print(f'      {"FAIL" if said else "ok":4} {seconds:6.1f} s  {name}{"  (slow)" if seconds > SLOW else ""}', flush=True)
            if not said: continue
            print('\n'.join('        | ' + line for line in said.split('\n')[-40:]), flush=True)
            failures.append(f'{name} fails: {cause(said)}')
    print(f'      {len(paths)} notebooks in {time.perf_counter() - start:.0f} s on {cores()} cores')
    failures += [f'{path.relative_to(root)} was left behind by a notebook' for path in sorted(litter(root) - before)]
    return failures, len(paths)
