"""Training of the keyword models: data, augmentation, network, export. Needs torch; offline only."""
