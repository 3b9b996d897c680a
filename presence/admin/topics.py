"""Every topic there is. How to write one is told in `presence.topic`; then put it in here."""

from presence.admin.board_topic import BOARD
from presence.admin.changelist_topic import ROWS
from presence.admin.overview_topic import OVERVIEW

TOPICS = {topic.name: topic for topic in (ROWS, BOARD, OVERVIEW)}
READERS = {topic.name: topic.read for topic in TOPICS.values()}
DIFFERS = {topic.name: topic.differ for topic in TOPICS.values()}
