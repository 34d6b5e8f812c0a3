-- The rule of token_bucket.rs where several servers count together: a property holds the two to the same decisions.
-- KEYS[1] bucket; ARGV: microseconds a call, calls at once, calls to take (-1 puts one back) -> {allowed, microseconds to wait}
local t = redis.call('TIME'); local now = t[1] * 1000000 + t[2]
local period, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local function keep(full)
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
end
local tat = tonumber(redis.call('GET', KEYS[1]) or now)
local empty = now + period * burst
if tat < now then tat = now end
-- Under another rate the bucket may have been emptier than it can be under this one.
if tat > empty then tat = empty; keep(tat) end
local new = tat + period * cost
if new > empty then return {0, new - empty} end
if new > now then keep(new) else redis.call('DEL', KEYS[1]) end
return {1, 0}
