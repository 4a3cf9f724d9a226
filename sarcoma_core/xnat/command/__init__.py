"""The command: its JSON text, how the service binds it, its model, and what our steps declare."""
