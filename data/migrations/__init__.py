"""Move a store from one version's schema to the next."""
