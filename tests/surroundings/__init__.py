"""Other Pythons, other users, and file systems that are read-only or full."""
