"""Parts of the soak: what is played, what is broken, what is watched, what is demanded."""
