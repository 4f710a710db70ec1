"""What a daemon hears, on a terminal: levels, scores, words, latency and power as they come."""
