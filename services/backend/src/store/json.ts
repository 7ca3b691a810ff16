// Text from outside that should be JSON; what is none is undefined, as if nothing had been said.

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
