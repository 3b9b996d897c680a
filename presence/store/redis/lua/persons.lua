-- Shared by the scripts on persons; follows clock.lua. The KEYS of a person are:
--
-- sessions  hash: session -> record "when it was noted TAB end of its grace or 0 TAB process TAB
--           board TAB its reference or nothing"
-- seen      sorted set: accounts or guests, by when they were last on a board
--
-- They share a slot with the leases of the processes. Boards have slots of their own, so a call
-- about a person follows the one about the board, and may be lost. Each process notes its sessions
-- again with every tenth renewal, and a record that was not noted for HOLD does not count: a process
-- that renews less often has lost its people.

local HOLD = 12 * (LEASE + GRACE)
