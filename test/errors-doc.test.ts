import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

/** docs/errors.md names every code, alarm and contract error, and nothing besides. */

const ROOT = join(import.meta.dirname, '..');
const SOURCES = '{src,demo,scripts}/**/*.{ts,js}';

/** Where a code stands as a literal: the error itself and the helpers that pass it on. */
const CODES: readonly RegExp[] = [
  /\b(?:CarelatticeError|super|refusal|refused|wrong)\(\s*'([A-Z][A-Za-z0-9]+)'/g,
  /\bresult: '\w+', code: '([A-Z][A-Za-z0-9]+)'/g,
  /\bcode = '([A-Z][A-Za-z0-9]+)'/g,
  /\bcode \|\| '([A-Z][A-Za-z0-9]+)'/g,
];
const ALARMS: readonly RegExp[] = [
  /\baddAlarm\(\s*'(\w+)'/g,
  /\bproblems\.push\(\{\s*kind: '(\w+)'/g,
];

/** The audit names what it finds before it raises the alarm. */
const AUDIT = 'src/node/holding/audit.ts';
const FINDINGS: readonly RegExp[] = [/(?:return|\?) '([a-z]+[A-Z]\w+)'/g];

/** Errors with a code that is no literal: helpers whose calls CODES finds, and codes of other nodes handed on. */
const HANDED_ON = [
  'src/courier/verifyEnvelope.ts',
  'src/crypto/openRecord.ts',
  'src/crypto/recordScan.ts',
  'src/node/consensus/accountMessages.ts',
  'src/node/consensus/consentMessages.ts',
  'src/node/consensus/relationMessages.ts',
  'src/wire/refusal.ts',
];

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What the patterns find, each with the files it is found in. */
function found(glob: string, patterns: readonly RegExp[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const path of globSync(glob, { cwd: ROOT })) {
    const text = textOf(path);
    for (const [, name = ''] of patterns.flatMap((pattern) => [...text.matchAll(pattern)])) {
      names.set(name, (names.get(name) ?? new Set()).add(path));
    }
  }
  return names;
}

/** First column of the tables between two headings. */
function listed(from: string, to?: string): string[] {
  const [, after = ''] = `\n${textOf('docs/errors.md')}`.split(`\n${from}\n`);
  const [section = ''] = to === undefined ? [after] : after.split(`\n${to}\n`);
  return [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
}

function expectSame(documented: readonly string[], used: ReadonlyMap<string, Set<string>>): void {
  const missing = [...used]
    .filter(([name]) => !documented.includes(name))
    .map(([name, paths]) => `${name} (${[...paths].join(', ')})`);
  expect(missing, 'not in docs/errors.md').to.deep.equal([]);
  expect(
    documented.filter((name) => !used.has(name)),
    'in docs/errors.md, but nowhere used',
  ).to.deep.equal([]);
  expect(
    documented.filter((name, i) => documented.indexOf(name) !== i),
    'listed twice',
  ).to.deep.equal([]);
}

describe('docs/errors.md', () => {
  it('lists every error code once, and no other', () => {
    expectSame(listed('# Errors', '## Alarms'), found(SOURCES, CODES));
  });

  it('lists every alarm once, and no other', () => {
    expectSame(
      listed('## Alarms', '## Contracts'),
      new Map([...found(SOURCES, ALARMS), ...found(AUDIT, FINDINGS)]),
    );
  });

  it('lists every error of the contracts once, and no other', () => {
    const errors = found('contracts/interfaces/*.sol', [/^\s+error (\w+)\(/gm]);
    expectSame(listed('## Contracts'), errors);
  });

  it('knows every place where a code is handed on', () => {
    const places = found(SOURCES, [/(new CarelatticeError\(\s*[^\s'])/g]);
    expect([...new Set([...places.values()].flatMap((paths) => [...paths]))].sort()).to.deep.equal(
      HANDED_ON,
    );
  });
});
