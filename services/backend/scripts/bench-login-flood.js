// How much a flood of logins slows the answers to everybody else down.
//
//   node scripts/bench-login-flood.js http://127.0.0.1:3000
//
// Asks for an account as often as it can, at rest and then while twenty logins are always under
// way, each as patient as the answers ask it to be, and compares. The service must run with high limits: RATE_LIMIT_PER_MINUTE=1000000
// AUTH_RATE_LIMIT_PER_MINUTE=1000000 ACCOUNT_RATE_LIMIT_PER_MINUTE=1000000.
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";

const url = process.argv[2] ?? "http://127.0.0.1:3000";
const seconds = 10;
const atOnce = 20;
const account = { email: `${randomUUID()}@nutri.example`, password: "correct horse battery" };

const post = (path, body) =>
  fetch(`${url}/api/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

async function percentiles(headers) {
  const taken = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const started = performance.now();
    const response = await fetch(`${url}/api/users/me`, { headers });
    await response.text();
    if (response.status !== 200) throw new Error(`GET /api/users/me answered ${response.status}`);
    taken.push(performance.now() - started);
  }
  taken.sort((left, right) => left - right);
  const at = (share) => Math.round(taken[Math.floor(taken.length * share)] * 10) / 10;
  return { requests: taken.length, p50_ms: at(0.5), p99_ms: at(0.99) };
}

function flood() {
  const answers = {};
  let on = true;
  const one = async () => {
    while (on) {
      const response = await post("login", { ...account, password: "wrong horse" });
      await response.text();
      answers[response.status] = (answers[response.status] ?? 0) + 1;
      if (response.status === 503) await wait(1000 * Number(response.headers.get("retry-after")));
    }
  };
  const ended = Promise.all(Array.from({ length: atOnce }, one));
  return async () => {
    on = false;
    await ended;
    return answers;
  };
}

await post("register", account);
const { token } = await (await post("login", account)).json();
const headers = { authorization: `Bearer ${token}` };
const idle = await percentiles(headers);
const stop = flood();
const flooded = await percentiles(headers);
const logins = await stop();
const ratio = Math.round((flooded.p99_ms / idle.p99_ms) * 100) / 100;
process.stdout.write(`${JSON.stringify({ idle, flooded, logins, p99_ratio: ratio }, null, 2)}\n`);
