"""Hold the small pieces of screen that several screens place."""
