"""Show one page each: read a view model, call an action, and nothing else."""
