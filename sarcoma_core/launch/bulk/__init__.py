"""Bulk launches over REST: pre-flight, launch, follow, prove, and a ledger to go on from."""
