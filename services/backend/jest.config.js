// Tests run as ES modules, compiled file by file; types are checked by `npm run typecheck`.
export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2023", parser: { syntax: "typescript" } } }],
  },
  maxWorkers: 2,
  // For what hangs; a machine that is busy with other things may be ten times as slow.
  testTimeout: 120_000,
  // The two programs are tested as processes, where coverage is not counted.
  collectCoverageFrom: ["src/**/*.ts", "!src/generated/**", "!src/main.ts", "!src/seed.ts"],
  coverageReporters: ["text", "lcov", "json-summary"],
  coverageThreshold: { global: { statements: 95, branches: 90, functions: 95, lines: 95 } },
};
