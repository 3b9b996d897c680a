"""Shared state: who is on which board, over all processes. `base` is the contract, the rest keep
it."""
