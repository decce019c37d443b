/** Sticky patterns of the tokens that are neither bracket nor text. */
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/** The offset behind the text that begins with a quote at `start`, or undefined when it is faulty. */
function endOfText(text: string, start: number): number | undefined {
  for (let i = start + 1; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) return i + 1;
    if (char < 0x20) return undefined;
    if (char !== 0x5c) continue;
    if (!/^(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(text.slice(i + 1, i + 6))) return undefined;
    i++; // what is escaped; the digits of \u are plain characters
  }
  return undefined;
}

type Expected = 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'commaOrEnd';

/**
 * The offset of the first fault in `text` by RFC 8259, `text.length` when it ends early. Engines do not
 * agree on telling this, so it is looked for by ourselves, only after `JSON.parse` has failed.
 */
export function jsonFault(text: string): number | undefined {
  const open: ('[' | '{')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text) || pattern.lastIndex === at) return false;
    at = pattern.lastIndex;
    return true;
  };
  const skipText = (): boolean => {
    const end = text[at] === '"' ? endOfText(text, at) : undefined;
    at = end ?? at;
    return end !== undefined;
  };
  for (;;) {
    skip(SPACE);
    if (at >= text.length)
      return open.length === 0 && expected === 'commaOrEnd' ? undefined : text.length;
    const char = text[at];
    const inside = open.at(-1);
    if (
      (char === ']' || char === '}') &&
      expected !== 'value' &&
      expected !== 'key' &&
      expected !== 'colon'
    ) {
      if (inside !== (char === ']' ? '[' : '{')) return at;
      open.pop();
      at++;
      expected = 'commaOrEnd';
    } else if (expected === 'commaOrEnd') {
      if (char !== ',' || inside === undefined) return at;
      at++;
      expected = inside === '{' ? 'key' : 'value';
    } else if (expected === 'colon') {
      if (char !== ':') return at;
      at++;
      expected = 'value';
    } else if (expected === 'key' || expected === 'keyOrEnd') {
      if (!skipText()) return at;
      expected = 'colon';
    } else if (char === '[' || char === '{') {
      open.push(char);
      at++;
      expected = char === '{' ? 'keyOrEnd' : 'valueOrEnd';
    } else if (skipText() || skip(SCALAR)) expected = 'commaOrEnd';
    else return at;
  }
}
