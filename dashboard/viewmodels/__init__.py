"""Build exactly what a screen shows, as frozen values without a sentence in them."""
