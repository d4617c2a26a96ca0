"""Many databases under one tree: where they are, whose they are, how they are."""
