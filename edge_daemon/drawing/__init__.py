"""Reports in one style: pages of one file, and the pictures on them."""
