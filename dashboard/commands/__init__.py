"""Hold the commands of `gridbeat`, a file for each family."""
