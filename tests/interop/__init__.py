"""Other implementations of LevelDB, and whether they agree with relevel."""
