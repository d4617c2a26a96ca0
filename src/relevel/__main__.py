"""``python -m relevel``: the command line."""

from relevel.cli import main

main()
