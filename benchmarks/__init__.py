"""What a busy board costs, measured on the machine at hand: README.md says how to read it."""
