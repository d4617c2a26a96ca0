"""Reports out: what check, info, rescue, undelete and find found, as text for people and JSON for programs."""
