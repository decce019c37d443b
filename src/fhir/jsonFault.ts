/** Sticky patterns of the tokens that are no bracket. */
const TOKEN =
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

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
      if (char !== '"' || !skip(TOKEN)) return at;
      expected = 'colon';
    } else if (char === '[' || char === '{') {
      open.push(char);
      at++;
      expected = char === '{' ? 'keyOrEnd' : 'valueOrEnd';
    } else if (skip(TOKEN)) expected = 'commaOrEnd';
    else return at;
  }
}
