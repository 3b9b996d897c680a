-- Returns the reference of a board that is in the history (`History.named`), or nil.
--
-- KEYS[1] name  see history_record.lua
-- ARGV    see clock.lua

return redis.call('GET', KEYS[1])
