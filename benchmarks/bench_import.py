"""How long `from fastlite.vision.all import *` takes over the libraries that it stands on, each in a fresh process."""
import subprocess, sys

from measure import report, side_by_side

TIMED = 'from time import perf_counter as now; start = now()\n{}\nprint(now() - start)'
OURS = 'from fastlite.vision.all import *'
BESIDE = 'import torch, torchvision, pandas, matplotlib.pyplot'


def import_time(code: str) -> float:
    "Seconds that `code` takes in a fresh process, the start of Python left out"
    done = subprocess.run([sys.executable, '-c', TIMED.format(code)], capture_output=True, text=True)
    if done.returncode: sys.exit(f'`{code}` fails: {done.stderr.strip().splitlines()[-1]}')
    return float(done.stdout.split()[-1])


if __name__ == '__main__':
    report(f'`{OURS}`', 'torch + torchvision + pandas + matplotlib',
           *side_by_side(lambda: import_time(OURS), lambda: import_time(BESIDE), 5), at_most=1.15)
