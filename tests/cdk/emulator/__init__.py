"""A double of AWS for tests: moto's server, whose stacks are made strictly (see README.md in this folder)."""
