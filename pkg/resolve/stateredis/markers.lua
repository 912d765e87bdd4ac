#!lua name=rcu_markers_v1
-- One key, one function. A marker is 16 bytes of log id and 8 bytes of offset, big endian.

-- KEYS[1] marker; ARGV[1] from, ARGV[2] marker. Sets the marker if the one stored is of the same log and not before from: only then does
-- this server hold what the records up to here made. 1 = set, 0 = it was not.
local function advance(keys, args)
  local stored = redis.call('GET', keys[1])
  if not stored or #stored ~= 24 or string.sub(stored, 1, 16) ~= string.sub(args[2], 1, 16) then
    return 0
  end
  if struct.unpack('>i8', string.sub(stored, 17, 24)) < tonumber(args[1]) then
    return 0
  end
  redis.call('SET', keys[1], args[2])
  return 1
end

-- KEYS[1] marker; ARGV[1] marker. Sets it unless one of the same log is stored.
local function settle(keys, args)
  local stored = redis.call('GET', keys[1])
  if not stored or string.sub(stored, 1, 16) ~= string.sub(args[1], 1, 16) then
    redis.call('SET', keys[1], args[1])
  end
  return 1
end

-- The id that this server gave itself at its start.
local function own()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- KEYS[1] run. The run of this server, and the one that was last found whole ('': none).
local function run(keys)
  return {own(), redis.call('GET', keys[1]) or ''}
end

-- KEYS[1] run; ARGV[1] id of a run. Notes that it was found whole, if this server is still in it.
local function found(keys, args)
  if own() ~= args[1] then
    return 0
  end
  redis.call('SET', keys[1], args[1])
  return 1
end

redis.register_function('rcu_run_v1', run)
redis.register_function('rcu_run_found_whole_v1', found)
redis.register_function('rcu_marker_advance_v1', advance)
redis.register_function('rcu_marker_settle_v1', settle)
