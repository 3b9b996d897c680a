-- Returns where a person is (`Store.whereabouts`).
--
-- KEYS[1..2]  those of the person, see persons.lua
-- KEYS[3]     leases, see renew_lease.lua
-- ARGV        after those of clock.lua: person
-- Returns the time, when the person was last seen or '', and for each session that counts "board
-- TAB its reference or nothing".

local function counts(noted, ends, process)
  local lease_end = tonumber(redis.call('ZSCORE', KEYS[3], process) or 0)
  -- A record of the future was written before the clock was set back.
  return math.abs(NOW - noted) <= HOLD
    and (ends == '0' or NOW < tonumber(ends))
    and NOW < lease_end + GRACE
end

local boards, flat = {}, redis.call('HGETALL', KEYS[1])
for i = 2, #flat, 2 do
  local noted, ends, process, board = string.match(flat[i], '^(%d+)\t(%d+)\t([^\t]*)\t(.*)$')
  if counts(noted, ends, process) then
    boards[#boards + 1] = board
  end
end
return {NOW, redis.call('ZSCORE', KEYS[2], ARGV[FIRST]) or '', boards}
