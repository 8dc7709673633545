"""Read files of other systems into the store: check, quarantine, report, resume."""
