import { sha256 } from '#sha256';
import { CarelatticeError } from '../../errors.ts';
import { parseExact, stringifyExact } from '../../fhir/exactJson.ts';
import { concat, toHex, utf8, type Hex } from '../../hash/bytes.ts';

/** An export as text: one JSON array with an item a line, or the same lines alone (NDJSON). Only one text says the same. */
export type ExportForm = 'json' | 'ndjson';

/** Folds line after line: SHA-256(digest ‖ SHA-256(line)), from 32 zero bytes. */
export function digestOfLines(lines: Iterable<string>): Hex {
  let digest: Uint8Array = new Uint8Array(32);
  for (const line of lines) digest = sha256(concat(digest, sha256(utf8(line))));
  return toHex(digest);
}

/** An item as its line. Numbers of FHIR keep the text they were written in. */
export const lineOf = (item: unknown): string => stringifyExact(item);

/** The parts of the text in their order: each may be written as it comes. */
export function* textOfLines(lines: readonly string[], form: ExportForm): Generator<string> {
  if (form === 'json') yield '[\n';
  for (const [index, line] of lines.entries()) {
    yield line + (form === 'json' && index < lines.length - 1 ? ',\n' : '\n');
  }
  if (form === 'json') yield ']\n';
}

/** The lines of a text of either form. @throws `NotAnExport` */
export function linesOfText(text: string): string[] {
  const isJson = text.startsWith('[');
  const wanted = isJson ? /^\[\n([^]*)\n\]\n$/.exec(text)?.[1] : text.slice(0, -1);
  if (wanted === undefined || !text.endsWith('\n')) {
    throw new CarelatticeError(
      'NotAnExport',
      'this is no export, or it is cut off; take the file that export wrote',
    );
  }
  const lines = wanted.split('\n');
  return isJson
    ? lines.map((line, index) => (index < lines.length - 1 ? line.replace(/,$/, '') : line))
    : lines;
}

/** What a line says, or undefined when it is no JSON or not written as `lineOf` writes. */
export function itemOfLine(line: string): unknown {
  try {
    const item = parseExact(line);
    return lineOf(item) === line ? item : undefined;
  } catch {
    return undefined; // the caller tells which line it is
  }
}
