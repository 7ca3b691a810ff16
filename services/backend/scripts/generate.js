// Makes the Prisma client, or takes it from where the same inputs made it before.
//
// The client depends on the schema and on the installed Prisma alone, and making it takes
// seconds. It is kept in `node_modules/.cache`, which `npm ci` empties with the rest.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const client = join(root, "src/generated/prisma");
const inputs = ["prisma/schema.prisma", "prisma.config.ts", "package-lock.json"];

/** Puts the client of the present schema into `src/generated/prisma`. */
export function generate() {
  const cache = join(root, "node_modules/.cache/nutri");
  const kept = join(cache, `prisma-${key()}`);
  if (!existsSync(kept)) {
    runPrisma();
    mkdirSync(cache, { recursive: true });
    keep(kept);
    return;
  }
  rmSync(client, { recursive: true, force: true });
  cpSync(kept, client, { recursive: true });
}

function key() {
  const digest = createHash("sha256");
  for (const input of inputs) {
    const bytes = readFileSync(join(root, input));
    digest.update(`${input} ${bytes.length}\n`).update(bytes);
  }
  return digest.digest("hex");
}

function runPrisma() {
  const prisma = createRequire(import.meta.url).resolve("prisma/build/index.js");
  // Generating needs neither the engine that Prisma would download nor word from its makers.
  const env = {
    ...process.env,
    CHECKPOINT_DISABLE: "1",
    PRISMA_SCHEMA_ENGINE_BINARY: "scripts/no-engine",
  };
  const { status, error } = spawnSync(process.execPath, [prisma, "generate"], {
    cwd: root,
    env,
    stdio: "inherit",
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Renamed when whole, so that a copy cut short is never taken for a client. */
function keep(kept) {
  const aside = `${kept}.${process.pid}`;
  cpSync(client, aside, { recursive: true });
  try {
    renameSync(aside, kept);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(kept)) throw error;
  }
}

if (process.argv[1] === import.meta.filename) generate();
