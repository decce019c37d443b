/**
 * FHIR decimals keep their precision: 1.50 is not 1.5 (FHIR R4, datatypes, decimal). JSON numbers in
 * JavaScript do not, so the text of each number that would change is remembered beside its object.
 */
const texts = new WeakMap<object, Map<string, string>>();

interface Source {
  readonly source?: string;
}
// Not yet in TypeScript's library: ECMAScript's "JSON.parse source text access", in all engines since 2025.
const engine = JSON as unknown as {
  parse(
    text: string,
    reviver: (this: object, key: string, value: unknown, context: Source) => unknown,
  ): unknown;
  rawJSON?(text: string): unknown;
};

/** Numbers that are written another way than JavaScript writes them: 1.50, 1e3, 20 digits. */
const SUSPECT = /[0-9]\.[0-9]*0(?![0-9])|[0-9][eE]|[0-9]{16}|-0(?![0-9.])|\.[0-9]{15}/;

/** `JSON.parse` that remembers the text of numbers. @throws SyntaxError as `JSON.parse` does */
export function parseExact(text: string): unknown {
  if (engine.rawJSON === undefined || !SUSPECT.test(text)) return JSON.parse(text);
  return engine.parse(text, function (key, value, { source }) {
    if (typeof value === 'number' && source !== undefined && source !== String(value)) {
      const known = texts.get(this) ?? new Map<string, string>();
      texts.set(this, known.set(key, source));
    }
    return value;
  });
}

/** `JSON.stringify` that gives back the numbers that `parseExact` remembered, of the very same objects. */
export function stringifyExact(value: unknown): string {
  return JSON.stringify(value, function (this: object, key: string, member: unknown) {
    if (typeof member !== 'number') return member;
    const text = texts.get(this)?.get(key);
    return text === undefined ? member : engine.rawJSON?.(text);
  });
}
