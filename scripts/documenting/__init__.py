"""Makes the pages of the documentation that come out of the program itself."""
