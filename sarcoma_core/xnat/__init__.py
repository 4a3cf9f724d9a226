"""The XNAT Container Service as a language: command model, rules, lint, resolution."""
