import { expect } from 'chai';
import { ask } from '../../src/client/ask.ts';
import { inboxKeyOf } from '../../src/client/inbox/inboxKey.ts';
import { openPatient, scopeEpoch, setRelations } from '../../src/client/patientMessages.ts';
import { authorityOf, handleIn } from '../../src/client/wallet/wallet.ts';
import { relationsDigest } from '../../src/domain/relations.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { type Hex, toHex, uint, ZERO_32 } from '../../src/hash/bytes.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { decodeMessage, encodeMessage, type PatientMessage } from '../../src/wire/messages.ts';
import { z } from 'zod';
import {
  activeNode,
  clientOf,
  enrollAt,
  enrolledPatient,
  newPatient,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';

/** Whoever reaches the client door of the consensus node fills neither its journal nor its batches. */
describe('openings, relations and scope epochs at the consensus node', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;

  before(async () => {
    network = await startTestNetwork({ hospitals: ['North', 'South'] });
    await network.settle();
    patient = await enrolledPatient(network, ['North']);
    await enrollAt(network, patient, ['North', 'South']);
    await network.settle();
  });
  after(() => network.close());

  /** Brings a message. @returns the code of the refusal with a mark when it may pass by itself, else `taken` */
  async function bring(message: PatientMessage): Promise<string> {
    const { transport, consensus } = clientOf(network);
    const { networkId } = network.manifest;
    const body = encodeMessage(message);
    try {
      const answer = await ask(transport, networkId, consensus, MessageType.PatientMessage, body);
      return decodeMessage(z.object({ taken: z.boolean() }), answer).taken ? 'taken' : 'not taken';
    } catch (error) {
      if (!(error instanceof CarelatticeError)) throw error;
      return error.retryable ? `${error.code}, later` : error.code;
    }
  }
  /** Messages that the active consensus node keeps, and those on their way to its standby. */
  function kept(): number[] {
    const { db } = activeNode(network).open.components;
    return ['patient_message', 'outbox'].map((table) =>
      Number(db.get(`SELECT COUNT(*) AS n FROM ${table}`)?.['n']),
    );
  }
  /** Brings what is to be kept out. */
  async function keptOut(message: PatientMessage): Promise<string> {
    const before = kept();
    const outcome = await bring(message);
    expect(kept(), outcome).to.deep.equal(before);
    return outcome;
  }

  const strange = ({ wallet }: TestPatient) => ({ ...wallet, authorityKey: toHex(random(32)) });
  const relations = (one: TestPatient, seq: number, wallet = one.wallet): PatientMessage =>
    setRelations(wallet, one.network, seq, relationsDigest(one.network.relations));
  const step = (one: TestPatient, epoch: number, wallet = one.wallet): PatientMessage =>
    scopeEpoch(wallet, one.network, {
      seq: one.network.seq + 1,
      handle: handleIn(one.wallet, one.network, 'result'),
      epoch,
      commitment: toHex(random(28)).padEnd(66, '0') as Hex,
    });
  async function opening(one: TestPatient): Promise<PatientMessage> {
    const { hash } = await inboxKeyOf(one.wallet, one.network);
    return openPatient(one.wallet, one.network, hash);
  }
  const junk = (message: PatientMessage): PatientMessage => ({
    ...message,
    signature: toHex(random(65)),
  });

  it('hostile: are not kept when another account signed them, or none', async () => {
    const { seq } = patient.network;
    for (const message of [
      relations(patient, seq + 1, strange(patient)),
      step(patient, 1, strange(patient)),
      junk(relations(patient, seq + 1)),
      junk(step(patient, 1)),
      { ...step(patient, 1), signature: '0x' as const },
      junk(await opening(newPatient(network))),
    ])
      expect(await keptOut(message), `kind ${message.kind}`).to.equal('BadSignature');
  });

  it('hostile: are not kept for patients whom nobody opens', async () => {
    const nobody = newPatient(network);
    for (const message of [relations(nobody, 1), step(nobody, 1), junk(step(nobody, 1))])
      expect(await keptOut(message)).to.equal('PatientUnknown, later');
  });

  it('hostile: are held against the account of an opening that waits', async () => {
    const fresh = newPatient(network);
    const open = await opening(fresh);
    expect(await bring(open)).to.equal('taken');
    expect(await keptOut(open)).to.equal('taken');
    for (const message of [
      relations(fresh, 1, strange(fresh)),
      junk(relations(fresh, 1)),
      step(fresh, 1, strange(fresh)),
    ])
      expect(await keptOut(message)).to.equal('BadSignature');
    const before = kept();
    expect([await bring(relations(fresh, 1)), await bring(step(fresh, 1))]).to.deep.equal([
      'taken',
      'taken',
    ]);
    expect(kept()).to.deep.equal(before.map((count) => count + 2));
    await network.settle();
    const { patientRegistry } = activeNode(network).open.components.contracts;
    const { patientId } = fresh.network;
    expect(await patientRegistry.call('authorityOf', [patientId], 'latest')).to.equal(
      authorityOf(fresh.wallet),
    );
    expect((await patientRegistry.call('relationsOf', [patientId], 'latest')).seq).to.equal(1n);
  });

  it('hostile: are not kept in another form, or under another patient’s name', async () => {
    const open = await opening(newPatient(network));
    const good = step(patient, 1);
    const word = (value: bigint): Hex => toHex(uint(value, 32));
    const at = (message: PatientMessage, place: number, value: Hex): PatientMessage => ({
      ...message,
      words: message.words.map((one, index) => (index === place ? value : one)),
    });
    for (const message of [
      { ...good, words: good.words.slice(1) },
      { ...good, words: [...good.words, ZERO_32] },
      { ...good, words: [] },
      { ...good, patientId: toHex(random(32)) },
      at(good, 1, word(2n ** 64n)),
      at(good, 3, word(2n ** 32n)),
      at(relations(patient, 3), 1, word(2n ** 64n)),
      { ...open, patientId: patient.network.patientId },
      at(open, 0, word(2n ** 160n)),
      { ...open, words: [] },
    ])
      expect(await keptOut(message)).to.equal('MalformedBody');
    expect(await keptOut(step(patient, 2 ** 20 + 1))).to.equal('NumberTooFar');
    expect(await keptOut(relations(patient, 2 ** 20 + 9))).to.equal('NumberTooFar');
  });

  it('hostile: are not kept again when the chain has them or what came after, whoever brings them', async () => {
    const { seq } = patient.network;
    // In the words and signatures that it has seen, and in others.
    expect(await keptOut(await opening(patient))).to.equal('taken');
    expect(await keptOut(junk(await opening(patient)))).to.equal('taken');
    expect(await keptOut(relations(patient, seq))).to.equal('taken');
    expect(await keptOut(junk(relations(patient, seq)))).to.equal('taken');
    expect(await keptOut(junk(relations(patient, seq - 1)))).to.equal('OldSeq');
    const stepped = step(patient, 1);
    expect(await bring(stepped)).to.equal('taken');
    await network.settle();
    expect(await keptOut(stepped)).to.equal('taken');
    expect(await keptOut(junk(stepped))).to.equal('taken');
    // Another key at that epoch has lost, whoever signs for it.
    for (const message of [step(patient, 1), junk(step(patient, 1)), step(patient, 0)])
      expect(await keptOut(message)).to.equal('OldEpoch');
  });

  it('are kept once for the list behind relations that came to the chain another way', async () => {
    const { network: own } = patient;
    own.relations = own.relations.map((relation) => ({ ...relation, salt: toHex(random(32)) }));
    own.seq += 3;
    const message = relations(patient, own.seq);
    const { contracts, consensus } = activeNode(network).open.components;
    const [patientId = '0x', seq = '0x', digest = '0x'] = message.words;
    const data = contracts.patientRegistry.encode('setRelations', [
      patientId,
      BigInt(seq),
      digest,
      message.signature,
    ]);
    const { accounts, rpc } = network.chain;
    const to = contracts.patientRegistry.address;
    await rpc.send('eth_sendTransaction', [{ from: accounts[0]?.account, to, data }]);
    await network.chain.mine();
    await network.settle();
    expect(consensus.relationsMessage(digest)).to.equal(undefined);

    expect(await bring(message)).to.equal('taken');
    expect(consensus.relationsMessage(digest)?.relations).to.have.lengthOf(2);
    expect(await keptOut(junk(message))).to.equal('taken');
    await network.settle();
    // The table follows from that list: nobody else has it.
    expect(consensus.entry(patientId)?.leaf.relationsDigest).to.equal(digest);
  });
});
