"""Tools for those who work on the packages; none of them is installed with these."""
