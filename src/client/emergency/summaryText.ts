import type { HumanName } from '@medplum/fhirtypes';
import { isObject, objectsOf, textOf } from '../../fhir/json.ts';
import { nameText } from '../../fhir/patient.ts';
import type { ReadRecord } from '../reading/readRecords.ts';
import { plainLine } from '../plainLine.ts';

/** A patient summary as a clinician reads it on a terminal: who she is, then section by section. */

/** A record that is no FHIR document is shown as it is, line by line. */
export function summaryLines({ message, body }: Pick<ReadRecord, 'message' | 'body'>): string[] {
  const text = new TextDecoder().decode(body);
  const resources = message.mediaType === 'application/fhir+json' ? resourcesIn(text) : [];
  const composition = resources.find(({ resourceType }) => resourceType === 'Composition');
  if (composition === undefined) return linesOf(text);
  const patient = resources.find(({ resourceType }) => resourceType === 'Patient');
  const written = textOf(composition['date']) ?? 'on a day that it does not tell';
  return [
    plainLine(`${textOf(composition['title']) ?? 'Patient summary'}, written ${written}`),
    ...(patient === undefined ? ['It does not say who she is.'] : [personOf(patient)]),
    ...objectsOf(composition['section']).flatMap(sectionLines),
  ];
}

type Members = ReturnType<typeof objectsOf>[number];

/** Empty where the text is no Bundle. */
function resourcesIn(text: string): Members[] {
  const bundle = parsed(text);
  if (!isObject(bundle)) return [];
  return objectsOf(bundle['entry']).flatMap(({ resource }) => objectsOf(resource));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** By what a clinician can tell that the summary is hers who lies there. */
function personOf(patient: Members): string {
  const names = objectsOf(patient['name']);
  const name = names.find(({ use }) => use === 'official') ?? names[0];
  const facts = [
    (name === undefined ? '' : nameText(plainName(name))) || 'without a name',
    textOf(patient['gender']) ?? 'gender not told',
    `born ${textOf(patient['birthDate']) ?? 'on a day that is not told'}`,
  ];
  return plainLine(facts.join(', '));
}

/** The parts that are texts: nothing that a hospital wrote may stop an opening. */
function plainName({ text, family, given }: Members): HumanName {
  const [whole, last] = [textOf(text), textOf(family)];
  return {
    ...(whole === undefined ? {} : { text: whole }),
    ...(last === undefined ? {} : { family: last }),
    given: Array.isArray(given) ? given.flatMap((one) => textOf(one) ?? []) : [],
  };
}

/** Title and narrative; a section may have sections of its own. */
function sectionLines(section: Members): string[] {
  const [narrative] = objectsOf(section['text']);
  const lines = linesOf(textOfXhtml(textOf(narrative?.['div']) ?? ''));
  const within = objectsOf(section['section']).flatMap(sectionLines);
  const title = plainLine(textOf(section['title']) ?? '') || 'Section without a title';
  return ['', title, ...[...lines, ...within].map((line) => (line === '' ? '' : `  ${line}`))];
}

const CELL_END = /<\/t[dh]\s*>/gi;
const LINE_END = /<\/(?:tr|p|div|li|dt|dd|caption|h[1-6])\s*>|<br\s*\/?>/gi;
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' },
};

/** A narrative as text: a row of a table becomes a line with bars between its cells. */
function textOfXhtml(xhtml: string): string {
  return xhtml
    .replace(/\s+/g, ' ')
    .replace(CELL_END, ' | ')
    .replace(LINE_END, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, entityText);
}

function entityText(whole: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
  const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
}

/** The last bar of a row, and bars without cells behind them, say nothing. */
const linesOf = (text: string): string[] =>
  text
    .split(/\r\n|\r|\n/)
    .map((line) => plainLine(line).replace(/( *\|)+$/, ''))
    .filter((line) => line.trim() !== '');
