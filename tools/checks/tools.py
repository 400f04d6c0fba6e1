"""Do the tools themselves do what they say? Runs tools/test_check.py."""
import subprocess, sys
from pathlib import Path


def check(root: Path) -> list[str]:
    "Names each test of the tools that fails"
    done = subprocess.run([sys.executable, '-m', 'unittest', '-v', 'test_check'], cwd=root/'tools', capture_output=True, text=True)
    if not done.returncode: return []
    print(done.stderr)
    failed = [line.split(': ', 1)[1] for line in done.stderr.split('\n') if line.startswith(('FAIL: ', 'ERROR: '))]
    return [f'tools/test_check.py: {name}' for name in failed] or ['tools/test_check.py cannot be run']
