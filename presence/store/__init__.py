"""State that all processes share: who is on which board, and the history of people counts."""
