"""Remember: rows, files, revisions. Speaks in codes and values, never in sentences."""
