"""The code blocks of README, CONTRIBUTING, SECURITY and docs/, and how each of them is run."""
