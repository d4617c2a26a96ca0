"""A new, healthy database: planned, written, and what of it may be stale."""
