"""The residual network that the project's aims were stated for, and what becomes of it here."""
