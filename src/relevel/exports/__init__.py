"""Rows out: versions as JSON lines, CSV and text, lossless in every encoding."""
