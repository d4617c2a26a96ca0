"""What state it is in: every block and record of every file, verified."""
