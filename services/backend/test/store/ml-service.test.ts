// The ML service is asked as agreed, and its failures stay on this side.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Log } from "../../src/log.js";
import { createLog } from "../../src/log.js";
import { mlEstimator, pingMlService, watchMlService } from "../../src/store/ml-service.js";
import {
  agreedAnswer,
  porridge,
  sendJson,
  startMlService,
  type TestMlService,
} from "../world/ml-service.js";

const refused = (path: string) => ({ error: { details: [{ path, message: "too much" }] } });

describe("the ML service", () => {
  let service: TestMlService;
  let lines: Record<string, unknown>[];
  let log: Log;
  beforeEach(async () => {
    service = await startMlService();
    lines = [];
    const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>);
    log = createLog({ logLevel: "info", appVersion: "x" }, { write });
  });
  afterEach(() => service.stop());

  const call = (timeoutMs = 5_000) => ({
    userId: "me",
    requestId: "r-1",
    signal: AbortSignal.timeout(timeoutMs),
    remainingMs: () => timeoutMs - 0.5,
  });

  it("is_told_the_words_and_the_request_id", async () => {
    const estimate = await mlEstimator(service.url, log).estimate("porridge", call());
    expect(estimate).toEqual({ ...agreedAnswer, release: "" });
    expect(service.asked).toEqual([{ text: "porridge", requestId: "r-1", deadlineMs: "4999" }]);
    expect(lines).toEqual([]);
  });

  it("is_quoted_with_the_release_that_answered", async () => {
    service.answerWith((response) => {
      response.setHeader("x-app-version", "1a2b");
      sendJson(response, agreedAnswer);
    });
    const estimate = await mlEstimator(service.url, log).estimate("porridge", call());
    expect(estimate).toEqual({ ...agreedAnswer, release: "1a2b" });
  });

  it("is_known_by_its_last_release_while_it_is_away_and_by_none_before", async () => {
    const watched = watchMlService(service.url);
    expect(watched.release()).toBeUndefined();
    service.answerWith((response) => {
      sendJson(response, { status: "healthy", version: "1a2b" });
    });
    await watched.ping(call().signal);
    service.answerWith((response) => response.destroy());
    await expect(watched.ping(call().signal)).rejects.toThrow();
    expect(watched.release()).toBe("1a2b");
  });

  it.each([
    ["a failure", { status: 500, body: {} }],
    ["half an answer", { status: 200, body: { total: porridge } }],
    [
      "an impossible amount",
      { status: 200, body: { ...agreedAnswer, total: { ...porridge, kcal: -1 } } },
    ],
    ["a confidence beyond certainty", { status: 200, body: { ...agreedAnswer, confidence: 1.1 } }],
    ["a refusal of what is not the words", { status: 400, body: refused("header.x-deadline-ms") }],
    ["a refusal that cannot be read", { status: 400, body: {} }],
  ])("gives_no_estimate_by_%s_and_that_is_logged", async (_what, { status, body }) => {
    service.answerWith((response) => {
      response.statusCode = status;
      sendJson(response, body);
    });
    expect(await mlEstimator(service.url, log).estimate("porridge", call())).toBeUndefined();
    expect(lines).toMatchObject([{ level: "warn", request_id: "r-1" }]);
  });

  it("says_why_words_cannot_be_estimated_and_that_is_no_failure", async () => {
    service.answerWith((response) => {
      response.statusCode = 400;
      sendJson(response, refused("body.text"));
    });
    const estimate = await mlEstimator(service.url, log).estimate("porridge", call());
    expect(estimate).toEqual({ unreadable: "too much" });
    expect(lines).toEqual([]);
  });

  it("is_not_waited_for_beyond_the_deadline", async () => {
    service.answerWith(() => undefined);
    const startedMs = performance.now();
    expect(await mlEstimator(service.url, log).estimate("porridge", call(100))).toBeUndefined();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  it("is_healthy_when_it_says_so", async () => {
    const { signal } = call();
    await expect(pingMlService(service.url, signal)).resolves.toBe("");
    service.answerWith((response) => {
      sendJson(response, { status: "healthy", version: "1a2b" });
    });
    await expect(pingMlService(service.url, signal)).resolves.toBe("1a2b");
    service.answerWith((response) => {
      response.statusCode = 503;
      sendJson(response, {});
    });
    await expect(pingMlService(service.url, signal)).rejects.toThrow("answered 503");
  });

  it("is_not_healthy_when_it_is_away", async () => {
    await expect(pingMlService("http://127.0.0.1:1", call().signal)).rejects.toThrow();
  });
});
