"""Many threads with one database, at length: what everybody who looks sees is a state that once was."""
