#!lua name=rcu_fill_v1
-- Fills an empty store: values of many buckets at once, laid as in buckets.lua.

local named = 10  -- bytes of a value's name, with which those of its further pieces begin

-- The number that a value begins with: seven bits a byte, the lowest first.
local function version(value)
  local number, unit = 0, 1
  for i = 1, #value do
    local b = string.byte(value, i)
    number = number + b % 128 * unit
    if b < 128 then
      break
    end
    unit = unit * 128
  end
  return number
end

-- KEYS buckets; ARGV[1] fields that a bucket has room for, ARGV[2] '1' = over older versions too, '0' = where no value stands; then of each
-- bucket the number of its values, of its further pieces, the names and first pieces of the values, and the names and further pieces in the
-- order of the values.
-- Returns the places of values that were not written, counted from 1 over all buckets: positive = look in the next level, negative = one
-- stands that may be older.
local function fill(keys, args)
  local room, over = tonumber(args[1]), args[2] == '1'
  local left, at, place = {}, 3, 0
  for k = 1, #keys do
    local key, values, further = keys[k], tonumber(args[at]), tonumber(args[at + 1])
    local first = at + 2
    local more, behind = first + 2 * values, first + 2 * (values + further)
    local fields, held, known = redis.call('HLEN', key), {}, false
    if fields > 0 then
      local names = {}
      for n = 1, values do
        names[n] = args[first + 2 * n - 2]
      end
      held = redis.call('HMGET', key, unpack(names))
      for n = 1, values do
        known = known or held[n]
      end
    end
    if not known and fields + values + further <= room then
      redis.call('HSET', key, unpack(args, first, behind - 1))
    else
      local out, size = {}, 0
      for n = 1, values do
        local name, value, stored, taken = args[first + 2 * n - 2], args[first + 2 * n - 1], held[n], false
        if stored then
          taken = over and version(stored) < version(value)
          if not over then
            left[#left + 1] = -(place + n)
          end
        elseif fields < room then
          taken = true
        else
          left[#left + 1] = place + n
        end
        -- A value that stands takes no room that is counted: one that found none here although there was some would be put twice.
        local new = stored and 0 or 1
        if taken then
          out[size + 1], out[size + 2] = name, value
          size, fields = size + 2, fields + new
        end
        while more < behind and string.sub(args[more], 1, named) == name do
          if taken then
            out[size + 1], out[size + 2] = args[more], args[more + 1]
            size, fields = size + 2, fields + new
          end
          more = more + 2
        end
      end
      if size > 0 then
        redis.call('HSET', key, unpack(out))
      end
    end
    at, place = behind, place + values
  end
  return left
end

redis.register_function('rcu_fill_v1', fill)
