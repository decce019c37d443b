import type { Narrative } from '@medplum/fhirtypes';
import { plainText } from './identifiers.ts';

/** Languages that our generated texts come in. */
export type Language = 'en' | 'zh-CN';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as content of HTML or XHTML: whatever it says, it stays text. */
export const asMarkup = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** The same for a narrative, without what XML cannot hold. */
export const escaped = (text: string): string => asMarkup(plainText(text));

const div = (language: Language, content: string): string =>
  `<div xmlns="http://www.w3.org/1999/xhtml" lang="${language}" xml:lang="${language}">${content}</div>`;

/** One paragraph a line. FHIR wants some text in a narrative, so an empty one says a dash. */
export function paragraphs(language: Language, text: string): Narrative {
  const lines = plainText(text)
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim() !== '');
  const content = (lines.length === 0 ? ['-'] : lines).map((line) => `<p>${escaped(line)}</p>`);
  return { status: 'generated', div: div(language, content.join('')) };
}

/** A table with a head; cells are plain texts. */
export function table(
  language: Language,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Narrative {
  const row = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => row(cells, 'td')).join('');
  return {
    status: 'generated',
    div: div(language, `<table><thead>${row(head, 'th')}</thead><tbody>${body}</tbody></table>`),
  };
}
