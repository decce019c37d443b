import { expect } from 'chai';
import { rotationOf } from '../../src/client/account/authority.ts';
import { authorityOf } from '../../src/client/wallet/wallet.ts';
import { whoLooked } from '../../src/client/reading/whoLooked.ts';
import { accountOf, signDigest } from '../../src/crypto/signatures.ts';
import { shuffled } from '../../src/domain/random.ts';
import { type Step, STEPS } from '../../src/domain/steps.ts';
import { fromHex, type Hex, toHex } from '../../src/hash/bytes.ts';
import { hkdf } from '../../src/hash/labelled.ts';
import { waysInto } from '../../src/localnet/ways.ts';
import { consentDigest } from '../../src/wire/consent.ts';
import type { ReadQuestion } from '../../src/wire/readMessages.ts';
import type { ReadPackage } from '../../src/wire/readPackage.ts';
import { typedDigest } from '../../src/wire/typedData.ts';
import { codeOf } from '../support/codeOf.ts';
import { readerNamed } from '../support/consents.ts';
import {
  enrolledPatient,
  handIn,
  knownNode,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import {
  askToRead,
  type Call,
  grantedPackage,
  mineCall,
  type NamedReader,
  readQuestionOf,
  requestDigestOf,
  revocationCall,
} from '../support/reading.ts';

/** How she ends a consent with her second device, while the reader's request is under way. */
const ACTS = ['revoke', 'revokeAll', 'rotate'] as const;
type Act = (typeof ACTS)[number];

/** mined: in a block of its own at once; pooled: it goes into the next block, with whatever else is there. */
const WAYS = ['mined', 'pooled'] as const;
type Way = (typeof WAYS)[number];

const READING = STEPS.filter((step) => step.startsWith('reading: '));

describe('a revocation between the check and the release wins', function () {
  this.timeout(120_000);
  let network: TestNetwork;
  let patient: TestPatient;
  let insurer: NamedReader;
  let hook: ((step: Step) => Promise<void>) | undefined;
  let epoch = 0n;
  /** Requests in the order of their receipts, and whether keys were seen. */
  const served = new Map<Hex, boolean>();

  before(async () => {
    network = await startTestNetwork({ readers: ['Insurer'], hospitals: ['North', 'South'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    await handIn(network, 'North', patient, notes(2));
    await network.settle();
    await network.node('South').stop();
    await network.node('South').start({ reached: (step) => hook?.(step) });
    insurer = readerNamed(network, 'Insurer');
  });
  after(() => network.close());

  function callOf(act: Act, shown: ReadPackage): Call {
    const { consents, patientRegistry } = network.node('North').open.components.contracts;
    const { federationId } = network.manifest;
    const account = authorityOf(patient.wallet);
    const key = fromHex(patient.wallet.authorityKey, 32);
    switch (act) {
      case 'revoke':
        return revocationCall(network, patient.wallet, consentDigest(federationId, shown.consent));
      case 'revokeAll': {
        epoch += 1n;
        const digest = typedDigest('RevokeAll', federationId, { account, minEpoch: epoch });
        const signature = signDigest(key, digest);
        return {
          to: consents.address,
          data: consents.encode('revokeAll', [account, epoch, signature]),
        };
      }
      case 'rotate': {
        const next = hkdf(key, 'next');
        const fields = rotationOf(patient.wallet, accountOf(next), random);
        const digest = typedDigest('SetAuthority', federationId, fields);
        const data = patientRegistry.encode('setAuthority', [
          account,
          fields.authority,
          fields.nonce,
          [...fields.rows],
          { owner: signDigest(key, digest), successor: signDigest(next, digest), guardians: [] },
        ]);
        patient.wallet.authorityKey = toHex(next);
        // The new account's epochs begin anew.
        epoch = 0n;
        return { to: patientRegistry.address, data };
      }
    }
  }

  async function send({ to, data }: Call, way: Way): Promise<void> {
    if (way === 'mined') return mineCall(network, to, data);
    const [sender] = network.chain.accounts;
    const tx = { from: sender?.account, to, data, gas: '0xb71b00' };
    await network.chain.rpc.send('eth_sendTransaction', [tx]);
  }

  /** Whether the chain has ended the consent by its newest block. */
  async function isEnded(shown: ReadPackage): Promise<boolean> {
    const { consents, patientRegistry } = network.node('North').open.components.contracts;
    const digest = consentDigest(network.manifest.federationId, shown.consent);
    const [state] = await consents.call(
      'statusOf',
      [shown.signer, digest, shown.consent.epoch],
      'latest',
    );
    const authority = await patientRegistry.call(
      'authorityOf',
      [shown.consent.own.patientId],
      'latest',
    );
    return Number(state) !== 1 || authority !== shown.signer;
  }

  /** Asks on until it is refused; every release is compared with the chain as it is then. */
  async function readOn(shown: ReadPackage, question: ReadQuestion): Promise<string> {
    const digest = requestDigestOf(insurer, question.request);
    for (let i = 0; i < 60; i++) {
      const code = await codeOf(async () => {
        const { state } = await askToRead(network, 'South', question);
        if (state === 'released') {
          served.set(digest, true);
          expect(await isEnded(shown), 'keys after the end').to.equal(false);
        } else if (!served.has(digest)) served.set(digest, false);
      });
      if (code !== 'none') return code;
      await network.step();
    }
    return 'still served';
  }

  /** One reading, ended by `act` when South passes `step` for it. */
  async function raced(act: Act, step: Step, way: Way): Promise<void> {
    const shown = await grantedPackage(network, patient, insurer, 'South', { epoch });
    const question = await readQuestionOf(network, insurer, shown);
    const call = callOf(act, shown);
    let wasSent = false;
    hook = async (at) => {
      if (at !== step || wasSent) return;
      wasSent = true;
      await send(call, way);
    };
    const expected = act === 'rotate' ? 'NotHerSigner' : 'Revoked';
    expect(await readOn(shown, question)).to.equal(expected);
    hook = undefined;
    expect(wasSent).to.equal(true);
    expect(await isEnded(shown)).to.equal(true);
    const digest = requestDigestOf(insurer, question.request);
    // Mined at any step, it wins over the release; in the receipt's own block too.
    if (way === 'mined' || step !== 'reading: anchored')
      expect(served.get(digest) ?? false).to.equal(false);
    await network.settle();
    expect(await codeOf(() => askToRead(network, 'South', question))).to.equal(expected);
  }

  const seeded = (seed: number) => (size: number) => {
    counter += 1;
    return hkdf(Uint8Array.of(seed), `draw ${counter}`).slice(0, size);
  };
  let counter = 0;
  const all = ACTS.flatMap((act) =>
    READING.flatMap((step) => WAYS.map((way) => [act, step, way] as const)),
  );
  // Rotations and epochs follow each other: the order is a part of the test.
  for (const [act, step, way] of shuffled(all, seeded(7))) {
    it(`${act}, ${way} at "${step}": no keys after its block`, () => raced(act, step, way));
  }

  it('keeps every receipt in the log, as released only where keys went out', async () => {
    const ways = await waysInto(network, random);
    const south = knownNode(network, 'South');
    const { verdict, openings } = await whoLooked(patient.wallet, patient.network, south, ways);
    expect(verdict.kind).to.equal('ok');
    const told = openings.map(({ receipt, released }) => [receipt.requestDigest, released]);
    expect(told.sort()).to.deep.equal([...served].sort());
    expect(told.some(([, released]) => released)).to.equal(true);
    expect(told.some(([, released]) => !released)).to.equal(true);
  });
});
