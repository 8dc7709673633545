"""Hold what a map shows as values, and draw the same values live or as a stand-alone page."""
