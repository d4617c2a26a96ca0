"""The damaged database: what is there, what state it is in, what can be had back.

Everything here opens its source read-only and writes results only to a new place. Each step takes the last one's value and
returns a new one::

    directory -> survey -> plan -> rebuild -> report        rescue, undelete
    directory -> inputs -> rows                             dump, scan, get, find, history
"""
