// The built program as a process, and a client that keeps its connections.
import { Agent, request, type IncomingHttpHeaders } from "node:http";
import { freePort, startProgram, until, type RunningProgram } from "./process.js";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

const keepAlive = new Agent({ keepAlive: true });

const running = new Set<RunningProgram>();

/** Ends all connections that were kept, and what a failed test left running: Jest would wait for it. */
export function hangUp(): void {
  keepAlive.destroy();
  for (const program of running) program.process.kill("SIGKILL");
}

export class Service {
  private constructor(
    readonly program: RunningProgram,
    readonly port: number,
  ) {}

  static async start(environment: Record<string, string>, folder = "."): Promise<Service> {
    const port = await freePort();
    const service = new Service(startMain({ ...environment, PORT: String(port) }, folder), port);
    await until(
      "the service is ready",
      async () => (await service.get("/api/health/ready")).status === 200,
    );
    return service;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send("GET", path, headers);
  }

  send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: object,
  ): Promise<Answer> {
    const sent = { ...headers, ...(body && { "content-type": "application/json" }) };
    const options = {
      host: "127.0.0.1",
      port: this.port,
      method,
      path,
      headers: sent,
      agent: keepAlive,
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(options, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (bytes: Buffer) => parts.push(bytes));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(parts).toString();
          const parsed = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed });
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async register(name = "somebody"): Promise<{ authorization: string }> {
    const email = `${name}.${String(this.port)}@nutri.example`;
    const credentials = { email, password: "correct horse" };
    await this.send("POST", "/api/auth/register", {}, credentials);
    const { body } = await this.send("POST", "/api/auth/login", {}, credentials);
    return { authorization: `Bearer ${String(body["token"])}` };
  }

  lines(): Record<string, unknown>[] {
    const lines = this.program
      .output()
      .split("\n")
      .filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

export function startMain(environment: Record<string, string>, folder = "."): RunningProgram {
  const options = { env: environment, cwd: folder };
  const program = startProgram(process.execPath, ["dist/main.js"], options);
  running.add(program);
  void program.ended.finally(() => running.delete(program)).catch(() => undefined);
  return program;
}
