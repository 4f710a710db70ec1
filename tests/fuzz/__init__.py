"""Whatever comes from outside, however wrong: it is refused in words, or it is right."""
