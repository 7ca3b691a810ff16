// Runs the built service, and when a source was edited compiles it and starts the service anew.
//
// `DEV_SOURCES` names the folder with the sources, where it is not `src`. What was not edited is
// as it was built: after a change of the schema, of a dependency or of a setting, build anew.
// Files are looked at, not watched: a folder that a virtual machine mounts tells of no edit.
import { spawn } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compile, root, sourcesIn } from "./build.js";

const sources = process.env["DEV_SOURCES"] || join(root, "src");
const lookEveryMs = 300;

let child;
let stopping = false;

function start() {
  child = spawn(process.execPath, ["--enable-source-maps", "dist/main.js"], {
    cwd: root,
    stdio: "inherit",
  });
  const started = child;
  child.ended = new Promise((resolve) => child.once("close", resolve));
  void child.ended.then((code) => {
    if (stopping) process.exit(code ?? 1);
    if (started === child) say(`the service ended with ${String(code)}; waiting for an edit`);
  });
}

async function restart() {
  const before = child;
  child = undefined;
  before.kill("SIGTERM");
  await before.ended;
  if (!stopping) start();
}

/** When each source was written last; one that is replaced just now has no time. */
function times() {
  const written = sourcesIn(sources).map((source) => {
    const found = statSync(join(sources, source), { throwIfNoEntry: false });
    return [source, found === undefined ? "" : `${found.mtimeMs} ${found.size}`];
  });
  return new Map(written);
}

async function carryOver(before, now) {
  const edited = [...now.keys()].filter((source) => before.get(source) !== now.get(source));
  const gone = [...before.keys()].filter((source) => !now.has(source));
  if (edited.length + gone.length === 0) return false;
  say(`edited: ${[...edited, ...gone].join(", ")}`);
  for (const source of gone)
    rmSync(join(root, "dist", source.replace(/\.ts$/, ".js")), { force: true });
  await Promise.all(edited.map((source) => compile(sources, source)));
  return true;
}

function say(message) {
  process.stderr.write(`dev: ${message}\n`);
}

function stopOn(signal) {
  process.on(signal, () => {
    stopping = true;
    if (child === undefined || child.exitCode !== null) process.exit(0);
    child.kill(signal);
  });
}

stopOn("SIGTERM");
stopOn("SIGINT");
// What was edited since the build is not in it yet.
let known = times();
await Promise.all([...known.keys()].map((source) => compile(sources, source)));
start();
while (!stopping) {
  await sleep(lookEveryMs);
  const now = times();
  try {
    if (await carryOver(known, now)) await restart();
  } catch (error) {
    say(`what runs is left as it is: ${error instanceof Error ? error.message : String(error)}`);
  }
  known = now;
}
