-- Shared by the scripts on one board; follows clock.lua.
--
-- KEYS[1] members  hash: session -> record "place TAB user TAB rrggbb TAB process TAB person TAB
--                  pool TAB name TAB since"; `place` numbers the members in the order they came,
--                  `since` is the time when they did. The pool may be "pool DEL avatar DEL name",
--                  with the URL of a picture or '', and what the whole name is or '': release
--                  0.1.0 takes eight fields, and names of 32 bytes. Later ones ignore more fields.
-- KEYS[2] index    sorted set, every score 0: what finds members without reading all of them.
--                    "person TAB person TAB place TAB session"    a member who is present
--                    "process TAB process TAB person TAB place TAB session"  the same
--                    "grace TAB person TAB place TAB session"     one of these without a socket
--                    "late TAB person TAB place TAB session"      a member whose time is up, and
--                                                                 whom nobody has reaped
-- KEYS[3] graces   sorted set: sessions without a socket, by the end of their grace
-- KEYS[4] leases   sorted set: processes with members who are present, by the end of their lease
-- KEYS[5] users    hash: user id -> the session that holds it, or '' while that is late
-- KEYS[6] rests    hash: user id -> "end of its rest TAB person who had it TAB pool"
-- KEYS[7] state    hash: version; roster, a number that changes with the holders of user ids;
--                  places (how many were given); people; reference, of a board that has one besides
--                  its UUID; "color TAB rrggbb" -> how many members have it; "process TAB process"
--                  -> how many members of a process are present, "nameless TAB process" -> how many
--                  of these have no name
--
-- Sessions, processes, persons, pools and names arrive escaped: they contain no control character,
-- so that all entries of the index with one beginning are a range of it.
--
-- Scripts that change or count members call `settle` first. No script may read all members. Where
-- Redis is out of memory it refuses commands that may need more, but goes on to delete: so what
-- belongs together begins with a command that it refuses.

local MEMBERS, INDEX, GRACES, LEASES, USERS, RESTS, STATE = unpack(KEYS, 1, 7)
local MAX_USERS, NO_USER = 255, 255
local RECORD = '^(%d+)\t(%d+)\t(%x+)\t([^\t]*)\t([^\t]*)\t([^\t\127]*)[^\t]*\t([^\t]*)\t(%d+)'
local BATCH = 200 -- members that one script takes off or lists: Redis serves nobody else meanwhile
local AGAIN = {'again'} -- the answer of a script that did a part of the work before its own

local leases = ends_of(LEASES, LEASE)

-- Return up to `limit` entries of the index with a beginning, which ends in a TAB; only those that
-- follow `after`, if it is given.
local function entries(beginning, limit, after)
  local from = after and '(' .. after or '[' .. beginning
  local to = '(' .. string.sub(beginning, 1, -2) .. '\n' -- the character after TAB
  return redis.call('ZRANGE', INDEX, from, to, 'BYLEX', 'LIMIT', 0, limit)
end

-- Return the session of an entry, and its place with leading zeros.
local function session_of(entry)
  local place, session = string.match(entry, '(%d+)\t([^\t]*)$')
  return session, place
end

-- Return a member by their session, or nil.
local function read_member(session)
  local record = redis.call('HGET', MEMBERS, session)
  if not record then
    return nil
  end
  local place, user, color, process, person, pool, name, since = string.match(record, RECORD)
  local tail = string.format('%s\t%012d\t%s', person, place, session)
  return {
    session = session, record = record, user = tonumber(user), color = color, process = process,
    person = person, pool = pool, name = name, since = since,
    by_person = 'person\t' .. tail, by_process = 'process\t' .. process .. '\t' .. tail,
    in_grace = 'grace\t' .. tail, late = 'late\t' .. tail,
  }
end

-- Change a number of the state, which is forgotten at 0.
local function count(field, change)
  local number = redis.call('HINCRBY', STATE, field, change)
  if number == 0 then
    redis.call('HDEL', STATE, field)
  end
  return number
end

-- Return whether a person has a member who is present.
local function is_present(person)
  return #entries('person\t' .. person .. '\t', 1) > 0
