"""Speak to people: screens, command line, routes, and every sentence in both languages."""
