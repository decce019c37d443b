import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Bundle } from '@medplum/fhirtypes';
import { keepPublic } from '../../demo/keep.ts';
import { collectFacts } from '../../demo/facts.ts';
import { netSeed, presenceSecret, scopeKeySeed } from '../../src/crypto/derivations.ts';
import { openAtRest } from '../../src/crypto/atRest.ts';
import { fromHex, type Hex, utf8 } from '../../src/hash/bytes.ts';
import { openHeld } from '../../src/node/holding/openHeld.ts';
import { fhirReader } from '../../src/node/recording/fhirReader.ts';
import { submit } from '../../src/node/recording/submit.ts';
import {
  enrollAt,
  newPatient,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { replaced } from '../support/hostileNetwork.ts';
import { findings, type Haystack } from '../support/canarySearch.ts';

const LATIN = 'Zqxcanary Wyvernhold-7f3a91';
const CHINESE = '鸚鵡龘靐齉金絲雀';
const NUMBER = 'MRN-CANARY-50217733';

/** A bundle with the canaries in names, texts, notes and identifiers. */
const bundleOf = (patient: TestPatient): Bundle => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: [
    {
      fullUrl: 'urn:uuid:7a0b6f0e-0000-4000-8000-000000000001',
      resource: {
        resourceType: 'Patient',
        identifier: patient.identifiers,
        name: [
          { family: LATIN, text: LATIN },
          { family: CHINESE, text: CHINESE },
        ],
      },
    },
    {
      resource: {
        resourceType: 'Observation',
        status: 'final',
        subject: { reference: 'urn:uuid:7a0b6f0e-0000-4000-8000-000000000001' },
        code: { text: `${LATIN} ${CHINESE}` },
        valueString: `${CHINESE} ${LATIN}`,
        note: [{ text: `${LATIN} said ${CHINESE}` }],
      },
    },
  ],
});

describe('hostile 1: a canary in names, texts and keys', () => {
  let network: TestNetwork;
  let folder: string;
  let patient: TestPatient;
  const passages: Uint8Array[] = [];
  const logs: string[] = [];
  const needles = new Map<string, Uint8Array>();

  before(async () => {
    network = await startTestNetwork({
      bus: { onPassage: ({ bytes }) => passages.push(Uint8Array.from(bytes)) },
      log: (node) => (event, facts) => logs.push(JSON.stringify({ node, event, ...facts })),
    });
    // Clients' questions go past the bus.
    replaced(network.transport, 'ask', (honest) => async (node, sealed) => {
      const answer = await honest(node, sealed);
      passages.push(sealed, answer);
      return answer;
    });
    await network.settle();
    patient = { ...newPatient(network), identifiers: [{ system: 'urn:test:mrn', value: NUMBER }] };
    await enrollAt(network, patient, ['North', 'South']);
    await network.settle();
    const { components } = network.node('North').open;
    const read = fhirReader(async () => []);
    const { records } = await submit(
      components,
      read,
      utf8(JSON.stringify(bundleOf(patient))),
      'one',
    );
    await network.settle();
    const anchor = records[0]?.anchor ?? '0x';
    const held = network.node('South').open.components.holding.held(anchor);
    if (held === undefined) throw new Error('the receiver holds the record');
    const opened: Uint8Array[] = [];
    for await (const piece of (await openHeld(network.node('South').open.components, held)).body)
      opened.push(Uint8Array.from(piece));
    // The record did carry the canaries: what is searched for was really sent.
    expect(Buffer.concat(opened).toString()).to.include(LATIN).and.include(CHINESE);

    folder = join(network.nodes[0]?.directory ?? '', '..');
    await keepPublic(folder, network, await collectFacts(network));
    fillNeedles(components.author.keysOf(anchor), network.node('North').self.journalKey);
  });
  after(() => network.close());

  function fillNeedles(keys: Uint8Array | undefined, journalKey: Uint8Array): void {
    const { federationId, networkId } = network.manifest;
    const root = fromHex(patient.wallet.rootKey, 32);
    const seed = netSeed(root, federationId, networkId);
    needles.set('name in Latin script', utf8(LATIN));
    needles.set('name in Chinese script', utf8(CHINESE));
    needles.set("the hospital's number", utf8(NUMBER));
    needles.set('root key', root);
    needles.set('authority key', fromHex(patient.wallet.authorityKey, 32));
    needles.set('network seed', seed);
    needles.set('scope seed', scopeKeySeed(root, federationId, 'result', 0));
    needles.set('presence secret', presenceSecret(seed, 0));
    if (keys === undefined) throw new Error('an author keeps its content keys');
    needles.set('batch secret', openAtRest(journalKey, 'batch-secret', keys));
    for (const { self } of network.nodes) {
      needles.set(`signing key of ${self.name}`, self.signingKey);
      needles.set(`KEM seed of ${self.name}`, self.kemSeed);
      needles.set(`journal key of ${self.name}`, self.journalKey);
    }
  }

  /** Every file that is left, journals with their write-ahead logs, all that passed, every log line. */
  async function haystacks(): Promise<Haystack[]> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const read = await Promise.all(
      files.map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        return { name: path.slice(folder.length + 1), bytes: await readFile(path) };
      }),
    );
    return [
      ...read,
      ...passages.map((bytes, i) => ({ name: `passage ${i}`, bytes })),
      { name: 'logs', bytes: utf8(logs.join('\n')) },
    ];
  }

  it('is in no file that is left, in no byte that passed, in no log line', async () => {
    const hay = await haystacks();
    const names = hay.map(({ name }) => name);
    expect(names).to.include(join('public', 'chain.json'));
    expect(names.some((name) => name.endsWith('journal.sqlite-wal'))).to.equal(true);
    expect(names.some((name) => name.includes(join('store', '')))).to.equal(true);
    expect(passages.length).to.be.greaterThan(20);
    expect(logs.length).to.be.greaterThan(0);
    expect(findings(hay, needles)).to.deep.equal([]);
  });

  it('is in no file after the nodes have stopped and their logs are merged', async () => {
    for (const node of network.nodes) await node.stop();
    expect(findings(await haystacks(), needles)).to.deep.equal([]);
    for (const node of network.nodes) await node.start();
  });

  it('is found by the same search, however it is written, when it is planted in the clear', () => {
    const planted = new Map<string, Hex | Uint8Array>();
    for (const [name, needle] of needles) {
      const raw = Buffer.from(needle);
      const text = raw.toString();
      planted.set(`${name} raw`, raw);
      planted.set(`${name} hex`, utf8(raw.toString('hex')));
      for (const lead of ['', 'a', 'ab']) {
        const encoded = Buffer.concat([Buffer.from(lead), raw, Buffer.from('tail')]);
        planted.set(`${name} base64 ${lead.length}`, utf8(encoded.toString('base64')));
        planted.set(`${name} base64url ${lead.length}`, utf8(encoded.toString('base64url')));
      }
      if (Buffer.from(text).equals(raw)) {
        planted.set(`${name} UTF-16LE`, Buffer.from(text, 'utf16le'));
        planted.set(`${name} UTF-16BE`, Buffer.from(text, 'utf16le').swap16());
        planted.set(
          `${name} JSON escapes`,
          utf8(JSON.stringify({ text }).replace(/[^ -~]/g, escaped)),
        );
      }
    }
    for (const [name, bytes] of planted) {
      const hay = [
        { name, bytes: Buffer.concat([Buffer.from('before '), Buffer.from(bytes as Uint8Array)]) },
      ];
      expect(findings(hay, needles), name).to.not.be.empty;
    }
  });
});

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
