"""Damage done on purpose, an oracle that knows what it hit, and what relevel makes of it."""
