// The built program as a process: how it starts, serves, stops and refuses to start.
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { demoPeople } from "../src/demo.js";
import { testEnvironment } from "./world/app.js";
import {
  agreedAnswer,
  porridge,
  sendJson,
  startMlService,
  type TestMlService,
} from "./world/ml-service.js";
import { describeWithDatabase, sql, startDatabase, type TestDatabase } from "./world/postgres.js";
import { freePort, runProgram, startProgram, until } from "./world/process.js";
import { startSentry, type Frame } from "./world/sentry.js";
import { hangUp, Service, startMain } from "./world/service.js";

const date = "2026-11-23";
/** Runs the check of the image as an engine does; gives its exit code. */
async function imageCheck(port: number): Promise<number | null> {
  const definition = readFileSync("../../images/backend.toml", "utf8");
  const command = /^\[config\.health\]\ncommand = (\[.*\])$/m.exec(definition)?.[1];
  const [program, ...args] = JSON.parse(command ?? "[]") as string[];
  if (program === undefined) throw new Error("the definition of the image has no check");
  return startProgram(program, args, { env: { PORT: String(port) } }).ended;
}

/** How the image starts Node, apart from the program. */
function flagsOfImage(): string {
  const definition = readFileSync("../../images/backend.toml", "utf8");
  const entrypoint = /^entrypoint = (\[.*\])$/m.exec(definition)?.[1];
  const words = JSON.parse(entrypoint ?? "[]") as string[];
  return words.filter((word) => word.startsWith("--")).join(" ");
}

/** What is in the image: the built program, and no source of it. */
async function shipped(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nutri-shipped-"));
  for (const name of ["dist", "package.json"])
    await cp(name, join(folder, name), { recursive: true });
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  return folder;
}

/** The line of our sources that a frame names. */
function sourceOf(folder: string, { filename = "", lineno = 0 }: Frame): string | undefined {
  const text = readFileSync(relative(folder, filename), "utf8");
  return text.split("\n")[lineno - 1];
}

