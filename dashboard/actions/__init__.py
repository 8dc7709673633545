"""Do what a user asked for, each action in its own transactions."""
