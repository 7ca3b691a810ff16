// A small ML service on loopback: answers as agreed, or as a test tells it to.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { freePort } from "./process.js";

export interface TestMlService {
  readonly url: string;
  readonly asked: {
    readonly text: unknown;
    readonly requestId: string | undefined;
    readonly deadlineMs: string | undefined;
  }[];
  /** How many connections were made. */
  readonly connections: number;
  /** Replaces the answer to all that comes next. */
  answerWith(answer: (response: ServerResponse) => void): void;
  stop(): Promise<void>;
}

export const porridge = { kcal: 350, protein_g: 12, carbohydrate_g: 60, fat_g: 7, fibre_g: 9 };

const oats = { food: { id: "oats", name: "Oats", source: "test" }, confidence: 0.8 };

export const agreedAnswer = {
  items: [
    {
      food: oats.food,
      grams: 90,
      nutrients: porridge,
      confidence: 0.8,
      text: "porridge",
      candidates: [oats, { food: { ...oats.food, id: "rice" }, confidence: 0.1 }],
    },
  ],
  unknown: ["zzz"],
  guesses: [{ text: "zzz", candidates: [{ ...oats, confidence: 0.2 }] }],
  total: porridge,
  confidence: 0.8,
  model: "test-1",
};

export async function startMlService(): Promise<TestMlService> {
  const asked: TestMlService["asked"] = [];
  let answer = (response: ServerResponse) => {
    sendJson(response, agreedAnswer);
  };
  const server = createServer((request, response) => {
    void (async () => {
      if (request.url === "/health") {
        answer(response);
        return;
      }
      const body = JSON.parse(await bodyOf(request)) as { text?: unknown };
      const header = (name: string) => request.headers[name] as string | undefined;
      asked.push({
        text: body.text,
        requestId: header("x-request-id"),
        deadlineMs: header("x-deadline-ms"),
      });
      answer(response);
    })();
  });
  let connections = 0;
  server.on("connection", () => (connections += 1));
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    get connections() {
      return connections;
    },
    answerWith: (next) => {
      answer = next;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function sendJson(response: ServerResponse, body: unknown): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
