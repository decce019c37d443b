import { expect } from 'chai';
import { HYBRID_SUITE, X25519_SUITE } from '../../src/wire/kemSuite.ts';
import { deriveKemKeyPair } from '../../src/crypto/hpkeSealing.ts';
import { openHeld } from '../../src/node/holding/openHeld.ts';
import type { HeldRecord } from '../../src/journal/holdingTables.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { collect } from '../../src/store/byteStream.ts';
import { toHex } from '../../src/hash/bytes.ts';
import {
  enrolledPatient,
  handIn,
  knownNode,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { codeOf } from '../support/codeOf.ts';
import { replaced } from '../support/hostileNetwork.ts';

const SECRET_TEXT = 'Plainly readable finding 4711';

describe('what fails to open', () => {
  let network: TestNetwork;
  let patient: TestPatient;
  let held: HeldRecord;
  const lines: string[] = [];
  const errors: unknown[] = [];

  before(async () => {
    network = await startTestNetwork({
      consensus: ['Keeper'],
      log: (node) => (event, facts) => lines.push(JSON.stringify({ node, event, ...facts })),
    });
    await network.settle();
    patient = await enrolledPatient(network, ['North', 'South']);
    held = await stored();
  });
  after(() => network.close());

  const south = () => network.node('South').open.components;

  /** What South is told of a new record; `sealed` is called when it is sealed. */
  async function stored(sealed: () => void = () => undefined): Promise<HeldRecord> {
    const { records } = await handIn(network, 'North', patient, [
      { category: 'result', text: SECRET_TEXT },
    ]);
    sealed();
    await network.settle();
    const record = south().holding.held(records[0]?.anchor ?? '0x');
    if (record === undefined) throw new Error('South was told of it');
    return record;
  }

  const contentOf = (cid: string, size: number): Promise<Uint8Array> =>
    collect(south().store.get(cid, size), size, () => new Error('too long'));

  /** Opens the held record with altered bytes in place of what the store gives for a CID. */
  async function openedWith(
    cid: string,
    change: (bytes: Uint8Array) => Uint8Array,
  ): Promise<string> {
    const altered = change(
      (await contentOf(cid, cid === held.wrapCid ? held.wrapSize : held.recordSize)).slice(),
    );
    const stop = replaced(
      south().store,
      'get',
      (honest) => (asked, size, call) =>
        asked === cid ? oneOf(altered) : honest(asked, size, call),
    );
    try {
      return await codeOf(async () => {
        try {
          const { body } = await openHeld(south(), held);
          for await (const piece of body) expect(piece.length).to.equal(-1, 'no plaintext');
        } catch (error) {
          errors.push(error);
          throw error;
        }
      });
    } finally {
      stop();
    }
  }

  const flip = (at: number) => (bytes: Uint8Array) => {
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
  const setSuite = (suite: number) => (bytes: Uint8Array) => {
    bytes[1] = suite;
    return bytes;
  };

  it('hostile 42: an unknown or downgraded suite in record or wrap is refused', async () => {
    expect(await openedWith(held.recordCid, setSuite(X25519_SUITE))).to.equal('SuiteRefused');
    expect(await openedWith(held.recordCid, setSuite(99))).to.equal('UnknownSuite');
    // A wrap says its suite by its length, too.
    const codes = ['SuiteRefused', 'UnknownSuite', 'BadWrapBlock'];
    expect(await openedWith(held.wrapCid, setSuite(X25519_SUITE))).to.be.oneOf(codes);
    expect(await openedWith(held.wrapCid, setSuite(99))).to.be.oneOf(codes);
  });

  it('hostile 42: a node registered with a downgraded KEM key gets no session and no keys', async () => {
    const { publicKey } = await deriveKemKeyPair(X25519_SUITE, new Uint8Array(32).fill(7));
    const { nodes } = network.node('North').open.components;
    const east = network.node('East').self.nodeId;
    for (const suite of [X25519_SUITE, 99]) {
      const kemKey = toHex(Uint8Array.of(suite, ...publicKey.bytes));
      const stop = replaced(nodes, 'byId', (honest) => (nodeId) => {
        const node = honest(nodeId);
        return node !== undefined && nodeId === east ? { ...node, kemKey } : node;
      });
      network.node('North').open.courier.forgetSession(east);
      const code = await codeOf(() =>
        network.node('North').open.courier.request(east, 40, new Uint8Array()),
      );
      stop();
      expect(code).to.be.oneOf(['SuiteRefused', 'UnknownSuite']);
    }
    expect(knownNode(network, 'East').kemKey.slice(2, 4)).to.equal(`0${HYBRID_SUITE}`);
  });

  it('hostile 40: no log line and no error of a failing decryption tells key, plaintext or patient', async () => {
    const tries: [string, (bytes: Uint8Array) => Uint8Array][] = [
      [held.wrapCid, flip(60)],
      [held.wrapCid, flip(held.wrapSize - 1)],
      [held.recordCid, flip(70)],
      [held.recordCid, flip(140)],
      [held.recordCid, flip(held.recordSize - 1)],
      [held.recordCid, (bytes) => bytes.subarray(0, 100)],
    ];
    for (const [cid, change] of tries) expect(await openedWith(cid, change)).to.not.equal('none');
    // A record whose author's signature is wrong, found while it is taken: refused, with an alarm.
    const { self } = network.node('North').open.components;
    const honestly = replaced(self, 'signingKey', () => network.node('East').self.signingKey);
    const forged = await stored(honestly);
    // The author's own node finds it first and gives it to nobody.
    const north = network.node('North').open.components.holding;
    expect(forged.state).to.equal('due');
    expect(north.held(forged.anchor)?.state).to.equal('refused');
    expect(north.alarms().length).to.be.greaterThan(0);
    for (const garbage of [new Uint8Array(3), new Uint8Array(2_000).fill(9)]) {
      errors.push(
        await network
          .node('South')
          .open.clientDoor(garbage)
          .catch((error: unknown) => error),
      );
    }
    const told = [
      ...lines,
      ...errors.map(textOf),
      ...north.alarms().map((alarm) => JSON.stringify(alarm)),
    ].join('\n');
    const secrets = [
      SECRET_TEXT,
      patient.network.patientId.slice(2),
      patient.wallet.rootKey.slice(2),
      patient.wallet.authorityKey.slice(2),
      held.recordSalt.slice(2),
      held.handle.slice(2),
      ...patient.identifiers.map(({ value }) => value),
      ...network.nodes.flatMap(({ self }) =>
        [self.signingKey, self.kemSeed, self.journalKey].map((key) => toHex(key).slice(2)),
      ),
    ];
    expect(errors.length).to.be.greaterThan(6);
    for (const secret of secrets) {
      expect(told.includes(secret), secret.slice(0, 12)).to.equal(false);
      expect(told.includes(Buffer.from(secret, 'hex').toString('base64') || '\0')).to.equal(false);
    }
  });
});

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** All that an error says, its causes and the stack too. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const facts = error instanceof CarelatticeError ? JSON.stringify(error.facts) : '';
  return `${error.message} ${error.stack ?? ''} ${facts} ${error.cause === undefined ? '' : textOf(error.cause)}`;
}
