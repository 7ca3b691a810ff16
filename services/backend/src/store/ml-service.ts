// The ML service, asked over HTTP. Its answers are checked like any other input.
import { z } from "zod";
import type { Estimate, EstimateCall, Estimator } from "../domain/estimates.js";
import type { Log } from "../log.js";

const amount = z.number().nonnegative();
const nutrients = z.object({
  kcal: amount,
  protein_g: amount,
  carbohydrate_g: amount,
  fat_g: amount,
  fibre_g: amount,
});
const share = z.number().min(0).max(1);

export const estimateAnswer = z.object({
  items: z.array(
    z.object({
      food: z.object({ id: z.string(), name: z.string(), source: z.string() }),
      grams: amount,
      nutrients,
      confidence: share,
      text: z.string(),
    }),
  ),
  total: nutrients,
  confidence: share,
  model: z.string(),
});

/** Asks the ML service; whatever goes wrong there is a warning here and no estimate. */
export function mlEstimator(mlServiceUrl: string, log: Log): Estimator {
  return {
    async estimate(text, call) {
      try {
        return await ask(mlServiceUrl, text, call);
      } catch (error) {
        log.warn(
          { request_id: call.requestId, error },
          "failed to estimate a meal with the ML service",
        );
        return undefined;
      }
    },
  };
}

export async function pingMlService(mlServiceUrl: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(`${mlServiceUrl}/health`, { signal });
  // An unread body would hold its connection.
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`GET /health answered ${response.status}`);
}

async function ask(mlServiceUrl: string, text: string, call: EstimateCall): Promise<Estimate> {
  const response = await fetch(`${mlServiceUrl}/v1/estimate`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-request-id": call.requestId },
    body: JSON.stringify({ text }),
    signal: call.signal,
    redirect: "error",
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`POST /v1/estimate answered ${response.status}`);
  }
  const { total, confidence, model } = estimateAnswer.parse(await response.json());
  return { total, confidence, model };
}
