"""An application that cannot be loaded."""

raise RuntimeError("the site's own fault")
