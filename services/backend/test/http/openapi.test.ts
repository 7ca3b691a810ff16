// The OpenAPI document is served as it is kept. `UPDATE_EXPECTED=1 npm test` writes it anew.
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { endpoints } from "../../src/http/app.js";
import { testApp } from "../world/app.js";

const kept = "openapi.json";

describe("the OpenAPI document", () => {
  it("is_the_one_that_is_kept", async () => {
    const response = await testApp().agent.get("/api/openapi.json").expect(200);
    const text = `${JSON.stringify(response.body, null, 2)}\n`;
    if (process.env["UPDATE_EXPECTED"] === "1") await writeFile(kept, text);
    expect(text).toBe(await readFile(kept, "utf8"));
  });

  it("is_written_once_however_often_it_is_read", async () => {
    const { agent } = testApp();
    const written = jest.spyOn(JSON, "stringify");
    try {
      for (let count = 0; count < 3; count += 1) await agent.get("/api/openapi.json").expect(200);
      const values = written.mock.calls.map(([value]) => value as unknown);
      expect(
        values.filter((it) => typeof it === "object" && it !== null && "openapi" in it),
      ).toEqual([]);
    } finally {
      written.mockRestore();
    }
  });

  it("refers_only_to_schemas_that_it_holds", async () => {
    const response = await testApp().agent.get("/api/openapi.json");
    const { text } = response;
    const { schemas } = (response.body as { components: { schemas: Record<string, unknown> } })
      .components;
    const named = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(named.length).toBeGreaterThan(10);
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(named));
    expect(text.match(/"\$ref"/g)).toHaveLength(named.length);
  });

  it("says_of_every_endpoint_how_it_may_refuse", async () => {
    const { body } = (await testApp().agent.get("/api/openapi.json")) as {
      body: { paths: Record<string, Record<string, { responses: object; requestBody?: object }>> };
    };
    const operations = Object.entries(body.paths)
      .filter(([path]) => !path.startsWith("/api/health"))
      .flatMap(([, methods]) => Object.values(methods));
    expect(operations.length).toBe(endpoints.length);
    for (const { responses, requestBody } of operations) {
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(["429", "500", "503"]));
      if (requestBody !== undefined)
        expect(Object.keys(responses)).toEqual(expect.arrayContaining(["400", "413", "415"]));
    }
  });

  it("names_every_endpoint_once", () => {
    const operations = endpoints.map(({ operation }) => operation);
    expect(new Set(operations).size).toBe(operations.length);
    const places = endpoints.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(places).size).toBe(places.length);
  });
});
