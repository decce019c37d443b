import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ConsentDesk } from '../../../../src/client/consent/consentDesk.node.ts';
import {
  consentLines,
  revokeAllByCommand,
  revokeByCommand,
  revokeDelegatedByCommand,
} from '../../../../src/client/consent/revokeByCommand.node.ts';
import {
  type ConsentOptions,
  draftByCommand,
  grantByCommand,
  keepDraft,
  readDraft,
  taskOf,
  taskText,
} from '../../../../src/client/consent/signConsentByCommand.node.ts';
import { signConsent } from '../../../../src/client/consent/signConsent.ts';
import type { ClientAnswer } from '../../../../src/crypto/clientSeal.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import type { KnownNode } from '../../../../src/domain/knownNode.ts';
import { CATEGORIES } from '../../../../src/fhir/categories.ts';
import type { Hex } from '../../../../src/hash/bytes.ts';
import { consentDigest } from '../../../../src/wire/consent.ts';
import type { PatientMessage } from '../../../../src/wire/messages.ts';
import { parseReadPackage } from '../../../../src/wire/readPackage.ts';
import { codeOf } from '../../../support/codeOf.ts';
import {
  accountNamed,
  DURING,
  federationId,
  idOf,
  networkId,
  reader,
} from '../../wire/consentFixture.ts';
import { consensusStandIn } from './consensusStandIn.ts';
import { walletIn } from './consentWishes.ts';

interface TestDesk extends ConsentDesk {
  readonly taken: PatientMessage[];
  saved: number;
}

/** A desk whose chain takes what the consensus node was sent; `isStill`: it never shows it. */
async function deskOf(
  refusal?: Exclude<ClientAnswer, { body: Uint8Array }>,
  isStill = false,
): Promise<TestDesk> {
  const { taken, transport, consensus } = await consensusStandIn(networkId, refusal);
  const node = (nodeId: Hex, name: string): [Hex, KnownNode] => [
    nodeId,
    { ...consensus, nodeId, name, role: 'recording' },
  ];
  const nodes = new Map([node(reader, 'Westside Clinic'), node(idOf('North'), 'North')]);
  const messages = (kind: number): PatientMessage[] =>
    isStill ? [] : taken.filter((message) => message.kind === kind);
  const desk: TestDesk = {
    wallet: walletIn('network'),
    manifest: {
      name: 'edge',
      federationId,
      networkId,
      chainId: 31_337,
      contracts: { ConsentRegistry: { address: accountNamed('registry') } },
    },
    ways: {
      transport,
      consensus,
      nodes,
      now: () => Number(DURING),
      random: randomBytes,
      pause: () => Promise.resolve(),
    },
    state: {
      minEpochOf: () => Promise.resolve(BigInt(messages(6).length)),
      stateOf: (_, digest) => {
        const has = (kind: number): boolean =>
          messages(kind).some(({ words }) => words[1] === digest);
        const isKnown = has(4) || refusal?.code === 'Used';
        return Promise.resolve(has(5) || refusal?.code === 'Revoked' ? 2 : isKnown ? 1 : 0);
      },
    },
    save: () => {
      desk.saved += 1;
      return Promise.resolve();
    },
    taken,
    saved: 0,
  };
  return desk;
}

const options: ConsentOptions = {
  reader: 'Westside Clinic',
  categories: 'result, medication',
  until: '2026-12-31',
};

