"""Does the cleaning widget work in a real browser? Runs tools/test_browser.py; skipped where there is none."""
import subprocess, sys
from pathlib import Path

from test_browser import missing

SECONDS = 480


def check(root: Path) -> list[str]:
    "Says what went wrong in the browser, if anything"
    if missing():
        print(f'      skipped: {missing()} not installed')
        return []
    command = [sys.executable, root/'tools/test_browser.py']
    try: done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired: return [f'the test in the browser was not done after {SECONDS} s']
    if not done.returncode: return []
    print(done.stdout + done.stderr)
    lines = (done.stdout + done.stderr).strip().split('\n')
    return [next((o for o in reversed(lines) if 'Error' in o), lines[-1])[:300]]
