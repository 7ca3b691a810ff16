// What the machine checks of our house style. A rule that is off says why.
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const rooms = {
  domain: {
    regex:
      "(^|/)(http|store|passwords|generated)/|^(express|pg|@prisma|@redis|pino|piscina|jsonwebtoken|hash-wasm|prom-client|@sentry)",
    message:
      "domain/ is handed what it needs; it imports neither http/ nor store/ nor their tools.",
  },
  http: {
    regex: "(^|/)(store|passwords|generated)/|^(pg|@prisma|@redis|piscina|hash-wasm)",
    message: "http/ knows the stores only as ports.",
  },
  store: {
    regex: "(^|/)http/|^express$",
    message: "store/ knows nothing of requests.",
  },
  passwords: {
    regex: "(^|/)(http|store|generated)/|^(express|pg|@prisma|@redis)",
    message: "passwords/ is work for a processor: it knows no request and no store.",
  },
};

export default defineConfig(
  { ignores: ["dist/", "coverage/", "src/generated/"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-console": "error",
      eqeqeq: "error",
      "max-lines": ["error", 400],
      "max-lines-per-function": ["error", { max: 60 }],
      "max-params": ["error", 5],
      "@typescript-eslint/explicit-module-boundary-types": "off", // Inferred where it is data.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
      ],
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "Only settings know the environment." },
      ],
    },
  },
  ...Object.entries(rooms).map(([room, pattern]) => ({
    files: [`src/${room}/**`],
    rules: { "no-restricted-imports": ["error", { patterns: [pattern] }] },
  })),
  // The doors: programs and scripts hand their environment over, and the tests make their own.
  {
    files: [
      "src/main.ts",
      "src/seed.ts",
      "prisma.config.ts",
      "jest.config.js",
      "scripts/**",
      "test/**",
    ],
    rules: { "no-restricted-properties": "off" },
  },
  // A describe block is a chapter, not a function.
  { files: ["test/**"], rules: { "max-lines-per-function": "off" } },
  {
    files: ["**/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: { fetch: "readonly", performance: "readonly", process: "readonly" },
    },
  },
);
