// Removes what an earlier build left, so that a deleted source has no file in `dist/`.
import { rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
