"""Live cursors and live people counts for the boards of a Django site.

A browser opens `/ws/presence/<board uuid>/` and speaks `presence.v1` (PROTOCOL.md). From there, in
two steps to any behaviour: `consumer` (the socket under ASGI) drives a `connection`, which feeds a
`session` (the rules of one socket) and acts on the `hub` (every board of this process: `live`
rooms, their ticks) and, through it, on the `store` (who is where, over all processes). Where there
are other processes, `sync` keeps what the hub believes true to the store, and `relay` carries what
people do from one to the others; `inquiry` asks them all, and `audit` compares. A site's own code
has `api`, behind which is `staff`, and `signals`, which send what the hub's `events` are. Pages of
the admin (`admin`) watch what a `topic` tells, over the `staff_consumer` or by the `feed`. What is
said on the wire is `messages` and `protocol`; what each board tells its people is `room` and
`frames`; who may come in is `auth`; what can be set is `conf`. How it goes is told by `metrics` (a
process to a `scrape`), `logs` (who came and went), `history` (how many people there were, which one
process's `recorder` writes) and `processes` (how each does, which its `upkeep` tells).
"""
