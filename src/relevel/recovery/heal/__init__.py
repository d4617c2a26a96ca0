"""Bytes put back as they had been before the damage."""
