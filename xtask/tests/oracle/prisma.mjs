// Prisma's own schema engine, as the tests ask it: one request on stdin, one answer on stdout.
//
// The engine is the WebAssembly that Prisma publishes; nothing is downloaded when it runs. It is
// loaded once a process: a second load damages its memory.

import * as utils from "@prisma/driver-adapter-utils";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// { url, schema?, verb, migrations, datamodel?, name? }
const asked = JSON.parse(readFileSync(0, "utf8"));

async function loadEngine() {
  const glue = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const file = fileURLToPath(import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg"));
  const bytes = readFileSync(join(dirname(file), "schema_engine_bg.wasm"));
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => (panic = message) };
  const { instance } = await WebAssembly.instantiate(bytes, { "./schema_engine_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue.SchemaEngine;
}

let panic = "";

/** The types `"char"` and `character`, by their numbers. */
const CHAR = 18;
const BPCHAR = 1042;

// Two things that the published adapter does and the native engine does not: it splits scripts at
// every semicolon, and it does not know `"char"`.
class Factory extends PrismaPg {
  async connect() {
    const adapter = await super.connect();
    adapter.executeScript = async (script) => {
      try {
        await adapter.underlyingDriver().query(script);
      } catch (error) {
        adapter.onError(error);
      }
    };
    const performIO = adapter.performIO.bind(adapter);
    let fields = [];
    adapter.performIO = async (query) => {
      const answer = await performIO(query);
      fields = answer.fields ?? [];
      const known = fields.map((field) =>
        field.dataTypeID === CHAR ? { ...field, dataTypeID: BPCHAR } : field,
      );
      return { ...answer, rows: answer.rows, rowCount: answer.rowCount, fields: known };
    };
    const queryRaw = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = async (query) => {
      const answer = await queryRaw(query);
      const types = answer.columnTypes.map((type, at) =>
        fields[at].dataTypeID === CHAR ? utils.ColumnTypeEnum.Character : type,
      );
      return { ...answer, columnTypes: types };
    };
    return adapter;
  }
}

function migrationsList() {
  const baseDir = asked.migrations;
  const lock = join(baseDir, "migration_lock.toml");
  const folders = readdirSync(baseDir).filter((name) => statSync(join(baseDir, name)).isDirectory());
  return {
    baseDir,
    lockfile: {
      path: "migration_lock.toml",
      content: existsSync(lock) ? readFileSync(lock, "utf8") : null,
    },
    shadowDbInitScript: "",
    migrationDirectories: folders.sort().map((path) => ({
      path,
      migrationFile: {
        path: "migration.sql",
        content: { tag: "ok", value: readFileSync(join(baseDir, path, "migration.sql"), "utf8") },
      },
    })),
  };
}

const filters = { externalTables: [], externalEnums: [] };

const verbs = {
  diagnose: (engine) =>
    engine.diagnoseMigrationHistory({
      migrationsList: migrationsList(),
      optInToShadowDatabase: false,
      filters,
    }),
  deploy: (engine) => engine.applyMigrations({ migrationsList: migrationsList(), filters }),
  applied: (engine) =>
    engine.markMigrationApplied({ migrationName: asked.name, migrationsList: migrationsList() }),
  "rolled-back": (engine) => engine.markMigrationRolledBack({ migrationName: asked.name }),
  // From the live database to the datamodel; no shadow database is made.
  diff: (engine) =>
    engine.diff({
      from: { tag: "schemaDatasource", files: datamodel(), configDir: dirname(asked.datamodel) },
      to: { tag: "schemaDatamodel", files: datamodel() },
      script: true,
      exitCode: true,
      filters,
    }),
};

function datamodel() {
  return [{ path: asked.datamodel, content: readFileSync(asked.datamodel, "utf8") }];
}

async function main() {
  const SchemaEngine = await loadEngine();
  const schema = asked.schema ?? "public";
  const pool = new pg.Pool({
    connectionString: asked.url,
    max: 1,
    options: `-c search_path="${schema}"`,
  });
  const factory = new Factory(pool, { schema, disposeExternalPool: false });
  const bound = utils.bindMigrationAwareSqlAdapterFactory(factory);
  const datamodels = asked.datamodel === undefined ? undefined : datamodel();
  const engine = await SchemaEngine.new(
    { datamodels: datamodels?.map(({ path, content }) => [path, content]) },
    () => {},
    bound,
  );
  return { ok: (await verbs[asked.verb](engine)) ?? {} };
}

// Whatever still waits for a lock is left to end with this process.
function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`, () => process.exit());
}

function failed(error) {
  const message = panic === "" ? String(error.message) : panic;
  answer({ error: { code: error.code ?? null, message } });
}

// A panic of the engine comes from no promise of ours.
process.on("uncaughtException", failed);
await main().then(answer, failed);
