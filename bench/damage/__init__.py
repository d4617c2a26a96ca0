"""Damage done to databases whose whole history is known, and what rescue and its peers get back of them."""
