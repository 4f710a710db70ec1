"""What the gate before the model costs in words, and what it saves: see `measure_gate.py`."""
