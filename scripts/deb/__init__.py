"""Builds the Debian package: what `scripts/make-deb` runs."""
