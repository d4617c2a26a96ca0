"""The page on one database, asked for everything: ``python -m tests.unit.web.little_memory DATABASE``. Prints the peak in MiB."""

import re
import sys
from pathlib import Path

from relevel.web.explorer import Explorer
from tests.unit.web.visitor import Visitor

if __name__ == "__main__":
    explorer = Explorer(Path(sys.argv[1]))
    explorer.start()
    explorer.subject.wait()
    visitor = Visitor(explorer).enter()
    assert visitor.get("/api/state")["phase"] == "ready"
    newest = visitor.get("/api/state")["newest"]
    assert visitor.get("/api/rows", at=newest, limit=500)["rows"]
    visitor.get("/api/rows", at=newest, contains="AA", limit=500)
    visitor.get("/api/overview")
    explorer.stop()
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    sys.stdout.write(f"{int(peak) // 1024}\n")
