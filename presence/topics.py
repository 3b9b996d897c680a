"""Every topic there is. How to write one is told in `presence.topic`; then put it in here."""

from presence.board import BOARD
from presence.overview import OVERVIEW
from presence.rows import ROWS

TOPICS = {topic.name: topic for topic in (ROWS, BOARD, OVERVIEW)}
READERS = {topic.name: topic.read for topic in TOPICS.values()}
DIFFERS = {topic.name: topic.differ for topic in TOPICS.values()}
