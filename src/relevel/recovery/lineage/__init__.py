"""Which tables and logs count, where no manifest says so: by what LOG tells and by which tables were made from which."""
