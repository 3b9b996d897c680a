-- Puts a session on a board (`Store.join`).
--
-- KEYS  see board.lua and bans.lua
-- ARGV  after those of clock.lua: session, process, person, name, end of the process's lease ('' if
--       unknown), place in the palette of the person's own colour (from 1), place of the one that
--       they had here before (0: none), the board's reference or '', the person's pool or '', with
--       what may follow it in a record, how many ids of a pool may be at rest, how many it may hold
--       once no more are left than the next number, that number, user ids that the process knows
--       somebody to hold (a byte each)
-- Constants  PALETTE, colours ("rrggbb"); APART, how far each is from each in tenths of a unit, of
--       three digits; FAR, as many tenths (presence/protocol/colors.py)
-- Returns version, people, processes, user id, colour, the session that it replaced or '', since
-- when the member is there, 1 if the person had no session there; or only 'removed' or 'closed' if
-- the board refuses the person.

local session, process, person, name, lease_end, own, had, reference, pool_field,
  pool_rests, pool_holds, pool_leaves, others = unpack(ARGV, FIRST)
own, had = tonumber(own), tonumber(had)
local pool = string.match(pool_field, '^[^\127]*')

if settle() then
  return AGAIN
end
local known = is_known(person)
if is_banned(PERSON .. person) then
  return {'removed'}
elseif is_banned(NEWCOMERS) and not is_present(person) then
  return {'closed'}
end
note_lease(process, lease_end)

-- Return the person's earliest session that is broken, or nil.
local function find_broken()
  local found = entries('grace\t' .. person .. '\t', 1)
  for other in pairs(leases) do
    if lapsed(other) >= 0 then
      local beginning = string.format('process\t%s\t%s\t', other, person)
      found[#found + 1] = entries(beginning, 1)[1]
    end
  end
  local earliest, first = nil, nil
  for _, entry in ipairs(found) do
    local broken, place = session_of(entry)
    if not first or place < first then
      earliest, first = broken, place
    end
  end
  return earliest and read_member(earliest)
end

-- The same as `color_for` in presence/protocol/colors.py.
local function choose_color()
  if known then
    local tab = entries('person\t' .. person .. '\t', 1)[1] or entries('late\t' .. person .. '\t', 1)[1]
    return read_member(session_of(tab)).color
  end
  local fields, taken = {}, {}
  for place, color in ipairs(PALETTE) do
    fields[place] = 'color\t' .. color
  end
  local worn = redis.call('HMGET', STATE, unpack(fields))
  for place in ipairs(PALETTE) do
    taken[#taken + 1] = worn[place] and place or nil
  end
  -- Return how far a colour is from all that are taken, -1 for one of these.
  local function room(place)
    local least = worn[place] and -1 or math.huge
    for _, other in ipairs(worn[place] and {} or taken) do
      local at = ((place - 1) * #PALETTE + other - 1) * 3
      least = math.min(least, tonumber(string.sub(APART, at + 1, at + 3)))
    end
    return least
  end
  if had > 0 and not worn[had] then
    return PALETTE[had]
  end
  local best, most = own, room(own)
  for step = 1, most < FAR and #PALETTE - 1 or 0 do
    local place = (own - 1 + step) % #PALETTE + 1
    local distance = room(place)
    if distance > most then
      best, most = place, distance
    end
  end
  return PALETTE[best]
end

-- Return whether the rest of one user id ends before that of another.
local function sooner(rests, user, other)
  local ends, others = rests[user].ends, rests[other].ends
  return ends < others or (ends == others and user < other)
end

-- Return whether the pool holds as many ids as it may while no more than `pool_leaves` are left.
local function holds_enough()
  if pool == '' or redis.call('HLEN', USERS) < MAX_USERS - pool_leaves then
    return false
  end
  local sessions, flat = {}, redis.call('HGETALL', USERS)
  for i = 2, #flat, 2 do
    sessions[i / 2] = flat[i]
  end
  local own, holders = 0, records(sessions)
  for i = 2, #holders, 2 do
    own = own + (select(6, string.match(holders[i], RECORD)) == pool and 1 or 0)
  end
  return own >= tonumber(pool_holds)
end

-- A pool with as many ids at rest as it may have gets back the one that has rested longest, and so
-- it does when all others are held or at rest. Where it left none, it gets the one that has rested
-- longest of the pool that left most.
local function choose_user()
  if redis.call('HLEN', USERS) == MAX_USERS or holds_enough() then
    return NO_USER
  end
  local held, rests = held_users(), read_rests()
  for i = 1, #others do
    held[string.byte(others, i)] = true
  end
  local user = lowest_user(held, rests)
  local left = {}
  for id, rest in pairs(rests) do
    local of = left[rest.pool] or {count = 0, user = id}
    left[rest.pool] = of
    of.count = of.count + 1
    if sooner(rests, id, of.user) then
      of.user = id
    end
  end
  local own = pool ~= '' and left[pool]
  if own and (not user or own.count >= tonumber(pool_rests)) then
    return own.user
  elseif user then
    return user
  end
  local most = nil
  for _, of in pairs(left) do
    local more = not most or of.count > most.count
    if more or (of.count == most.count and sooner(rests, of.user, most.user)) then
      most = of
    end
  end
  return most and most.user or NO_USER
end

local user, color, resumed, since
local before = find_broken()
if before then
  color, resumed, since = before.color, before.session, before.since
  if before.user < MAX_USERS and name ~= '' then
    user = before.user
  else
    let_rest(before)
  end
else
  color, resumed, since = choose_color(), '', string.format('%.0f', NOW)
end
if not user then
  user = name == '' and NO_USER or choose_user()
end
put_on(session, process, person, name, color, user, since, pool_field)
if before then
  take_off(before)
end
note_reference(reference)
settle() -- Somebody whose process has no lease is late at once.
keep_board()
local people, processes = census()
return {raise('version'), people, processes, user, color, resumed, since, known and 0 or 1}