describe('sign-consent', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carelattice-consent-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const granted = async (desk: ConsentDesk, signature?: Hex): Promise<string> => {
    const consent = await draftByCommand(options, desk);
    const out = join(folder, 'consent.json');
    await grantByCommand(desk, { consent, signature, serving: 'North', out });
    return readFile(out, 'utf8');
  };

  it('makes of its options a consent', async () => {
    const desk = await deskOf();
    const consent = await draftByCommand(
      { ...options, purpose: 'HRESCH', labels: 'hiv', from: '2026-09-22T10:00Z', language: 'zh' },
      desk,
    );
    expect(consent).to.include({
      language: 'zh',
      grantee: reader,
      granteeName: 'Westside Clinic',
      purpose: 'HRESCH',
      notBefore: BigInt(Date.UTC(2026, 8, 22, 10) / 1000),
      notAfter: BigInt(Date.UTC(2027, 0, 1) / 1000) - 1n,
    });
    expect(consent.categories).to.deep.equal(['result', 'medication']);
    expect(consent.sensitivity).to.deep.equal(['hiv']);
    const all = await draftByCommand({ ...options, reader: 'any', categories: 'all' }, desk);
    expect(all.categories).to.deep.equal(CATEGORIES);
    expect(all.notBefore).to.equal(DURING - (DURING % 60n));
  });

  it('says what is wrong with an option', async () => {
    const desk = await deskOf();
    const wrong: [Partial<ConsentOptions>, string][] = [
      [{ reader: undefined }, 'BadOption'],
      [{ until: undefined }, 'BadOption'],
      [{ until: '31.12.2026' }, 'BadOption'],
      [{ until: '2026-13-31' }, 'BadOption'],
      [{ from: 'now' }, 'BadOption'],
      [{ purpose: 'treat' }, 'BadOption'],
      [{ language: 'fr' }, 'BadOption'],
      [{ reader: 'Nobody' }, 'NodeUnknown'],
      [{ categories: 'results' }, 'MalformedConsent'],
      [{ categories: ',' }, 'MalformedConsent'],
      [{ until: '2020-01-01' }, 'MalformedConsent'],
    ];
    for (const [change, code] of wrong) {
      const act = (): Promise<unknown> => draftByCommand({ ...options, ...change }, desk);
      expect(await codeOf(act), JSON.stringify(change)).to.equal(code);
    }
  });

  it('signs for nobody by a name that two bear, and for the one whose id is given', async () => {
    const desk = await deskOf();
    const twin = idOf('twin');
    const [of, north] = [desk.ways.nodes.get(reader), desk.ways.nodes.get(idOf('North'))];
    if (of === undefined || north === undefined) return expect.fail('the desk knows both');
    const nodes = new Map([...desk.ways.nodes, [twin, { ...of, nodeId: twin }]]);
    const hostile = { ...desk, ways: { ...desk.ways, nodes } };
    expect(await codeOf(() => draftByCommand(options, hostile))).to.equal('NameAmbiguous');
    const meant = await draftByCommand({ ...options, reader: twin }, hostile);
    expect(meant).to.include({ grantee: twin, granteeName: 'Westside Clinic' });

    nodes.set(twin, { ...north, nodeId: twin });
    const out = join(folder, 'consent.json');
    const grant = (serving: string): Promise<unknown> =>
      grantByCommand(hostile, { consent: meant, serving, out });
    expect(await codeOf(() => grant('North'))).to.equal('NameAmbiguous');
    expect(desk.taken).to.deep.equal([]);
    await grant(idOf('North'));
    expect(parseReadPackage(await readFile(out, 'utf8')).serving).to.equal(idOf('North'));
  });

  it('takes no reader for a holder, and none that is suspended or removed', async () => {
    const desk = await deskOf();
    for (const state of ['suspended', 'removed'] as const) {
      const nodes = new Map([...desk.ways.nodes].map(([id, node]) => [id, { ...node, state }]));
      const other = { ...desk, ways: { ...desk.ways, nodes } };
      expect(await codeOf(() => draftByCommand(options, other)), state).to.equal('NodeUnknown');
    }
    const consent = await draftByCommand(options, desk);
    const nodes = new Map(
      [...desk.ways.nodes].map(([id, node]) => [id, { ...node, role: 'reader' as const }]),
    );
    const other = { ...desk, ways: { ...desk.ways, nodes } };
    const grant = { consent, serving: 'North', out: join(folder, 'out.json') };
    expect(await codeOf(() => grantByCommand(other, grant))).to.equal('NodeUnknown');
  });

  it('shows text and typed data, then brings the grant and writes the reader’s file', async () => {
    const desk = await deskOf();
    const consent = await draftByCommand(options, desk);
    const text = taskText(taskOf(desk, consent));
    expect(text).to.include(`${consent.statement}\n\n{`).and.include('"primaryType": "Consent"');
    const shown = parseReadPackage(await granted(desk));
    expect(shown.serving).to.equal(idOf('North'));
    const digest = consentDigest(federationId, shown.consent);
    expect(desk.taken.map(({ words }) => words[1])).to.deep.equal([digest]);
    expect(desk.saved).to.equal(1);
  });

  it('keeps a draft for a signature made elsewhere, and takes only that one', async () => {
    const desk = await deskOf();
    const consent = await draftByCommand(options, desk);
    const draft = join(folder, 'draft.json');
    expect(await keepDraft(draft, consent, taskOf(desk, consent))).to.include(draft);
    expect(await readDraft(draft)).to.deep.equal(consent);
    const { signature } = signConsent(structuredClone(desk.wallet), federationId, consent).kept;
    const out = join(folder, 'out.json');
    await grantByCommand(desk, { consent, signature, serving: 'North', out });
    expect(await codeOf(() => granted(desk, signature))).to.equal('BadSignature');
  });

  it('tells the place in a draft that was edited by hand', async () => {
    const desk = await deskOf();
    const consent = await draftByCommand(options, desk);
    const draft = join(folder, 'draft.json');
    await keepDraft(draft, consent, taskOf(desk, consent));
    const text = await readFile(draft, 'utf8');
    await writeFile(draft, text.replace('"result"', '""'));
    expect(await codeOf(() => readDraft(draft))).to.equal('MalformedConsent');
    // One word of the text: it reads well, and is not what the fields say.
    await writeFile(draft, text.replace('Purpose: treatment', 'Purpose: medical research'));
    const edited = await readDraft(draft);
    expect(await codeOf(() => taskOf(desk, edited))).to.equal('StatementMismatch');
    expect(await codeOf(() => readDraft(join(folder, 'nowhere')))).to.equal('NoConsentFile');
  });

  it('is done when the chain has the grant already, and says so when it never shows it', async () => {
    const used = { code: 'Used', message: 'this consent was granted before', retryable: false };
    expect(await granted(await deskOf(used))).to.include('scopeHashes');
    await rm(join(folder, 'consent.json'));
    const still = await deskOf(undefined, true);
    expect(await codeOf(() => granted(still))).to.equal('ConsentNotSeen');
    // What was signed is kept: it may stand there yet.
    expect(still.wallet.consents).to.have.lengthOf(1);
    expect(still.saved).to.equal(1);
    expect(await codeOf(() => granted(still))).to.equal('SecretFileExists');
  });
});