end

-- Return whether a person has a member, who may be late.
local function is_known(person)
  return is_present(person) or #entries('late\t' .. person .. '\t', 1) > 0
end

-- Return how long ago a process lost its lease; negative while it holds one.
local function lapsed(process)
  return NOW - (leases[process] or -math.huge)
end

local function read_version()
  return tonumber(redis.call('HGET', STATE, 'version') or 0)
end

-- Raise the version or the roster's number by one, and return it. An unknown one starts with the
-- clock: that is past every earlier one, as no board changes every microsecond.
local function raise(field)
  local before = tonumber(redis.call('HGET', STATE, field) or 0)
  local after = before > 0 and before + 1 or NOW
  redis.call('HSET', STATE, field, string.format('%.0f', after))
  return after
end

-- Note which session holds a user id.
local function hold(user, session)
  if user < MAX_USERS then
    redis.call('HSET', USERS, user, session)
    raise('roster')
  end
end

-- Have a member be present.
local function show(member)
  if not is_present(member.person) then
    count('people', 1)
  end
  redis.call('ZADD', INDEX, 0, member.by_person, 0, member.by_process)
  count('process\t' .. member.process, 1)
  if member.name == '' then
    count('nameless\t' .. member.process, 1)
  end
  -- Without a lease, `settle` finds the member by this end.
  redis.call('ZADD', LEASES, 'NX', 0, member.process)
  leases[member.process] = leases[member.process] or 0
end

-- Have a member not be present any more.
local function hide(member)
  if count('process\t' .. member.process, -1) == 0 then
    redis.call('ZREM', LEASES, member.process)
    leases[member.process] = nil
  end
  redis.call('ZREM', INDEX, member.by_person, member.by_process, member.in_grace)
  redis.call('ZREM', GRACES, member.session)
  if member.name == '' then
    count('nameless\t' .. member.process, -1)
  end
  if not is_present(member.person) then
    count('people', -1)
  end
end

local function make_late(session)
  local member = read_member(session)
  redis.call('ZADD', INDEX, 0, member.late)
  hide(member)
  hold(member.user, '')
end

