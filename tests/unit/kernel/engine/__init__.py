"""The hot path of a living database."""
