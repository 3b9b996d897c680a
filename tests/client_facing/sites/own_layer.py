"""The example site with a channel layer on a Redis of its own, and a long grace."""

import os

from tests.client_facing.sites.long_grace import *  # noqa: F403

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [os.environ["LAYER_URL"]]},
    }
}
