"""Where files live: evidence that is never written to, and new directories that appear whole or not at all."""