-- Make those late whose time is up: their grace is over, or their process lost its lease a grace
-- ago. Returns true if more may be left, which is for the next call.
local function settle()
  -- A grace that ends much later was noted before the clock was set back.
  local latest = string.format('(%.0f', NOW + GRACE + SPARE)
  for _, session in ipairs(redis.call('ZRANGEBYSCORE', GRACES, latest, '+inf', 'LIMIT', 0, BATCH)) do
    redis.call('ZADD', GRACES, NOW + GRACE, session)
  end
  local left = BATCH
  local now = string.format('%.0f', NOW)
  for _, session in ipairs(redis.call('ZRANGEBYSCORE', GRACES, '-inf', now, 'LIMIT', 0, left)) do
    make_late(session)
    left = left - 1
  end
  local dead = {}
  for process in pairs(leases) do
    if lapsed(process) >= GRACE then
      dead[#dead + 1] = process
    end
  end
  for _, process in ipairs(dead) do
    for _, entry in ipairs(left > 0 and entries('process\t' .. process .. '\t', left) or {}) do
      make_late(session_of(entry))
      left = left - 1
    end
  end
  return left == 0
end

-- Return how many people are present, and a flat list of the processes that hold a lease and how
-- many members of each are present.
local function census()
  local names, fields, flat = {}, {'people'}, {}
  for process in pairs(leases) do
    if lapsed(process) < 0 then
      names[#names + 1] = process
      fields[#fields + 1] = 'process\t' .. process
    end
  end
  local numbers = redis.call('HMGET', STATE, unpack(fields))
  for i, process in ipairs(names) do
    flat[2 * i - 1], flat[2 * i] = process, tonumber(numbers[i + 1])
  end
  return tonumber(numbers[1] or 0), flat
end

-- Note by which reference the board is known, '' for its UUID.
local function note_reference(reference)
  if reference ~= '' then
    redis.call('HSET', STATE, 'reference', reference)
  end
end

-- Let the board's keys live as long as its members may, and their user ids may rest after that.
local function keep_board()
  local last = redis.call('ZREVRANGE', LEASES, 0, 0, 'WITHSCORES')[2] or NOW
  keep(math.max(last - NOW, 0) + GRACE + ID_REST)
end

-- Note the end of a process's lease; '' if it is unknown.
local function note_lease(process, ends)
  if ends ~= '' then
    redis.call('ZADD', LEASES, 'GT', ends, process)
    leases[process] = math.max(leases[process] or 0, tonumber(ends))
  end
end

-- Put a member on the board.
local function put_on(session, process, person, name, color, user, since, pool)
  local place = redis.call('HINCRBY', STATE, 'places', 1)
  local record = {place, user, color, process, person, pool, name, since}
  redis.call('HSET', MEMBERS, session, table.concat(record, '\t'))
  count('color\t' .. color, 1)
  show(read_member(session))
  hold(tonumber(user), session)
  redis.call('HDEL', RESTS, user)
end

-- Take a member off the board, who is present or late. Their user id is not free by that.
local function take_off(member)
  count('color\t' .. member.color, -1)
  if redis.call('ZREM', INDEX, member.late) == 0 then
    hide(member)
  end
  redis.call('HDEL', MEMBERS, member.session)
end

-- Have the user id of a member who is off the board rest.
local function let_rest(member)
  if member.user < MAX_USERS then
    local rest = string.format('%.0f\t%s\t%s', NOW + ID_REST, member.person, member.pool)
    redis.call('HSET', RESTS, member.user, rest)
    redis.call('HDEL', USERS, member.user)
    raise('roster')
  end
end

-- Return the user ids at rest as a table: user id -> end, person who had it, and pool. Forgets
-- finished rests.
local function read_rests()
  local found = {}
  local flat = redis.call('HGETALL', RESTS)
  for i = 1, #flat, 2 do
    local ends, person, pool = string.match(flat[i + 1], '^(%d+)\t([^\t]*)\t([^\127]*)')
    ends = tonumber(ends)
    -- A rest that ends much later was noted before the clock was set back.
    if ends > NOW and ends <= NOW + ID_REST + SPARE then
      found[tonumber(flat[i])] = {ends = ends, person = person, pool = pool}
    else
      redis.call('HDEL', RESTS, flat[i])
    end
  end
  return found
end

-- Return a table of the user ids that members hold.
local function held_users()
  local users = {}
  local flat = redis.call('HGETALL', USERS)
  for i = 1, #flat, 2 do
    users[tonumber(flat[i])] = true
  end
  return users
end

-- Return the lowest user id that is neither held nor at rest, or nil.
local function lowest_user(held, rests)
  for user = 0, MAX_USERS - 1 do
    if not held[user] and not rests[user] then
      return user
    end
  end
  return nil
end

-- Return a flat list of sessions and records, without those that there are not.
local function records(sessions)
  local flat = {}
  if #sessions > 0 then
    local found = redis.call('HMGET', MEMBERS, unpack(sessions))
    for i, session in ipairs(sessions) do
      if found[i] then
        flat[#flat + 1] = session
        flat[#flat + 1] = found[i]
      end
    end
  end
  return flat
end

-- Take sessions off the board. Returns the version, how many people remain, 1 if this took the last
-- member, sessions and records of the members it took, the persons whose last session it took, and
-- 1 if others are late.
local function depart(sessions)
  local went, persons, left = {}, {}, {}
  for _, session in ipairs(sessions) do
    local member = read_member(session)
    if member then
      take_off(member)
      went[#went + 1] = session
      went[#went + 1] = member.record
      persons[member.person] = true
      let_rest(member)
    end
  end
  for person in pairs(persons) do
    if not is_known(person) then
      left[#left + 1] = person
    end
  end
  local version, emptied = read_version(), 0
  if #went > 0 then
    version = raise('version')
    emptied = redis.call('HLEN', MEMBERS) == 0 and 1 or 0
    keep_board()
  end
  local people = census()
  return {version, people, emptied, went, left, #entries('late\t', 1)}
end
