"""The pictures in docs/images, taken of the real site in a real browser."""
