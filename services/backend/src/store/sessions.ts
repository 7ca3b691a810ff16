// Sessions in Redis. All of a user are one hash, so that what is lost is lost together: a session
// that nobody remembers cannot be refreshed. Ended ones leave a mark for as long as their access
// tokens live. Each change is one script, so that two at once cannot both succeed.
import { unavailable } from "../domain/refusal.js";
import { accessSeconds, refreshSeconds, type SessionStore } from "../domain/sessions.js";
import type { Redis } from "./redis.js";

// More devices than that nobody has; the session that was idle for longest makes room.
const sessionsMax = 20;

// A session is kept as its digest and when it was used last.
// KEYS: the sessions, and the beginnings of two keys of one session: that it ended, and the token
// that was exchanged a moment ago.
const parse = `
local function parse(kept)
  local digest, used = string.match(kept, '^(%S+) (%d+)$')
  return digest, tonumber(used)
end
local function finish(id)
  redis.call('HDEL', KEYS[1], id)
  redis.call('SET', KEYS[2] .. id, '1', 'EX', ARGV[1])
  redis.call('DEL', KEYS[3] .. id)
end
`;

// ARGV: seconds of a mark, id, digest, now, milliseconds of idleness, sessions at most.
const openScript = `${parse}
local now, idle = tonumber(ARGV[4]), tonumber(ARGV[5])
local kept = redis.call('HGETALL', KEYS[1])
local count, oldest, oldestUsed = 0, nil, nil
for at = 1, #kept, 2 do
  local _, used = parse(kept[at + 1])
  if used + idle < now then
    redis.call('HDEL', KEYS[1], kept[at])
  else
    count = count + 1
    if oldestUsed == nil or used < oldestUsed then oldest, oldestUsed = kept[at], used end
  end
end
if count >= tonumber(ARGV[6]) then finish(oldest) end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3] .. ' ' .. ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 'opened'`;

// ARGV: seconds of a mark, id, digest it must have, digest it gets, now, milliseconds of idleness,
// milliseconds in which the token before is good once more.
//
// The milliseconds begin when this runs: a server that hangs runs it long after it was sent, when
// whoever sent it was told 503 and comes again. If that came first, over another connection, this
// one is late: nobody waits for its answer, and it must not end the session that goes on.
const rotateScript = `${parse}
local kept = redis.call('HGET', KEYS[1], ARGV[2])
if not kept then return 'unknown' end
local digest, used = parse(kept)
if used + tonumber(ARGV[6]) < tonumber(ARGV[5]) then
  redis.call('HDEL', KEYS[1], ARGV[2])
  return 'unknown'
end
if digest == ARGV[3] then
  redis.call('SET', KEYS[3] .. ARGV[2], digest, 'PX', ARGV[7])
elseif tonumber(ARGV[5]) < used then
  return 'late'
elseif redis.call('GET', KEYS[3] .. ARGV[2]) ~= ARGV[3] then
  finish(ARGV[2])
  return 'reused'
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4] .. ' ' .. ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 'rotated'`;

// ARGV: seconds of a mark, and the session to end; all of them without one.
const endScript = `${parse}
if ARGV[2] then
  finish(ARGV[2])
else
  for _, id in ipairs(redis.call('HKEYS', KEYS[1])) do finish(id) end
end
return 'ended'`;

const againMs = 10_000;

export function sessionStore(
  redis: Pick<Redis, "run" | "get">,
  now: () => Date,
  limits = { againMs },
): SessionStore {
  const mark = (userId: string) => `ended:${userId}:`;
  const seconds = String(accessSeconds);
  const idleMs = String(refreshSeconds * 1000);
  const nowMs = () => String(now().getTime());

  async function run(script: string, userId: string, args: readonly string[]): Promise<unknown> {
    const keys = [`sessions:${userId}`, mark(userId), `exchanged:${userId}:`];
    return redis.run(script, keys, [seconds, ...args]).catch(refuse);
  }
  return {
    async open(userId, id, digest) {
      await run(openScript, userId, [id, digest, nowMs(), idleMs, String(sessionsMax)]);
    },
    async rotate(userId, id, from, to) {
      const args = [id, from, to, nowMs(), idleMs, String(limits.againMs)];
      const outcome = await run(rotateScript, userId, args);
      if (outcome === "late") throw unavailable("store of sessions", new Error("it was overtaken"));
      return outcome === "rotated" || outcome === "reused" ? outcome : "unknown";
    },
    async end(userId, id) {
      await run(endScript, userId, [id]);
    },
    async endAll(userId) {
      await run(endScript, userId, []);
    },
    async hasEnded(userId, id) {
      return (await redis.get(mark(userId) + id).catch(refuse)) !== undefined;
    },
  };
}

function refuse(error: unknown): never {
  throw unavailable("store of sessions", error);
}
