// Whether a key could be guessed. No measure of a single text is sound: this one refuses what people
// type to get past a check of the length, and lets through whatever could have been drawn at random.

const charsMin = 32;
/** Thirty-two random hexadecimal digits come to 92 or more, in two hundred thousand tries. */
const bitsMin = 80;

/** What stands in keys that people make up, and in those of examples; at random these hardly come. */
const spoken = /secret|password|changeme|placeholder|example|for development/i;

/** Why `secret` could be guessed; undefined when nothing speaks for it. */
export function weaknessOf(secret: string): string | undefined {
  if (secret.length < charsMin)
    return `must have at least ${String(charsMin)} characters in production`;
  const isGuessed = entropyBits(secret) < bitsMin || repeats(secret) || counts(secret);
  if (isGuessed || spoken.test(secret))
    return "can be guessed; draw one at random, for example with `openssl rand -hex 32`";
  return undefined;
}

/** Shannon's entropy of the characters, each by itself. */
function entropyBits(text: string): number {
  const times = new Map<string, number>();
  for (const char of text) times.set(char, (times.get(char) ?? 0) + 1);
  const bits = (share: number) => -share * Math.log2(share);
  const each = [...times.values()].map((count) => bits(count / text.length));
  return text.length * each.reduce((sum, part) => sum + part, 0);
}

/** Four characters in a row hardly ever come twice at random, and all the time in repeated words. */
function repeats(text: string): boolean {
  const grams = Array.from({ length: text.length - 3 }, (_, at) => text.slice(at, at + 4));
  return grams.length - new Set(grams).size > grams.length / 4;
}

/** Rows such as `abcdefg` and `7654321`. */
function counts(text: string): boolean {
  const codes = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  const steps = codes.slice(1).map((code, at) => code - (codes[at] ?? 0));
  const inRows = steps.filter((step, at) => Math.abs(step) === 1 && step === steps[at - 1]);
  return inRows.length > text.length / 4;
}
