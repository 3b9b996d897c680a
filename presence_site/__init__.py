"""A small site with boards of sticky notes: what a site that embeds `presence` looks like."""