describe('revoke', () => {
  const signed = async (desk: ConsentDesk): Promise<Hex> =>
    signConsent(desk.wallet, federationId, await draftByCommand(options, desk)).kept.digest;

  it('lists what the wallet has signed, and takes one of it back', async () => {
    const desk = await deskOf();
    expect(consentLines(desk.wallet)).to.deep.equal(['This wallet has signed no consent.']);
    const [one, other] = [await signed(desk), await signed(desk)];
    await revokeByCommand(desk, one);
    expect(desk.taken.map(({ kind, words }) => [kind, words[1]])).to.deep.equal([[5, one]]);
    expect(desk.saved).to.equal(1);
    expect(consentLines(desk.wallet)).to.deep.equal([
      `${one}  Westside Clinic, TREAT, taken back`,
      `${other}  Westside Clinic, TREAT, until 2026-12-31`,
    ]);
    expect(await codeOf(() => revokeByCommand(desk, idOf('x')))).to.equal('ConsentUnknown');
  });

  it('is done when it was taken back before, and throws what the network refuses with', async () => {
    const known = { code: 'Revoked', message: 'this was revoked before', retryable: false };
    const desk = await deskOf(known);
    await revokeByCommand(desk, await signed(desk));
    const busy = await deskOf({ code: 'TooManyMessages', message: 'tomorrow', retryable: true });
    const digest = await signed(busy);
    expect(await codeOf(() => revokeByCommand(busy, digest))).to.equal('TooManyMessages');
    expect(consentLines(busy.wallet)[0]).to.include('until 2026-12-31');
    const still = await deskOf(undefined, true);
    const sent = await signed(still);
    expect(await codeOf(() => revokeByCommand(still, sent))).to.equal('ConsentNotSeen');
  });

  it('takes back by its digest what a delegate signed', async () => {
    const desk = await deskOf();
    await revokeDelegatedByCommand(desk, idOf('x'));
    expect(desk.taken.map(({ kind, words }) => [kind, words[1]])).to.deep.equal([[5, idOf('x')]]);
  });

  it('takes all back, and signs from then on with the new epoch', async () => {
    const desk = await deskOf();
    await signed(desk);
    expect(await revokeAllByCommand(desk)).to.equal(1n);
    expect(consentLines(desk.wallet)[0]).to.include('taken back');
    expect(await draftByCommand(options, desk)).to.include({ epoch: 1n });
    await signed(desk);
    expect(consentLines(desk.wallet)[1]).to.include('until');
    const still = await deskOf(undefined, true);
    expect(await codeOf(() => revokeAllByCommand(still))).to.equal('ConsentNotSeen');
  });
});
