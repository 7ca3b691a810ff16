// What an app is handed: everything it uses that is not its own thinking.
import type { Store as HitStore } from "express-rate-limit";
import type { Estimator } from "../domain/estimates.js";
import type { FoodStore } from "../domain/foods.js";
import type { Health } from "../domain/health.js";
import type { MealStore } from "../domain/meals.js";
import type { Passwords } from "../domain/passwords.js";
import type { SessionStore } from "../domain/sessions.js";
import type { UserStore } from "../domain/users.js";
import type { Faults } from "../faults.js";
import type { Log } from "../log.js";
import type { SeenRequest } from "../metrics.js";
import type { DrainState } from "./drain.js";

/** What hits are counted by: an address, an address that logs in, an account. */
export type Limited = "general" | "auth" | "account";

export interface Ports {
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly sessions: SessionStore;
  readonly foods: FoodStore;
  readonly meals: MealStore;
  readonly estimator: Estimator;
  readonly health: Health;
  readonly hits: Readonly<Record<Limited, HitStore>>;
  readonly drain: DrainState;
  readonly log: Log;
  readonly faults: Pick<Faults, "report">;
  readonly count: (seen: SeenRequest) => void;
  readonly now: () => Date;
  readonly nowMs: () => number;
}
