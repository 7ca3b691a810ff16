-- What `wrk` sends for one case, and what it found as one line of JSON. Words after `--`: method,
-- path, body, file with the token. `%D` in path or body is another day each time, `%N` a number.
local method, path, body, token

local function read(file)
  local opened = file and io.open(file)
  if not opened then return nil end
  local text = opened:read("*l")
  opened:close()
  return text
end

function init(args)
  method, path, body, token = args[1], args[2], args[3], read(args[4])
  wrk.headers["content-type"] = "application/json"
  if token then wrk.headers["authorization"] = "Bearer " .. token end
end

local number = 0
local function filled(text)
  local day = os.date("!%Y-%m-%d", (number % 20000) * 86400)
  return (text:gsub("%%D", day):gsub("%%N", tostring(number)))
end

function request()
  number = number + 1
  local sent = body ~= "" and filled(body) or nil
  return wrk.format(method, filled(path), wrk.headers, sent)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"us":%d,"refused":%d,"broken":%d,"p50_us":%d,"p95_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
