"""Looking back: the database at any sequence number, how far that can be trusted, when it was, what to bring back."""
