"""Reports out: what check, info, rescue, undelete and find found, as text and HTML for people and JSON for programs."""
