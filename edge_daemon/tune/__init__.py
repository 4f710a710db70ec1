"""Finds each word's thresholds at an operating point, on the user's own recordings or in training.

`thresholds.find_thresholds` is the whole of it. Offline: the daemon imports nothing of it, and
importing the package alone loads nothing.
"""
