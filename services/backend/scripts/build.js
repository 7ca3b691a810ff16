// Makes `dist/`: the Prisma client, then each source by itself, by the compiler of the tests.
//
// Types are checked by `npm run typecheck`, not here. What is made has the layout of `src/` and
// maps beside it, so that a stack trace names the line of the source, but not the source itself.
// Nothing in it depends on the folder it is made in.
import { transformFile } from "@swc/core";
import { readdirSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { generate } from "./generate.js";

export const root = join(import.meta.dirname, "..");

const options = {
  cwd: root,
  swcrc: false,
  configFile: false,
  jsc: {
    target: "es2023",
    parser: { syntax: "typescript" },
    transform: { verbatimModuleSyntax: true },
    preserveAllComments: true,
  },
  module: { type: "es6" },
  sourceMaps: true,
  inlineSourcesContent: false,
};

/** Every source in `folder`, by its path from there. */
export function sourcesIn(folder) {
  const found = readdirSync(folder, { recursive: true });
  return found.filter((path) => path.endsWith(".ts"));
}

/** Compiles one source of `folder` into `dist/`. */
export async function compile(folder, source) {
  const target = join(root, "dist", source.replace(/\.ts$/, ".js"));
  const sourceFileName = relative(dirname(target), join(root, "src", source));
  const { code, map } = await transformFile(join(folder, source), { ...options, sourceFileName });
  await mkdir(dirname(target), { recursive: true });
  const pointer = `//# sourceMappingURL=${basename(target)}.map\n`;
  await Promise.all([writeFile(target, code + pointer), writeFile(`${target}.map`, map)]);
}

async function build() {
  generate();
  // A source that was removed leaves no file behind.
  rmSync(join(root, "dist"), { recursive: true, force: true });
  const sources = join(root, "src");
  await Promise.all(sourcesIn(sources).map((source) => compile(sources, source)));
}

if (process.argv[1] === import.meta.filename) await build();
