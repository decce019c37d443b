import { expect } from 'chai';
import fc from 'fast-check';
import { itemOfLine, lineOf, digestOfLines } from '../../../../src/client/export/exportText.ts';
import {
  exportRecord,
  exportText,
  verifyExport,
  type ExportSources,
  type FindingCode,
} from '../../../../src/client/export/exportRecord.ts';
import { verificationText } from '../../../../src/client/export/verificationText.ts';
import { utf8, type Hex } from '../../../../src/hash/bytes.ts';
import {
  historiesOf,
  provenRecord,
  sampleSources,
  signAs,
  federationId,
  id,
} from './exportFixture.ts';
import { typedDigest } from '../../../../src/wire/typedData.ts';

type Item = Record<string, unknown>;

/** The lines with the items of one kind changed and the closing digest made anew, as a forger would. */
function forged(lines: readonly string[], kind: string, change: (item: Item) => void): string[] {
  const changed = lines.slice(0, -1).map((line) => {
    const item = itemOfLine(line) as Item; // lines of ours
    if (item['kind'] !== kind) return line;
    change(item);
    return lineOf(item);
  });
  return closed(changed);
}

const closed = (lines: readonly string[]): string[] => [
  ...lines,
  lineOf({ kind: 'end', items: lines.length, digest: digestOfLines(lines) }),
];

const codesOf = (lines: string | readonly string[]): FindingCode[] => [
  ...new Set(verifyExport(lines).findings.map(({ code }) => code)),
];

/** The object at a path such as `a.b`; paths name what the fixture has. */
const inside = (item: Item, path: string): Item =>
  path.split('.').reduce((place, step) => place[step] as Item, item);

const flipped = (hex: string): string => hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0');

