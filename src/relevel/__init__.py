"""relevel: a LevelDB for Python that does not lose data, and the best tool there is for a LevelDB that has."""
