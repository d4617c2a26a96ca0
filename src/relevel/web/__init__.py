"""The explorer: a page on this machine that shows a database as it is and as it was."""
