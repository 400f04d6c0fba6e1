"""Run every benchmark and write the table to benchmarks/RESULTS.md: make bench

    python benchmarks/run.py [NAME ...]    bench_loop, bench_import …; all if none is named, and then the table is written
"""
import json, os, platform, subprocess, sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from measure import ROW

HERE = Path(__file__).resolve().parent
HEAD = ['what', 'fastlite', 'beside', 'ratio', 'bar', 'held', 'note']
PACKAGES = ['torch', 'torchvision', 'fastcore', 'numpy', 'pandas', 'matplotlib', 'pillow', 'simplejpeg']
PEERS = ['fastai', 'kornia']  # compared with where they are installed


def processor() -> str:
    "The name of the processor"
    try: lines = Path('/proc/cpuinfo').read_text().split('\n')
    except OSError: return platform.processor() or platform.machine()
    return next((line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')), platform.machine())


def installed(package: str) -> str:
    "`package version`"
    try: return f'{package} {version(package)}'
    except PackageNotFoundError: return f'{package} –'


def run(path: Path) -> tuple[list[list[str]], bool]:
    "Runs one program and passes on what it says: (its rows, did it end well?)"
    print(f'{path.stem} …', flush=True)
    process = subprocess.Popen([sys.executable, path], cwd=HERE, text=True, stdout=subprocess.PIPE)
    rows = []
    for line in process.stdout:
        if not line.startswith(ROW): print('  ' + line, end='', flush=True)
        else:
            rows.append(json.loads(line.removeprefix(ROW)))
            print('  ' + '  '.join(filter(None, rows[-1])), flush=True)
    return rows, process.wait() == 0


def table(rows: list[list[str]]) -> str:
    "The rows as a markdown table"
    lines = [HEAD, ['---']*len(HEAD), *rows]
    return '\n'.join('| ' + ' | '.join(cell.replace('|', '\\|') for cell in line) + ' |' for line in lines)


def document(rows: list[list[str]], failed: list[str]) -> str:
    "RESULTS.md"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
    machine = f'{processor()}, {cores} cores, {platform.system()}, Python {platform.python_version()}'
    broken = f'\n\nThese programs failed: {", ".join(failed)}.' if failed else ''
    return f'''# Benchmarks

Made by `make bench` on {date.today().isoformat()}. A ratio is our time over the other's, both measured in turns in one
run, medians of several rounds: smaller is better, and only ratios can be compared between machines.

- {machine}
- {", ".join(map(installed, PACKAGES))}
- compared with, where installed: {", ".join(map(installed, PEERS))}

{table(rows)}{broken}
'''


def main(names: list[str]) -> int:
    "Runs the benchmarks named, or all"
    paths = [HERE/f'{name.removesuffix(".py")}.py' for name in names] or sorted(HERE.glob('bench_*.py'))
    rows, failed = [], []
    for path in paths:
        found, well = run(path)
        rows += found
        if not well: failed.append(path.stem)
    if not names:
        (HERE/'RESULTS.md').write_text(document(rows, failed), encoding='utf-8')
        print(f'wrote {HERE/"RESULTS.md"}')
    for name in failed: print(f'{name} failed', file=sys.stderr)
    return int(bool(failed))


if __name__ == '__main__': sys.exit(main(sys.argv[1:]))
