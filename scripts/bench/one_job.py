"""One training job as a process of its own: what its speed and memory are."""
import os
import re
import subprocess
import sys


def run(program, words):
    """Images/s and peak memory in MB of one job."""
    child = subprocess.Popen([program, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    found = re.findall(r"(\d+) images/s", output)
    if status != 0 or not found:
        sys.exit(f"{' '.join(words)} failed:\n{output}")
    return float(found[-1]), usage.ru_maxrss / 1024
