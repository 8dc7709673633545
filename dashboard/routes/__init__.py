"""Answer plain HTTP beside the screens; each route names its own guard."""
