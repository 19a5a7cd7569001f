"""What Valkey does in one step for the counters: each script is atomic, and one round trip.

Keys, all below `ls:`   ready: there while the amounts are whole; c:ID: a counter (s spent, h held, e expires);
o:OWNER: the open holds of a process; fence: OWNER to its epoch, holds of older ones are refused; alive: owners by last
sign of life (ms); changed: counters by the version of their last change; lost: holds that wait to be written down;
p:ID: buckets of a pace; paid:MACHINE and
owed:MACHINE: what that machine spent and holds alone, as far as it is counted here.
Amounts go in and out as decimal texts and are added as integers; only comparisons use Lua's doubles, exact to 2^53.
"""

_TOUCH = """
local function touch(id)
  redis.call('ZADD', 'ls:changed', redis.call('INCR', 'ls:version'), id)
end
local function amounts(id)
  local v = redis.call('HMGET', 'ls:c:' .. id, 's', 'h')
  return v[1] or '0', v[2] or '0'
end
"""

# ARGV: owner, epoch, serial, record, second, parts, (id, amount, limit, margin, expires, ttl)…, (pace id, limit)…
# Returns {'E'} no amounts, {'F'} an old epoch, {'P', index, bucket…}, {'S', spent, held…} or {'H', spent, held…} (before).
HOLD = (
    _TOUCH
    + """
if redis.call('EXISTS', 'ls:ready') == 0 then return {'E'} end
if tonumber(redis.call('HGET', 'ls:fence', ARGV[1]) or '0') > tonumber(ARGV[2]) then return {'F'} end
local second, count = tonumber(ARGV[5]), tonumber(ARGV[6])
local paces = 7 + 6 * count
for i = paces, #ARGV, 2 do
  local used, buckets = 0, redis.call('HVALS', 'ls:p:' .. ARGV[i])
  for _, bucket in ipairs(buckets) do
    local at, n = string.match(bucket, '(%d+):(%d+)')
    if tonumber(at) >= second - 60 then used = used + tonumber(n) end
  end
  if used >= tonumber(ARGV[i + 1]) then
    return {'P', tostring((i - paces) / 2), unpack(buckets)}
  end
end
local answer, fits = {'H'}, true
for i = 7, paces - 1, 6 do
  local s, h = amounts(ARGV[i])
  answer[#answer + 1] = s
  answer[#answer + 1] = h
  local amount, held = tonumber(ARGV[i + 1]), tonumber(h)
  if amount > 0 then
    local asked = held > 0 and tonumber(ARGV[i + 3]) or amount
    if tonumber(s) + held + asked > tonumber(ARGV[i + 2]) then fits = false end
  end
end
if not fits then answer[1] = 'S' return answer end
for i = 7, paces - 1, 6 do
  local key = 'ls:c:' .. ARGV[i]
  redis.call('HINCRBY', key, 'h', ARGV[i + 1])
  redis.call('HSET', key, 'e', ARGV[i + 4])
  redis.call('EXPIRE', key, ARGV[i + 5], 'NX')
  touch(ARGV[i])
end
for i = paces, #ARGV, 2 do
  local key, field = 'ls:p:' .. ARGV[i], tostring(second % 61)
  local at, n = string.match(redis.call('HGET', key, field) or '0:0', '(%d+):(%d+)')
  redis.call('HSET', key, field, ARGV[5] .. ':' .. (tonumber(at) == second and tonumber(n) + 1 or 1))
  redis.call('EXPIRE', key, 600)
end
redis.call('HSET', 'ls:o:' .. ARGV[1], ARGV[3], ARGV[4])
return answer
"""
)

# ARGV: owner, serial, field of `lost` or '', (id, minus amount, spent)…   Returns 1, or 0 if the hold is not open.
SETTLE = (
    _TOUCH
    + """
local record = redis.call('HGET', 'ls:o:' .. ARGV[1], ARGV[2])
if not record then return 0 end
redis.call('HDEL', 'ls:o:' .. ARGV[1], ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', 'ls:lost', ARGV[3], record) end
for i = 4, #ARGV, 3 do
  redis.call('HINCRBY', 'ls:c:' .. ARGV[i], 'h', ARGV[i + 1])
  redis.call('HINCRBY', 'ls:c:' .. ARGV[i], 's', ARGV[i + 2])
  redis.call('EXPIRE', 'ls:c:' .. ARGV[i], 3456000, 'NX')
  touch(ARGV[i])
end
return 1
"""
)

# ARGV: owner, serial, record, (id, amount)…   Puts back a hold that Valkey has forgotten.
RESTORE = (
    _TOUCH
    + """
if redis.call('HSETNX', 'ls:o:' .. ARGV[1], ARGV[2], ARGV[3]) == 0 then return 0 end
for i = 4, #ARGV, 2 do
  redis.call('HINCRBY', 'ls:c:' .. ARGV[i], 'h', ARGV[i + 1])
  touch(ARGV[i])
end
return 1
"""
)

