// Tells the Prisma command line where things are. The service itself never reads this file.
import { defineConfig } from "prisma/config";

// `generate` works without a database. Other commands get DIRECT_URL: a pooled URL would
// lose the session-level lock that migrations rely on.
const directUrl = process.env["DIRECT_URL"];

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  ...(directUrl === undefined ? {} : { datasource: { url: directUrl } }),
});
