import { CarelatticeError } from '../errors.ts';
import { type Hex, ZERO_32 } from '../hash/bytes.ts';
import { ANY_ADMITTED_NODE, type ShownConsent, type ShownGuardianship } from '../wire/consent.ts';
import { malformedConsent } from '../wire/consentForm.ts';
import type { Consent, Exception, Guardianship } from '../wire/typedData.ts';
import type { StatementCase, StatementTemplate } from './statementTemplate.ts';
import { consentEn, guardianshipEn } from './statements.en.ts';
import { consentZh, guardianshipZh } from './statements.zh.ts';

/** The statement of a consent: what a person reads and signs, made of the other fields and of nothing else. */

export const STATEMENT_TEMPLATES: readonly StatementTemplate[] = [
  consentEn,
  consentZh,
  guardianshipEn,
  guardianshipZh,
];

/** Number of the newest template of each struct. */
export const CONSENT_TEMPLATE = consentEn.template;
export const GUARDIANSHIP_TEMPLATE = guardianshipEn.template;

/** Ids in a list; nobody reads more. */
const LISTED = 8;

type Variables = Readonly<Record<string, string>>;
type AnyConsent = Consent | ShownConsent;
type AnyGuardianship = Guardianship | ShownGuardianship;

const fill = (text: string, variables: Variables): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`a template names the unknown variable ${name}`);
    return value;
  });

function templateOf(
  struct: StatementTemplate['struct'],
  { template, language }: { template: number; language: string },
): StatementTemplate {
  const found = STATEMENT_TEMPLATES.find(
    (one) => one.struct === struct && one.template === template && one.language === language,
  );
  if (found !== undefined) return found;
  throw new CarelatticeError('UnknownTemplate', 'there is no such statement; sign a known one', {
    facts: { struct, template, language },
  });
}

type Joint = 'between' | 'either';

/** Everything is named: a text that counted kinds of records would hide some. */
function listOf(
  { lists }: StatementTemplate,
  items: readonly string[],
  joint: Joint = 'between',
): string {
  const shown = [...items];
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(lists.between)}${lists[joint]}${last}`;
}

/** Enough of each id to tell it from the others on the same page; those beyond the first eight are counted. */
function shortIds(template: StatementTemplate, ids: readonly Hex[], joint?: Joint): string {
  const shown = ids.slice(0, LISTED).map((id) => `${id.slice(0, 10)}…`);
  if (ids.length <= LISTED) return listOf(template, shown, joint);
  const list = shown.join(template.lists.between);
  return fill(template.lists.more, { list, count: String(ids.length - LISTED) });
}

const pad = (value: number): string => String(value).padStart(2, '0');

function dateOf({ dates }: StatementTemplate, second: bigint): string {
  const date = new Date(Number(second) * 1000);
  if (Number.isNaN(date.getTime())) throw malformedConsent('statement', 'a date is too late');
  const seconds = date.getUTCSeconds();
  const time = `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
  return fill(dates.form, {
    year: String(date.getUTCFullYear()),
    month: dates.months[date.getUTCMonth()] ?? '',
    day: String(date.getUTCDate()),
    time: seconds === 0 ? time : `${time}:${pad(seconds)}`,
  });
}

/** The word for a code; a code without one is refused: nobody signs for what the text does not tell. */
function word(words: Readonly<Record<string, string>>, code: string, place: string): string {
  const found = Object.hasOwn(words, code) ? words[code] : undefined;
  if (found === undefined) throw malformedConsent(place, 'the template has no word for it');
  return found;
}

/** Labels come from the records' sources; one without a word is shown as its code. */
const labelsOf = (template: StatementTemplate, labels: readonly string[], joint?: Joint): string =>
  listOf(
    template,
    labels.map((label) =>
      Object.hasOwn(template.words.label, label)
        ? word(template.words.label, label, 'sensitivity')
        : fill(template.quoted, { text: label }),
    ),
    joint,
  );

const categoriesOf = (
  template: StatementTemplate,
  categories: readonly string[],
  place: string,
  joint?: Joint,
): string =>
  listOf(
    template,
    categories.map((category, index) =>
      word(template.words.category, category, `${place}[${index}]`),
    ),
    joint,
  );