# ARGV: owner, version seen, how many.   Returns {ready, version, owners, since, id, s, h, e, …}; owners: name, age in ms.
BEAT = """
local now = redis.call('TIME')
local ms = tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)
redis.call('ZADD', 'ls:alive', ms, ARGV[1])
local owners, ages = redis.call('ZRANGE', 'ls:alive', 0, -1, 'WITHSCORES'), {}
for i = 1, #owners, 2 do
  ages[#ages + 1] = owners[i]
  ages[#ages + 1] = tostring(ms - tonumber(owners[i + 1]))
end
local news, since = {}, ARGV[2]
local changed = redis.call('ZRANGEBYSCORE', 'ls:changed', '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
for i = 1, #changed, 2 do
  local v = redis.call('HMGET', 'ls:c:' .. changed[i], 's', 'h', 'e')
  since = changed[i + 1]
  if v[1] or v[2] then
    news[#news + 1] = {changed[i], v[1] or '0', v[2] or '0', v[3] or '0'}
  else
    redis.call('ZREM', 'ls:changed', changed[i])
  end
end
return {redis.call('GET', 'ls:ready') or '', redis.call('GET', 'ls:version') or '0', ages, since, news}
"""

# ARGV: owner, epoch.   From now on no hold of an older epoch; returns {ready, version, {serial, record, …}}.
REJOIN = """
redis.call('HSET', 'ls:fence', ARGV[1], ARGV[2])
return {redis.call('GET', 'ls:ready') or '', redis.call('GET', 'ls:version') or '0',
        redis.call('HGETALL', 'ls:o:' .. ARGV[1])}
"""

# ARGV: how ('most': at least so much; 'new': unknown counters only), (id, spent, expires, ttl)…
RAISE = (
    _TOUCH
    + """
for i = 2, #ARGV, 4 do
  local key = 'ls:c:' .. ARGV[i]
  local there = redis.call('HGET', key, 's')
  if ARGV[1] == 'most' and tonumber(there or '0') < tonumber(ARGV[i + 1])
      or ARGV[1] == 'new' and redis.call('EXISTS', key) == 0 then
    redis.call('HSET', key, 's', ARGV[i + 1], 'e', ARGV[i + 2])
    redis.call('EXPIRE', key, ARGV[i + 3], 'NX')
    touch(ARGV[i])
  end
end
return 1
"""
)

# ARGV: machine, book ('1' or '0': note as booked only), (id, all that the machine ever spent alone, held alone now)…
PAY = (
    _TOUCH
    + """
local paid, owed = 'ls:paid:' .. ARGV[1], 'ls:owed:' .. ARGV[1]
for i = 3, #ARGV, 3 do
  local id = ARGV[i]
  local more = tonumber(ARGV[i + 1]) - tonumber(redis.call('HGET', paid, id) or '0')
  local held = tonumber(ARGV[i + 2]) - tonumber(redis.call('HGET', owed, id) or '0')
  if more > 0 then
    if ARGV[2] == '1' then redis.call('HINCRBY', 'ls:c:' .. id, 's', string.format('%.0f', more)) end
    redis.call('HSET', paid, id, ARGV[i + 1])
  end
  if held ~= 0 then
    redis.call('HINCRBY', 'ls:c:' .. id, 'h', string.format('%.0f', held))
    redis.call('HSET', owed, id, ARGV[i + 2])
  end
  redis.call('EXPIRE', 'ls:c:' .. id, 3456000, 'NX')
  touch(id)
end
redis.call('EXPIRE', paid, 3456000)
redis.call('EXPIRE', owed, 3456000)
return 1
"""
)

# ARGV: id…   Returns spent, held of each.
READ = """
local answer = {}
for _, id in ipairs(ARGV) do
  local v = redis.call('HMGET', 'ls:c:' .. id, 's', 'h')
  answer[#answer + 1] = v[1] or '0'
  answer[#answer + 1] = v[2] or '0'
end
return answer
"""

# ARGV: owner.   Forget an owner without open holds.
LEAVE = """
if redis.call('EXISTS', 'ls:o:' .. ARGV[1]) == 0 then
  redis.call('ZREM', 'ls:alive', ARGV[1])
  redis.call('HDEL', 'ls:fence', ARGV[1])
end
return 1
"""

# ARGV: id…   Returns, of one moment, what is held of each, the records of all open holds, and (id, amount)… of what
# machines hold that count alone.
HELD = """
local held, records, owed = {}, {}, {}
for _, id in ipairs(ARGV) do held[#held + 1] = redis.call('HGET', 'ls:c:' .. id, 'h') or '0' end
for _, owner in ipairs(redis.call('ZRANGE', 'ls:alive', 0, -1)) do
  for _, record in ipairs(redis.call('HVALS', 'ls:o:' .. owner)) do records[#records + 1] = record end
end
for _, key in ipairs(redis.call('KEYS', 'ls:owed:*')) do
  for _, word in ipairs(redis.call('HGETALL', key)) do owed[#owed + 1] = word end
end
return {held, records, owed}
"""

# ARGV: (id, amount)…   Gives back what is held by no open hold.
RELEASE = (
    _TOUCH
    + """
for i = 1, #ARGV, 2 do
  redis.call('HINCRBY', 'ls:c:' .. ARGV[i], 'h', '-' .. ARGV[i + 1])
  touch(ARGV[i])
end
return 1
"""
)
