"""The example site with a channel layer whose backend is not installed."""

from presence_site.settings import *  # noqa: F403

CHANNEL_LAYERS = {"default": {"BACKEND": "nowhere.to.be.found.Layer"}}
