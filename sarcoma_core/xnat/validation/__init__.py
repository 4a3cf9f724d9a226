"""The Container Service's own judgement of a command."""
