"""Counts instructions on an emulated Arm board: a root for it, a plugin that counts, what it says."""
