"""Answer questions of place: frames in, frames out; no files, no database, no screen."""
