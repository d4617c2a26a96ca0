"""The living database: opened, recovered, written to, read, compacted. What is damaged it refuses."""
