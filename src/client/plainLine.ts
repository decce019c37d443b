/**
 * What somebody else wrote, as one line on a terminal: characters that steer it, end lines or turn the direction of
 * writing are shown as blanks, so that a text cannot pose as a line of the program.
 */
export const plainLine = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();

/** Names as a sentence lists them. */
export const listed = (names: readonly string[]): string =>
  names.length < 2
    ? names.join()
    : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
