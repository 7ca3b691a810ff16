// The in-memory stores of the HTTP tests behave like the real ones.
import { describe } from "@jest/globals";
import { memoryStores } from "../world/memory.js";
import { sessionFacts, storeFacts } from "./facts.js";

describe("stores in memory", () => {
  const stores = memoryStores();
  storeFacts(() => stores);
  sessionFacts(() => stores.sessions);
});
