"""Load and save records of one subject each; rows never leave this floor."""
