import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { messageOf } from '../errors.ts';
import { parseExact } from './exactJson.ts';
import { jsonFault } from './jsonFault.ts';
import { issue } from './outcome.ts';

export type JsonReading =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly issue: OperationOutcomeIssue };

/**
 * Reads UTF-8 or text as JSON. The issue of a refusal names line and column. The depth is checked before
 * parsing, so nothing that walks the value can overflow its stack.
 */
export function readJson(input: Uint8Array | string, maxDepth: number): JsonReading {
  const refused = (one: OperationOutcomeIssue): JsonReading => ({ kind: 'refused', issue: one });
  let text: string;
  try {
    text =
      typeof input === 'string'
        ? input.replace(/^\uFEFF/, '')
        : new TextDecoder('utf-8', { fatal: true }).decode(input);
  } catch (error) {
    return refused(issue('structure', `Not UTF-8: ${messageOf(error)}`));
  }
  const tooDeep = depthBeyond(text, maxDepth);
  if (tooDeep !== undefined) {
    const place = placeOf(text, tooDeep);
    return refused(issue('too-costly', `Nested deeper than ${maxDepth} levels at ${place}`));
  }
  try {
    return { kind: 'value', value: parseExact(text) };
  } catch {
    return refused(issue('structure', `Not JSON: ${syntaxFault(text)}`));
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The offset where brackets nest deeper than `limit`, if they do. */
function depthBeyond(text: string, limit: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return i;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return undefined;
}

/** Where the fault lies; the text around it is not quoted, it may be a patient's. */
function syntaxFault(text: string): string {
  const offset = jsonFault(text) ?? text.length;
  const what = offset >= text.length ? 'the text ends early' : 'unexpected character';
  return `${what} at ${placeOf(text, offset)}`;
}

/** `line 3, column 14`, both from 1. */
export function placeOf(text: string, offset: number): string {
  let line = 1;
  let start = 0;
  for (
    let next = text.indexOf('\n');
    next !== -1 && next < offset;
    next = text.indexOf('\n', start)
  ) {
    line++;
    start = next + 1;
  }
  return `line ${line}, column ${offset - start + 1}`;
}
