"""The words of anonymous names: kind ones only, and any two of them fit into a name."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES = _words(
    """
    Able Agile Amber Bold Brave Breezy Bright Brisk Calm Caring Cheerful Clever Cosy Curious
    Daring Dashing Eager Earnest Fair Fearless Festive Friendly Gentle Gifted Glad Golden
    Graceful Happy Helpful Honest Hopeful Jolly Joyful Keen Kind Lively Loyal Lucky Mellow Merry
    Mighty Modest Neat Nimble Noble Patient Peaceful Playful Polite Proud Quick Quiet Radiant
    Ready Serene Shiny Silver Skilful Smart Smiling Snug Sparkling Steady Sunny Swift Tender
    Thoughtful Tidy Trusty Upbeat Vivid Warm Wise Witty Zesty
    """
)

ANIMALS = _words(
    """
    Albatross Alpaca Antelope Armadillo Badger Beaver Bison Bluebird Butterfly Camel Canary
    Capybara Caribou Chamois Cheetah Chinchilla Chipmunk Cockatoo Coyote Crane Cricket Deer
    Dolphin Dove Dragonfly Eagle Egret Elephant Falcon Ferret Finch Firefly Flamingo Fox Gazelle
    Gecko Giraffe Goldfinch Hamster Hare Hedgehog Heron Hummingbird Ibex Ibis Iguana Jaguar
    Kestrel Kingfisher Kiwi Koala Ladybird Lark Lemur Leopard Lion Llama Lynx Manatee Marmot
    Marten Meerkat Moose Narwhal Newt Nightingale Ocelot Octopus Orca Oriole Otter Owl Panda
    Parrot Pelican Penguin Pony Puffin Quail Quokka Rabbit Raccoon Raven Reindeer Robin Salmon
    Seahorse Seal Sparrow Squirrel Starling Stork Swan Tapir Tiger Tortoise Toucan Turtle Walrus
    Whale Wombat Wren Yak Zebra
    """
)
