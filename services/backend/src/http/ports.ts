// What an app is handed: everything it uses that is not its own thinking.
import type { Store as HitStore } from "express-rate-limit";
import type { Estimator } from "../domain/estimates.js";
import type { FoodStore } from "../domain/foods.js";
import type { Probes } from "../domain/health.js";
import type { MealStore } from "../domain/meals.js";
import type { UserStore } from "../domain/users.js";
import type { Log } from "../log.js";
import type { DrainState } from "./drain.js";

export interface Ports {
  readonly users: UserStore;
  readonly foods: FoodStore;
  readonly meals: MealStore;
  readonly estimator: Estimator;
  readonly probes: Probes;
  readonly hits: { readonly general: HitStore; readonly auth: HitStore };
  readonly drain: DrainState;
  readonly log: Log;
  readonly now: () => Date;
  readonly nowMs: () => number;
  readonly randomBytes: (size: number) => Buffer;
}
