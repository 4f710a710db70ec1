"""The daemon with what is around it broken for real."""
