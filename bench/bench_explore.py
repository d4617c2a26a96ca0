"""Measure the page on a large database: first paint, a step of the slider, the server's memory.

A Chromium that is installed opens what `relevel explore` serves. The bars are 1 second to the first paint, 0.2 seconds
for a step of the slider (from the input to the rows in sight), 300 MiB for the server.

    python bench/bench_explore.py [DIRECTORY] [--entries N] [--steps N]

Without DIRECTORY a database is made: a million entries, a tenth of them overwritten, a tenth deleted.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from make_database import Shape, make_database
from playwright.sync_api import Page, sync_playwright

LONGEST_WAIT: Final = 300_000
STEP: Final = """async (at) => {
  const slider = document.querySelector('.slider');
  const body = document.querySelector('.grid-body');
  const begin = performance.now();
  slider.value = at;
  slider.dispatchEvent(new Event('input'));
  while (body.dataset.at !== String(at)) await new Promise(requestAnimationFrame);
  return performance.now() - begin;
}"""
PAINT: Final = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@contextmanager
def served(place: Path) -> Iterator[tuple[str, int]]:
    """Serve a database: the page's address and the server's process."""
    command = [sys.executable, "-m", "relevel", "explore", str(place), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip(), server.pid
        finally:
            server.terminate()


def peak_memory(process: int) -> float:
    """The most memory that a process has had, in MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def visit(page: Page, url: str, steps: int) -> dict[str, Any]:
    """Open the page, wait until all is known, and move the slider to and fro."""
    begin = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector(".row:not(.head)")
    rows = time.perf_counter() - begin
    paint = page.evaluate(PAINT) / 1000
    page.wait_for_selector("body[data-ready]", timeout=LONGEST_WAIT)
    ready = time.perf_counter() - begin
    newest = int(page.get_attribute(".slider", "max") or 0)
    page.evaluate(STEP, newest // 2)
    took = [page.evaluate(STEP, newest * (step * 37 % steps) // steps + step) / 1000 for step in range(steps)]
    page.keyboard.press("g")
    page.keyboard.press("End")
    took += [page.evaluate(STEP, newest * (step * 53 % steps) // steps + step) / 1000 for step in range(steps)]
    return {"paint": paint, "rows": rows, "ready": ready, "steps": sorted(took)}


def main() -> None:
    """Parse the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = options.directory
        if place is None:
            place = Path(folder) / "db"
            make_database(place, Shape(entries=options.entries, overwrites=0.1, deletions=0.1))
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with served(place) as (url, process):
            found = visit(browser.new_page(viewport={"width": 1280, "height": 800}), url, options.steps)
            memory = peak_memory(process)
        browser.close()
    steps = found["steps"]
    print(f"first paint           {found['paint']:8.3f} s     (bar 1 s)")
    print(f"first rows            {found['rows']:8.3f} s")
    print(f"all is known          {found['ready']:8.3f} s")
    print(f"step of the slider    {statistics.median(steps):8.3f} s     median of {len(steps)} (bar 0.2 s)")
    print(f"                      {steps[int(len(steps) * 0.95)]:8.3f} s     95 of 100 take no longer")
    print(f"                      {steps[-1]:8.3f} s     longest")
    print(f"server's memory       {memory:8.1f} MiB   at most (bar 300 MiB)")


if __name__ == "__main__":
    main()
