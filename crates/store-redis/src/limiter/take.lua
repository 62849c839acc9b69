-- `annals_ports::rate_limits::take`, in Redis: the same steps on the same whole numbers, which are
-- all below 2^53 where they matter. The bucket is kept as "<level> <at_us>" until it is empty.
--
-- KEYS[1] the bucket. ARGV: units a second, burst, cost, and the time in microseconds; without a
-- time it is that of Redis, so that the clocks of the nodes do not matter.
-- Answers whether the cost was taken (1 or 0), and the level then.
local PARTS = 1000000
local rate = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local cost = tonumber(ARGV[3])
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local level, at = 0, 0
local kept = redis.call('GET', KEYS[1])
if kept then
  local kept_level, kept_at = string.match(kept, '^(%d+) (%d+)$')
  if kept_at then
    level, at = tonumber(kept_level), tonumber(kept_at)
  end
end

level = math.max(0, level - math.max(0, now - at) * rate)
local filled = level + cost * PARTS
if filled > math.max(cost, burst) * PARTS then
  return {0, level}
end
-- A second more than the bucket needs to become empty: then it is as if it was never there.
local ttl_ms = math.ceil(filled / rate / 1000) + 1000
redis.call('SET', KEYS[1], string.format('%.0f %.0f', filled, math.max(now, at)), 'PX', string.format('%.0f', ttl_ms))
return {1, filled}