describeWithDatabase("the service", () => {
  let database: TestDatabase;
  let mlService: TestMlService;
  let environment: Record<string, string>;

  beforeAll(async () => {
    database = await startDatabase();
    mlService = await startMlService();
    environment = {
      ...testEnvironment,
      NODE_ENV: "production",
      HOST: "127.0.0.1",
      DATABASE_URL: database.appUrl,
      ML_SERVICE_URL: mlService.url,
      DRAIN_SECONDS: "1",
    };
  });
  afterAll(async () => {
    hangUp();
    await mlService.stop();
    await database.stop();
  });

  it("does_its_whole_work_without_redis", async () => {
    const service = await Service.start(environment);
    const headers = await service.register();
    const name = "Oats";
    const food = await service.send("POST", "/api/foods", headers, { name, per_100g: porridge });
    const items = [{ food_id: food.body["id"], grams: 200 }];
    await service.send("POST", "/api/meals", headers, { eaten_on: date, items });
    await service.send("POST", "/api/meals", headers, { eaten_on: date, description: "porridge" });
    const summary = await service.get(`/api/summary?date=${date}`, headers);
    expect(summary.body).toMatchObject({
      total: { kcal: 1050 },
      // The stand-in for the ML service leaves a word unknown.
      estimates: "partial",
      meal_count: 2,
    });
    const health = await service.get("/api/health");
    expect(health).toMatchObject({ status: 200, body: { status: "degraded" } });
    expect(health.body["checks"]).toMatchObject({
      database: { status: "healthy" },
      redis: { status: "unhealthy" },
      ml_service: { status: "healthy" },
    });
    expect(await service.program.stop()).toBe(0);
  });

  it("tells_its_metrics_on_a_port_of_their_own_and_nowhere_else", async () => {
    const port = await freePort();
    const service = await Service.start({ ...environment, METRICS_PORT: String(port) });
    const headers = await service.register();
    await service.get("/api/users/me", headers);
    await service.get("/api/foods/5eed0000-0000-4000-8000-000000000000", headers);
    await service.get("/api/nothing");
    const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
    for (const line of [
      /^http_request_duration_seconds_count\{.*route="\/api\/users\/me",status="200".*\} 1$/m,
      /^http_request_duration_seconds_count\{.*route="\/api\/foods\/:id",status="404".*\} 1$/m,
      /^http_request_duration_seconds_count\{.*route="none",status="404".*\} 1$/m,
      /^nodejs_eventloop_lag_p99_seconds\{/m,
      /^database_pool_connections\{state="idle",.*\} [1-9]/m,
      /^password_queue_length\{.*\} 0$/m,
      /^dependency_up\{dependency="database",.*\} 1$/m,
      /^dependency_up\{dependency="redis",.*\} 0$/m,
    ])
      expect(text).toMatch(line);
    expect(text).not.toMatch(/5eed0000|@nutri/);
    expect((await fetch(`http://127.0.0.1:${String(port)}/`)).status).toBe(404);
    expect((await service.get("/metrics")).status).toBe(404);
    expect(await service.program.stop()).toBe(0);
  });

  it("serves_though_somebody_else_has_the_port_of_its_metrics", async () => {
    const { port } = new URL(mlService.url);
    const service = await Service.start({ ...environment, METRICS_PORT: port });
    const messages = service.lines().map(({ message }) => message);
    expect(messages).toContain("failed to serve metrics; going on without them");
    expect(await service.program.stop()).toBe(0);
  });

  it("lets_each_account_have_so_many_estimates_made_in_a_minute", async () => {
    const service = await Service.start({ ...environment, ESTIMATE_RATE_LIMIT_PER_MINUTE: "2" });
    const [ada, bob] = [await service.register("ada"), await service.register("bob")];
    const ask = async (headers: Record<string, string>, text: string) =>
      (await service.send("POST", "/api/estimates", headers, { text })).status;
    const asked = mlService.asked.length;
    expect(await ask(ada, "soup")).toBe(200);
    expect(await ask(ada, "stew")).toBe(200);
    expect(await ask(ada, "pie")).toBe(429);
    expect(await ask(bob, "pie")).toBe(200);
    expect(mlService.asked).toHaveLength(asked + 3);
    expect(await service.program.stop()).toBe(0);
  });

  it("loses_no_request_when_told_to_stop", async () => {
    const service = await Service.start(environment);
    const headers = await service.register();
    await service.send("POST", "/api/meals", headers, { eaten_on: date, description: "slow soup" });
    // Longer than the drain: the request is still under way when the doors close.
    mlService.answerWith((response) => {
      setTimeout(() => {
        sendJson(response, agreedAnswer);
      }, 1_600);
    });
    const asked = mlService.asked.length;
    const underWay = service.get(`/api/summary?date=${date}`, headers);
    await until("the request is under way", () => Promise.resolve(mlService.asked.length > asked));

    const ended = service.program.stop("SIGTERM");
    await until(
      "readiness fails",
      async () => (await service.get("/api/health/ready")).status === 503,
    );
    const ready = await service.get("/api/health/ready");
    expect(ready.body["status"]).toBe("draining");
    expect(ready.headers.connection).toBe("close");
    expect((await service.get("/api/users/me", headers)).status).toBe(200);

    const summary = await underWay;
    // Whether the estimate came in time is a matter of how busy this machine is.
    expect(summary.status).toBe(200);
    expect(summary.headers.connection).toBe("close");
    expect(await ended).toBe(0);
    await expect(service.get("/api/health/live")).rejects.toThrow("ECONNREFUSED");
    const messages = service.lines().map(({ message }) => message);
    expect(messages).toEqual(expect.arrayContaining(["serving", "stopping", "stopped"]));
  });

  it("fails_the_check_of_its_image_from_the_moment_it_drains_and_serves_on", async () => {
    const service = await Service.start({ ...environment, DRAIN_SECONDS: "60" });
    expect(await imageCheck(service.port)).toBe(0);

    service.program.process.kill("SIGTERM");
    await until(
      "readiness fails",
      async () => (await service.get("/api/health/ready")).status === 503,
    );
    expect(await imageCheck(service.port)).toBe(1);
    expect((await service.get("/api/openapi.json")).status).toBe(200);
    await service.program.stop("SIGTERM");
    expect(await imageCheck(service.port)).toBe(1);
  });

  it("leaves_at_once_when_told_twice", async () => {
    const service = await Service.start({ ...environment, DRAIN_SECONDS: "60" });
    service.program.process.kill("SIGINT");
    await until(
      "readiness fails",
      async () => (await service.get("/api/health/ready")).status === 503,
    );
    const startedMs = performance.now();
    expect(await service.program.stop("SIGINT")).toBe(1);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it("writes_nothing_but_json_lines_and_no_secret", async () => {
    const service = await Service.start(environment);
    const headers = await service.register();
    await service.get("/api/users/me", headers);
    await service.program.stop();
    for (const line of service.lines()) {
      expect(line).toMatchObject({
        service: "backend",
        version: "1.2.3-test",
        message: expect.any(String),
      });
    }
    const secrets = ["correct horse", headers.authorization.slice(7), testEnvironment.JWT_SECRET];
    for (const secret of secrets) expect(service.program.output()).not.toContain(secret);
  });

  it("tells_sentry_of_a_fault_by_files_lines_and_functions_of_its_sources", async () => {
    const [broken, sentry, folder] = await Promise.all([startDatabase(), startSentry(), shipped()]);
    const told = { DATABASE_URL: broken.appUrl, SENTRY_DSN: sentry.dsn };
    const flags = { NODE_OPTIONS: flagsOfImage() };
    const service = await Service.start({ ...environment, ...told, ...flags }, folder);
    const headers = await service.register();
    // No number that an answer may hold.
    await sql(
      broken.url,
      "INSERT INTO foods (name, source, kcal, protein_g, carbohydrate_g, fat_g, fibre_g) VALUES ('Odd', 'test', 'NaN', 0, 0, 0, 0)",
    );
    expect((await service.get("/api/foods", headers)).status).toBe(500);
    await until("it is reported", () => Promise.resolve(sentry.events.length > 0));
    const frames = sentry.events[0]?.exception?.values.at(-1)?.stacktrace?.frames ?? [];
    const ours = frames.filter(({ filename }) => filename?.startsWith(folder));
    const seen = ours.map((frame) => ({ ...frame, said: sourceOf(folder, frame) }));
    expect(seen).toMatchObject(
      [
        { filename: `${folder}/src/http/shares.ts`, said: "await handle(request, response)" },
        { filename: `${folder}/src/http/app.ts`, said: "await endpoint.run(call, services)" },
        {
          filename: `${folder}/src/http/endpoint.ts`,
          function: "Object.run",
          said: "return parse(",
        },
        { filename: `${folder}/src/http/endpoint.ts`, function: "parse", said: "new ShapeError(" },
      ].map((frame) => ({ ...frame, said: expect.stringContaining(frame.said) })),
    );
    await service.program.stop();
    await Promise.all([broken.stop(), sentry.stop(), rm(folder, { recursive: true })]);
  });

  it("seeds_the_same_foods_however_often", async () => {
    const env = { DATABASE_URL: database.url, SEED_DEMO_PASSWORD: "correct horse" };
    const seed = () => runProgram(process.execPath, ["dist/seed.js"], { env });
    const rows = () => sql(database.url, "SELECT * FROM foods WHERE owner_id IS NULL ORDER BY id");
    await seed();
    const first = (await rows()).rows;
    expect(first.length).toBeGreaterThan(10);
    const again = await seed();
    expect(again).toContain('"made":{"people":0,"meals":0}');
    expect((await rows()).rows).toEqual(first);
    expect(new Set(first.map((row) => row["source"])).size).toBe(first.length);
  });

  it("seeds_a_month_that_each_of_its_people_sees_alone", async () => {
    const password = "correct horse";
    const env = { DATABASE_URL: database.url, SEED_DEMO_PASSWORD: password };
    await runProgram(process.execPath, ["dist/seed.js"], { env });
    const service = await Service.start(environment);
    for (const { email } of demoPeople) {
      const { body } = await service.send("POST", "/api/auth/login", {}, { email, password });
      const headers = { authorization: `Bearer ${String(body["token"])}` };
      const { rows } = await sql(
        database.url,
        `SELECT eaten_on::text AS day, array_agg(meals.id::text ORDER BY meals.id) AS ids
         FROM meals JOIN users ON users.id = user_id
         WHERE email = '${email}' GROUP BY eaten_on ORDER BY eaten_on DESC LIMIT 3`,
      );
      expect(rows).toHaveLength(3);
      for (const { day, ids } of rows) {
        const page = await service.get(`/api/meals?date=${String(day)}`, headers);
        const meals = page.body["items"] as { id: string }[];
        expect(meals.map(({ id }) => id).sort()).toEqual(ids);
      }
    }
    await service.program.stop();
  });

  it("does_not_seed_as_the_role_of_the_services_and_says_why", async () => {
    const seed = (settings: Record<string, string>) =>
      startProgram(process.execPath, ["dist/seed.js"], { env: settings });
    const refused = seed({ DATABASE_URL: database.appUrl });
    expect(await refused.ended).toBe(1);
    expect(refused.output().trim().split("\n")).toHaveLength(1);
    expect(refused.output()).toContain("is under row level security");
    expect(refused.output()).not.toContain(new URL(database.appUrl).password);
    const unset = seed({});
    expect(await unset.ended).toBe(2);
    expect(JSON.parse(unset.output())).toMatchObject({ problems: ["DATABASE_URL: is not set"] });
  });
});

describe("the service without what it needs", () => {
  afterAll(hangUp);

  it("starts_without_a_database_and_says_so_in_health", async () => {
    const port = await freePort();
    const program = startMain({
      ...testEnvironment,
      HOST: "127.0.0.1",
      PORT: String(port),
      DRAIN_SECONDS: "0",
    });
    const url = `http://127.0.0.1:${String(port)}/api`;
    await until("the process is alive", async () => (await fetch(`${url}/health/live`)).ok);
    const health = await fetch(`${url}/health`);
    expect(health.status).toBe(503);
    expect(await health.json()).toMatchObject({ status: "unhealthy", version: "1.2.3-test" });
    const login = await fetch(`${url}/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "a@nutri.example", password: "correct horse" }),
    });
    expect(login.status).toBe(503);
    expect(await login.json()).toMatchObject({ error: { code: "unavailable" } });
    expect(await program.stop()).toBe(0);
  });

  it("does_not_start_with_wrong_settings_and_lists_them_without_their_values", async () => {
    const program = startMain({
      ...testEnvironment,
      NODE_ENV: "production",
      JWT_SECRET: "hunter2",
      PORT: "x",
    });
    expect(await program.ended).toBe(2);
    expect(program.output()).not.toContain("hunter2");
    const line = JSON.parse(program.output()) as Record<string, unknown>;
    expect(line).toMatchObject({
      level: "fatal",
      problems: [
        "PORT: must be a whole number",
        "JWT_SECRET: must have at least 32 characters in production",
      ],
    });
  });

  it("ends_with_a_fault_when_its_port_is_taken", async () => {
    const first = await startMlService();
    const { port } = new URL(first.url);
    const program = startMain({ ...testEnvironment, HOST: "127.0.0.1", PORT: port });
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain("EADDRINUSE");
    await first.stop();
  });
});
