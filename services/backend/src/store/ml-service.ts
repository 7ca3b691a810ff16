// The ML service, asked over HTTP. Its answers are checked like any other input.
import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { z } from "zod";
import {
  isEstimate,
  type Estimate,
  type EstimateCall,
  type Estimator,
  type Unreadable,
} from "../domain/estimates.js";
import type { Log } from "../log.js";
import { parseJson } from "./json.js";

const amount = z.number().nonnegative();
const nutrients = z.object({
  kcal: amount,
  protein_g: amount,
  carbohydrate_g: amount,
  fat_g: amount,
  fibre_g: amount,
});
const share = z.number().min(0).max(1);
const food = z.object({ id: z.string(), name: z.string(), source: z.string() });
const candidates = z.array(z.object({ food, confidence: share })).max(3);

export const estimateAnswer = z.object({
  items: z.array(
    z.object({
      food,
      grams: amount,
      nutrients,
      confidence: share,
      text: z.string(),
      candidates,
    }),
  ),
  unknown: z.array(z.string()),
  guesses: z.array(z.object({ text: z.string(), candidates })),
  total: nutrients,
  confidence: share,
  model: z.string(),
});

/** What it says of a request that it refuses. */
const refusal = z.object({
  error: z.object({ details: z.array(z.object({ path: z.string(), message: z.string() })) }),
});

const healthAnswer = z.object({ version: z.string() });

export type EstimateOutcome = "made" | "refused" | "failed";

/** Asks the ML service; whatever goes wrong there is a warning here and no estimate. */
export function mlEstimator(
  mlServiceUrl: string,
  log: Log,
  count: (outcome: EstimateOutcome, seconds: number) => void = () => undefined,
): Estimator {
  return {
    async estimate(text, call) {
      const startedMs = performance.now();
      const seconds = () => (performance.now() - startedMs) / 1000;
      try {
        const estimate = await ask(mlServiceUrl, text, call);
        count(isEstimate(estimate) ? "made" : "refused", seconds());
        return estimate;
      } catch (error) {
        count("failed", seconds());
        log.warn(
          { request_id: call.requestId, error },
          "failed to estimate a meal with the ML service",
        );
        return undefined;
      }
    },
  };
}

/**
 * Asks the ML service how it is, and gives the version that answered if it tells one. Over a
 * connection of its own each time: one that was kept could lead to a release that is on its way
 * out.
 */
export async function pingMlService(mlServiceUrl: string, signal: AbortSignal): Promise<string> {
  const url = new URL(`${mlServiceUrl}/health`);
  const { get } = url.protocol === "https:" ? https : http;
  const outgoing = get(url, { agent: false, signal });
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200)
    throw new Error(`GET /health answered ${String(response.statusCode)}`);
  return versionIn(body);
}

/** Asks how the ML service is, and remembers which release answered last, for as long as it is away. */
export function watchMlService(mlServiceUrl: string) {
  let release: string | undefined;
  return {
    release: () => release,
    ping: async (signal: AbortSignal): Promise<string> => {
      release = await pingMlService(mlServiceUrl, signal);
      return release;
    },
  };
}

/** Empty if there is none: a service that answers is well, whatever it is called. */
function versionIn(body: string): string {
  return z.safeParse(healthAnswer, parseJson(body)).data?.version ?? "";
}

async function ask(
  mlServiceUrl: string,
  text: string,
  call: EstimateCall,
): Promise<Estimate | Unreadable> {
  const response = await fetch(`${mlServiceUrl}/v1/estimate`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-request-id": call.requestId,
      // Past this, nobody reads the answer any more.
      "x-deadline-ms": String(Math.max(1, Math.floor(call.remainingMs()))),
    },
    body: JSON.stringify({ text }),
    signal: call.signal,
    redirect: "error",
  });
  if (response.ok) {
    const estimate = estimateAnswer.parse(await response.json());
    return { ...estimate, release: response.headers.get("x-app-version") ?? "" };
  }
  const reason = response.status === 400 ? whyUnreadable(await response.text()) : undefined;
  if (reason !== undefined) return { unreadable: reason };
  await response.body?.cancel();
  throw new Error(`POST /v1/estimate answered ${response.status}`);
}

/** What is wrong with the words. A fault in anything else that was sent is ours. */
function whyUnreadable(body: string): string | undefined {
  const told = z.safeParse(refusal, parseJson(body)).data?.error.details;
  return told?.find(({ path }) => path === "body.text")?.message;
}
