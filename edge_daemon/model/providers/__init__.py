"""Execution providers: what computes the model, and the proof that it does.

config -> rungs (provider, file) -> available? -> opens? -> has nodes? -> right scores? -> served
"""
