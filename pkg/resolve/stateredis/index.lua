#!lua name=rcu_index_v1
-- Lists of entries under blocks. A list lies in a bucket (a hash that Redis packs), in pieces of at most 56 bytes: seven ids of eight bytes.
-- Piece n of a list stands under the name of its block and the byte n.

local piece, most = 56, 8

-- KEYS[1] bucket; ARGV[1] block, ARGV[2] id of eight bytes. 1 = listed now or before, 0 = no room.
local function add(keys, args)
  local room
  for n = 0, most - 1 do
    local field = args[1] .. string.char(n)
    local held = redis.call('HGET', keys[1], field)
    if not held then
      room = room or { field, '' }
      break
    end
    for at = 1, #held, 8 do
      if string.sub(held, at, at + 7) == args[2] then
        return 1
      end
    end
    if #held < piece then
      room = room or { field, held }
    end
  end
  if not room then
    return 0
  end
  redis.call('HSET', keys[1], room[1], room[2] .. args[2])
  return 1
end

-- KEYS[1] bucket; ARGV[1] block, ARGV[2] id. The last id of the list takes the place of the one that goes, so that no piece in the middle
-- is ever missing.
local function remove(keys, args)
  local found, last
  for n = 0, most - 1 do
    local field = args[1] .. string.char(n)
    local held = redis.call('HGET', keys[1], field)
    if not held then
      break
    end
    for at = 1, #held, 8 do
      if string.sub(held, at, at + 7) == args[2] then
        found = { field, at }
      end
    end
    last = { field, held }
  end
  if not found then
    return 0
  end
  local moved, rest = string.sub(last[2], -8), string.sub(last[2], 1, -9)
  if rest == '' then
    redis.call('HDEL', keys[1], last[1])
  else
    redis.call('HSET', keys[1], last[1], rest)
  end
  if moved ~= args[2] then
    local held = redis.call('HGET', keys[1], found[1])
    redis.call('HSET', keys[1], found[1], string.sub(held, 1, found[2] - 1) .. moved .. string.sub(held, found[2] + 8))
  end
  return 1
end

-- KEYS[1] order, KEYS[2] values; ARGV[1] id, ARGV[2] rank, ARGV[3] value, ARGV[4] how many are kept.
local function suggest(keys, args)
  redis.call('ZADD', keys[1], args[2], args[1])
  redis.call('HSET', keys[2], args[1], args[3])
  while redis.call('ZCARD', keys[1]) > tonumber(args[4]) do
    local out = redis.call('ZPOPMIN', keys[1])
    redis.call('HDEL', keys[2], out[1])
  end
  return 1
end

redis.register_function('rcu_index_add_v1', add)
redis.register_function('rcu_index_remove_v1', remove)
redis.register_function('rcu_index_suggest_v1', suggest)
