import { expect } from 'chai';
import fc from 'fast-check';
import { ask } from '../../src/client/ask.ts';
import { inboxToken } from '../../src/client/inbox/inboxToken.ts';
import { toHex } from '../../src/hash/bytes.ts';
import { encodeBody } from '../../src/wire/cbor.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { encodeMessage } from '../../src/wire/messages.ts';
import { jsonOf } from '../../src/wire/typedDataJson.ts';
import { codeOf } from '../support/codeOf.ts';
import { readerNamed } from '../support/consents.ts';
import {
  enrolledPatient,
  knownNode,
  notes,
  handIn,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { grantedPackage, readQuestionOf, revocationOf } from '../support/reading.ts';

type Body = Record<string, unknown>;

/** What no honest client sends in a field. */
const oddities = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    '',
    '0x',
    '0x00',
    [],
    {},
    0,
    -1,
    2 ** 53 - 1,
    2 ** 31,
    300,
  ),
  fc.constantFrom<unknown>(
    '9'.repeat(78),
    '1'.repeat(300),
    `0x${'00'.repeat(32)}`,
    `0x${'ff'.repeat(32)}`,
  ),
  fc.constantFrom<unknown>(
    `0x${'ff'.repeat(20)}`,
    `0x${'1b'.repeat(65)}`,
    [[]],
    [`0x${'ff'.repeat(32)}`],
  ),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => toHex(bytes)),
  fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 5 }),
);

/** The body with one field, at any depth, replaced or taken out. */
function spoilt(body: Body, path: number, value: unknown, isGone: boolean): Body {
  const places: [Body, string][] = [];
  const copy = structuredClone(body);
  const visit = (node: Body): void => {
    for (const [key, inner] of Object.entries(node)) {
      places.push([node, key]);
      if (typeof inner === 'object' && inner !== null) visit(inner as Body); // an object or a list
    }
  };
  visit(copy);
  const [node, key] = places[path % places.length] as [Body, string]; // a body has fields
  if (isGone && Array.isArray(node)) node.splice(Number(key), 1);
  else if (isGone) delete node[key];
  else node[key] = value;
  return copy;
}

describe('a malformed question at a door', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;

  before(async () => {
    network = await startTestNetwork({
      readers: ['Insurer'],
      hospitals: ['North', 'South'],
      consensus: ['Keeper'],
    });
    await network.settle();
    patient = await enrolledPatient(network, ['South']);
    await handIn(network, 'South', patient, notes(1));
    await network.settle();
  });
  after(() => network.close());

  /** Every answer is a code of ours: nothing falls through the door. */
  async function everyAnswerIsNamed(
    name: string,
    type: number,
    honest: () => Body,
    wrap: (body: Body) => object = (body) => body,
  ): Promise<void> {
    const node = knownNode(network, name);
    const { networkId } = network.manifest;
    const put = (bytes: Uint8Array) =>
      codeOf(() => ask(network.transport, networkId, node, type, bytes));
    await fc.assert(
      fc.asyncProperty(fc.nat(200), oddities, fc.boolean(), async (path, value, isGone) => {
        const body = spoilt(honest(), path, value, isGone);
        expect(await put(encodeMessage(wrap(body)))).to.match(/^[A-Za-z]+$/);
      }),
      { numRuns: 120 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        expect(await put(bytes)).to.match(/^[A-Za-z]+$/);
      }),
      { numRuns: 30 },
    );
    expect(await put(encodeBody({}))).to.equal('MalformedBody');
    // The node goes on as before.
    await network.settle();
  }

  const token = () => {
    const { components, self } = network.node('South').open;
    return inboxToken(patient.wallet, patient.network, self.nodeId, {
      now: components.now,
      random,
    });
  };

  it('of a reader is refused by name, whatever it holds', async () => {
    const insurer = readerNamed(network, 'Insurer');
    const shown = await grantedPackage(network, patient, insurer, 'South');
    const question = await readQuestionOf(network, insurer, shown);
    await everyAnswerIsNamed('South', MessageType.ReadRequest, () => ({ ...question }));
    const plain = jsonOf(shown) as Body; // of an object an object
    await everyAnswerIsNamed(
      'South',
      MessageType.ReadRequest,
      () => plain,
      (body) => ({ ...question, package: toHex(encodeMessage(body)) }),
    );
  });

  it('of a patient about her records or her receipts is refused by name', async () => {
    await everyAnswerIsNamed('South', MessageType.PatientRecords, () => ({
      token: token(),
      limit: 5,
      after: `0x${'11'.repeat(32)}`,
    }));
    await everyAnswerIsNamed('South', MessageType.PatientReceiptLog, () => ({
      token: token(),
      from: 1,
      limit: 5,
      openFrom: 1,
    }));
  });

  it('of a patient for the chain is refused by name, and stops nobody', async () => {
    await everyAnswerIsNamed('Keeper', MessageType.PatientMessage, () => ({
      ...revocationOf(network, patient.wallet, patient.network.patientId, toHex(random(32))),
    }));
  });
});