function exceptionOf(template: StatementTemplate, one: Exception, index: number): string {
  const { readers, categories, sensitivity, anchors } = one;
  const place = `except[${index}].categories`;
  const parts: [readonly string[], keyof StatementTemplate['exception'], string][] = [
    [categories, 'categories', categoriesOf(template, categories, place, 'either')],
    [sensitivity, 'labels', labelsOf(template, sensitivity, 'either')],
    [anchors, 'records', shortIds(template, anchors, 'either')],
    [readers, 'readers', shortIds(template, readers, 'either')],
  ];
  return parts
    .filter(([list]) => list.length > 0)
    .map(([, part, list]) => fill(template.exception[part], { list }))
    .join(template.exception.between);
}

function linesOf(
  template: StatementTemplate,
  cases: ReadonlyMap<StatementCase, readonly Variables[]>,
  shared: Variables,
): string {
  return template.lines
    .flatMap(({ when, text }) =>
      (cases.get(when) ?? []).map((own) => fill(text, { ...shared, ...own })),
    )
    .join('\n');
}

const once = (holds: boolean): readonly Variables[] => (holds ? [{}] : []);

const sharedVariables = (
  template: StatementTemplate,
  document: AnyConsent | AnyGuardianship,
): Variables => ({
  patient: document.patient,
  categories: categoriesOf(template, document.categories, 'categories'),
  notBefore: dateOf(template, document.notBefore),
  notAfter: dateOf(template, document.notAfter),
  networks: listOf(
    template,
    document.networkNames.map((text) => fill(template.quoted, { text })),
  ),
});

function consentText(consent: AnyConsent): string {
  const template = templateOf('Consent', consent);
  const { grantee, guardianship, sensitivity, anchors, authors, dataFrom, dataTo } = consent;
  const exceptions = consent.except.map((one, index) => ({
    exception: exceptionOf(template, one, index),
  }));
  return linesOf(
    template,
    new Map<StatementCase, readonly Variables[]>([
      ['always', once(true)],
      ['oneReader', once(grantee !== ANY_ADMITTED_NODE)],
      ['anyReader', once(grantee === ANY_ADMITTED_NODE)],
      ['own', once(guardianship === ZERO_32)],
      ['delegated', once(guardianship !== ZERO_32)],
      ['labels', once(sensitivity.length > 0)],
      ['noLabels', once(sensitivity.length === 0)],
      ['records', once(anchors.length > 0)],
      ['authors', once(authors.length > 0)],
      ['dataFrom', once(dataFrom !== 0n)],
      ['dataTo', once(dataTo !== 0n)],
      ['exception', exceptions],
    ]),
    {
      ...sharedVariables(template, consent),
      granteeName: fill(template.quoted, { text: consent.granteeName }),
      guardianship: shortIds(template, [guardianship]),
      purpose: word(template.words.purpose, consent.purpose, 'purpose'),
      labels: labelsOf(template, sensitivity),
      records: shortIds(template, anchors),
      authors: shortIds(template, authors),
      dataFrom: dateOf(template, dataFrom),
      dataTo: dateOf(template, dataTo),
      submitBy: dateOf(template, consent.submitBy),
    },
  );
}

function guardianshipText(guardianship: AnyGuardianship): string {
  const template = templateOf('Guardianship', guardianship);
  return linesOf(template, new Map([['always', once(true)]]), {
    ...sharedVariables(template, guardianship),
    delegate: guardianship.delegate,
    role: word(template.words.role, guardianship.role, 'role'),
  });
}

/**
 * The statement that belongs to the other fields, its lines joined by line feeds; the present `statement` is not read.
 * @throws `UnknownTemplate`, `MalformedConsent` where the template has no word for a code
 */
export const statementOf = (document: AnyConsent | AnyGuardianship): string =>
  'delegate' in document ? guardianshipText(document) : consentText(document);

/** @throws `StatementMismatch` when it is not the text of the other fields, and what `statementOf` throws */
export function checkStatement(document: AnyConsent | AnyGuardianship): void {
  const due = statementOf(document);
  if (due === document.statement) return;
  const lines = document.statement.split('\n');
  const line = due.split('\n').findIndex((text, index) => text !== lines[index]);
  // The texts themselves are about a patient and stay out of the error.
  throw new CarelatticeError(
    'StatementMismatch',
    'the text that was signed does not say what the fields say',
    { facts: { line: line === -1 ? lines.length : line + 1 } },
  );
}

/** A purpose of use in words; a code that no template knows stays as it is. */
export const wordOfPurpose = (code: string): string => consentEn.words.purpose[code] ?? code;
