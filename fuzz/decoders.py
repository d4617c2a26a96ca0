"""Look for bytes that break a claim about what is decoded in Python: ``python -m fuzz.decoders CLAIM [OPTIONS]``.

The options are libFuzzer's: a folder of inputs first, then ``-runs=N``, ``-max_total_time=SECONDS`` and others.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["relevel"]):
    from tests.damage.claims import CLAIMS


def main(arguments: list[str]) -> None:
    """Try the claim of that name; ends the process."""
    program, name, *options = arguments
    atheris.Setup([program, *options], CLAIMS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