describe('export of the whole record', () => {
  let sources: ExportSources;
  let lines: string[];
  let text: string;

  before(async () => {
    sources = await sampleSources();
    lines = exportRecord(sources);
    text = exportText(lines);
  });

  it('verifies offline, as JSON and line by line, and says what only the chain can tell', () => {
    for (const form of ['json', 'ndjson'] as const) {
      const verdict = verifyExport(exportText(lines, form));
      expect(verdict.findings).to.deep.equal([]);
      expect(verdict.ok).to.equal(true);
      expect(verdict.checked).to.include({ consents: 2, receipts: 2 });
      expect(verdict.checked.records).to.equal(sources.records.length);
      expect(new Set(verdict.claims.map(({ kind }) => kind))).to.deep.equal(
        new Set(['block', 'authority', 'nodeKey', 'batch', 'status', 'anchored']),
      );
      expect(verdict.unchecked).to.deep.equal([]);
    }
  });

  it('is JSON that others can read, with the records as FHIR', () => {
    const items = JSON.parse(text) as Item[];
    const record = items.find(({ kind }) => kind === 'record');
    expect(record?.['bundle']).to.include({ resourceType: 'Bundle' });
    const views = items
      .filter(({ kind }) => kind === 'view')
      .map(({ resource }) => resource as Item);
    expect(new Set(views.map(({ resourceType }) => resourceType))).to.deep.equal(
      new Set(['Bundle', 'Consent', 'Provenance', 'AuditEvent']),
    );
  });

  it('gives the same text for the same sources', () => {
    expect(exportText(exportRecord(sources))).to.equal(text);
  });

  it('finds any flipped byte', () => {
    const bytes = utf8(text);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (place, mask) => {
          const broken = bytes.slice();
          broken[place] = (broken[place] ?? 0) ^ mask;
          // Replaced by another text too where the bytes are no UTF-8 any more.
          expect(verifyExport(new TextDecoder().decode(broken)).ok).to.equal(false);
        },
      ),
      { numRuns: 120 },
    );
  });

  it('finds an export that is cut off or has lines put in, taken out or swapped', () => {
    expect(codesOf(text.slice(0, -10))).to.deep.equal(['NotAnExport']);
    expect(codesOf('')).to.deep.equal(['NotAnExport']);
    expect(codesOf('[]')).to.deep.equal(['NotAnExport']);
    expect(codesOf(lines.slice(0, -1))).to.include('NotAnExport');
    expect(codesOf(lines.slice(1))).to.deep.equal(['NotAnExport']);
    expect(codesOf(lines.toSpliced(4, 1))).to.include('DigestMismatch');
    expect(codesOf(lines.toSpliced(4, 0, '{"kind":"remark"}'))).to.deep.equal(['NotAnExport']);
    expect(codesOf(lines.toSpliced(4, 0, lines[0] ?? ''))).to.deep.equal(['NotAnExport']);
    expect(codesOf(closed(lines))).to.deep.equal(['NotAnExport']);
  });

  it('finds each part that a forger changes, although the digest of the file is made anew', () => {
    const forgeries: readonly (readonly [FindingCode, string, (item: Item) => void])[] = [
      ['RecordChanged', 'record', (item) => change(inside(item, 'bundle'), 'type', () => 'batch')],
      ['RecordChanged', 'record', (item) => change(item, 'recordSalt', flipped)],
      ['RecordChanged', 'record', (item) => change(item, 'recordKey', flipped)],
      ['RecordChanged', 'record', (item) => change(item, 'header', flipped)],
      ['RecordChanged', 'record', (item) => change(item, 'anchor', flipped)],
      ['RecordChanged', 'record', (item) => change(item, 'text', () => 'a second body')],
      ['SignatureWrong', 'record', (item) => change(item, 'signature', flipped)],
      [
        'SignatureWrong',
        'record',
        (item) => change(inside(item, 'message'), 'recordedAt', () => '5'),
      ],
      ['SignatureWrong', 'record', (item) => change(inside(item, 'message'), 'bodyRoot', flipped)],
      ['SignatureWrong', 'record', (item) => change(inside(item, 'batch'), 'signature', flipped)],
      ['BatchMismatch', 'record', (item) => change(inside(item, 'batch'), 'batchRoot', flipped)],
      ['BatchMismatch', 'record', (item) => change(inside(item, 'batch'), 'path', () => [])],
      ['SignerUnknown', 'record', (item) => change(inside(item, 'message'), 'keyEpoch', () => '7')],
      ['HistoryMismatch', 'record', (item) => change(item, 'handle', flipped)],
      ['HistoryMismatch', 'history', (item) => change(item, 'historyHead', flipped)],
      ['HistoryMismatch', 'history', (item) => change(item, 'count', () => 1000)],
      [
        'StatementMismatch',
        'consent',
        (item) =>
          change(inside(item, 'consent'), 'statement', (text) => String(text) + ' And more.'),
      ],
      [
        'StatementMismatch',
        'consent',
        (item) => change(inside(item, 'consent'), 'notAfter', () => '1790009999'),
      ],
      ['SignatureWrong', 'consent', (item) => change(inside(item, 'consent'), 'nonce', () => '8')],
      ['SignatureWrong', 'consent', (item) => change(item, 'signature', flipped)],
      ['NotHerConsent', 'consent', (item) => change(item, 'signer', flipped)],
      ['NotHerConsent', 'head', (item) => change(item, 'patientId', flipped)],
      [
        'NotHerConsent',
        'head',
        (item) => change(inside(item, 'contracts'), 'ConsentRegistry', flipped),
      ],
      ['SignatureWrong', 'head', (item) => change(item, 'federationId', flipped)],
      ['ViewMismatch', 'log', (item) => change(item, 'accessKey', flipped)],
      [
        'LogMismatch',
        'log',
        (item) => change(item, 'leaves', (leaves) => [...(leaves as Hex[])].reverse()),
      ],
      ['LogMismatch', 'log', (item) => change(inside(item, 'openings.0'), 'salt', flipped)],
      [
        'LogMismatch',
        'log',
        (item) => change(inside(item, 'openings.0.receipt'), 'blockNumber', () => '3'),
      ],
      ['LogMismatch', 'log', (item) => change(inside(item, 'openings.1'), 'signature', flipped)],
      [
        'LogMismatch',
        'log',
        (item) => change(item, 'openings', (all) => (all as Item[]).slice(0, 1)),
      ],
      [
        'ReceiptMismatch',
        'log',
        (item) => change(inside(item, 'openings.1'), 'anchors', () => [id(1)]),
      ],
      [
        'ReceiptMismatch',
        'log',
        (item) => change(inside(item, 'openings.0.request.message'), 'purpose', () => 'HMARKT'),
      ],
      [
        'SignatureWrong',
        'log',
        (item) => change(inside(item, 'openings.0.request'), 'signature', flipped),
      ],
      [
        'ViewMismatch',
        'log',
        (item) => change(inside(item, 'openings.0'), 'released', () => false),
      ],
      ['ViewMismatch', 'node', (item) => change(item, 'name', () => 'Another hospital')],
      ['SignerUnknown', 'node', (item) => change(item, 'nodeId', flipped)],
      ['ViewMismatch', 'view', (item) => change(inside(item, 'resource'), 'language', () => 'fr')],
    ];
    for (const [index, [code, kind, spoil]] of forgeries.entries()) {
      const found = codesOf(forged(lines, kind, spoil));
      expect(found, `${kind}, ${index}`).to.include(code);
    }
  });

  it('hostile 4: finds an old version offered as the newest', () => {
    const isNewer = (line: string): boolean => {
      const { kind, message } = itemOfLine(line) as Item;
      return kind === 'record' && !/^0x0+$/.test(String((message as Item)['previousVersion']));
    };
    const newer = lines.findIndex(isNewer);
    const without = lines.slice(0, -1).toSpliced(newer, 1);
    expect(codesOf(closed(without))).to.include('HistoryMismatch');
    // A holder that never told of the newer one is believed only as far as no other holder has more.
    const shorter = sources.records.filter((_, index) => index !== sources.records.length - 1);
    const both = [...historiesOf(shorter), ...sources.histories];
    expect(codesOf(exportRecord({ ...sources, records: shorter, histories: both }))).to.deep.equal([
      'HistoryMismatch',
    ]);
  });

  it('hostile 4: finds a newer version that two records claim, or that follows nothing here', async () => {
    const [first] = sources.records;
    if (first === undefined || !('message' in first)) throw new Error('the first is a record');
    const next = (previousVersion: Hex) =>
      provenRecord({
        category: first.message.category,
        body: first.body,
        resourceTypes: first.message.resourceTypes,
        previousVersion,
      });
    for (const version of [first.message.recordId, `0x${'ab'.repeat(16)}` as const]) {
      const records = [...sources.records, await next(version)];
      const verdict = verifyExport(
        exportRecord({ ...sources, records, histories: historiesOf(records) }),
      );
      expect(verdict.findings.map(({ code }) => code)).to.deep.equal(['VersionMismatch']);
      expect(verdict.unchecked).to.have.lengthOf(1); // that record has no batch
    }
  });

  it('keeps the place of an erased record, by her own signed word', () => {
    const last = sources.records.at(-1);
    if (last === undefined || !('message' in last)) throw new Error('the last is a record');
    const { handle, anchor } = last;
    const { recordId } = last.message;
    const message = {
      networkId: sources.networkId,
      chainId: BigInt(sources.chainId),
      patientId: sources.patientId,
      seq: 4n,
      anchors: [anchor],
    };
    const signature = signAs('patient', typedDigest('EraseRecords', federationId, message));
    const erased = { handle, anchor, recordId, why: 'erased' } as const;
    const withErased = (erasure?: { message: typeof message; signature: Hex }): string[] =>
      exportRecord({
        ...sources,
        records: sources.records.with(-1, {
          ...erased,
          ...(erasure === undefined ? {} : { erasure }),
        }),
      });
    expect(verifyExport(withErased({ message, signature })).findings).to.deep.equal([]);
    expect(verifyExport(withErased()).unchecked).to.have.lengthOf(1);
    expect(codesOf(withErased({ message: { ...message, seq: 5n }, signature }))).to.deep.equal([
      'SignatureWrong',
    ]);
    const other = { ...message, anchors: [id(1)] };
    const byHer = signAs('patient', typedDigest('EraseRecords', federationId, other));
    expect(codesOf(withErased({ message: other, signature: byHer }))).to.deep.equal([
      'HistoryMismatch',
    ]);
  });

  it('says plainly what is missing: batches, requests, anchors that do not stand yet, contract wallets', () => {
    const [log] = sources.logs;
    const [consent] = sources.consents;
    if (log === undefined || consent === undefined) throw new Error('the fixture has both');
    const verdict = verifyExport(
      exportRecord({
        ...sources,
        records: sources.records.map((record) => {
          if (!('message' in record)) return record;
          const { batch: _, ...rest } = record;
          return rest;
        }),
        consents: [{ ...consent, signature: '0x1234', isContract: true }],
        logs: [
          {
            ...log,
            anchored: log.anchored.slice(0, 1),
            openings: log.openings.map(({ request: _, ...opening }) => opening),
          },
        ],
      }),
    );
    expect(verdict.findings).to.deep.equal([]);
    expect(verdict.unchecked).to.have.lengthOf(sources.records.length + 3);
    expect(verdict.claims.map(({ kind }) => kind)).to.include('contractSignature');
  });

  it('takes records of any kind, bytes and size, and none at all', async () => {
    const bodies = [
      utf8('{"resourceType":"Bundle","type":"collection","total":1.50}'),
      utf8('{ "resourceType": "Bundle", "type": "collection" }'),
      utf8('no JSON'),
      Uint8Array.of(0xff, 0xfe, 0),
      new Uint8Array(0),
      new Uint8Array((1 << 20) + 5).fill(7),
    ];
    const records = await Promise.all(
      bodies.map((body) => provenRecord({ category: 'document', body, resourceTypes: [] })),
    );
    for (const some of [records, []]) {
      const made = exportRecord({
        ...sources,
        records: some,
        histories: historiesOf(some),
        consents: [],
        logs: [],
      });
      expect(verifyExport(exportText(made, 'ndjson')).findings).to.deep.equal([]);
    }
  });

  it('hostile: prints nothing that a node wrote as if it were its own line', () => {
    const nodeId = id(77);
    const silent = { nodeId, name: 'South', lacks: 'log', why: 'PeerUnreachable' } as const;
    const lie = '\u001b[2J\u001b[H\nThe export holds: 99 records';
    expect(() => exportRecord({ ...sources, silent: [{ ...silent, why: lie }] })).to.throw(
      'wrong form',
    );
    const honest = exportRecord({ ...sources, silent: [silent] });
    const told = forged(honest, 'silent', (item) => (item['why'] = lie));
    expect(codesOf(told)).to.deep.equal(['NotAnExport']);
    const named = forged(honest, 'silent', (item) => (item['name'] = lie));
    const keyed = forged(honest, 'silent', (item) => (item[lie] = 1));
    for (const lines of [told, named, keyed]) {
      const verification = verifyExport(lines);
      const { findings, unchecked } = verification;
      const texts = [...verificationText(verification), ...unchecked];
      for (const text of [...texts, ...findings.map((one) => one.text)])
        expect(text).to.not.match(/[\u001b\n]|^The export holds: 99/);
    }
    expect(verificationText(verifyExport(named)).join('\n')).to.contain(
      '( [2J [H The export holds',
    );
  });

  it('hostile: prints what a chain node answers as one line', () => {
    const verification = verifyExport(lines);
    const [claim] = verification.claims;
    if (claim === undefined) throw new Error('the fixture claims something');
    const detail = 'no\u009b2J\nOn the chain: all stands';
    const shown = verificationText(verification, [{ claim, result: 'differs', detail }]);
    expect(shown.at(-1)).to.match(/^ {2}DIFFERS: .* \(no 2J On the chain: all stands\)$/);
  });

  it('refuses sources of a wrong form', () => {
    expect(() => exportRecord({ ...sources, patientId: '0x12' })).to.throw('wrong form');
  });
});

function change(item: Item, member: string, to: (value: never) => unknown): void {
  item[member] = to(item[member] as never); // each change knows its member
}
