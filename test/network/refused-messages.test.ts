import { expect } from 'chai';
import {
  freezeAuthorityFields,
  freezeAuthorityItem,
} from '../../src/client/account/authorityMessages.ts';
import { ask } from '../../src/client/ask.ts';
import { grantMessage, scopeEpoch, setRelations } from '../../src/client/patientMessages.ts';
import { authorityOf, handleIn } from '../../src/client/wallet/wallet.ts';
import { signDigest } from '../../src/crypto/signatures.ts';
import { relationsDigest } from '../../src/domain/relations.ts';
import { fromHex, type Hex, toHex } from '../../src/hash/bytes.ts';
import { MessageType } from '../../src/wire/envelope.ts';
import { encodeMessage, type PatientMessage } from '../../src/wire/messages.ts';
import { codeOf } from '../support/codeOf.ts';
import {
  activeNode,
  clientOf,
  enrolledPatient,
  handIn,
  notes,
  random,
  startTestNetwork,
  type TestNetwork,
  type TestPatient,
} from '../support/edgeNetwork.ts';
import { approvalsOf, guardedBy, guardIn, pass } from '../support/guardians.ts';

/** What was taken once and refused by the chain, or overtaken there, is not told as taken for ever. */
describe('a message of a patient that lost on the chain', function () {
  this.timeout(60_000);
  let network: TestNetwork;
  let patient: TestPatient;

  beforeEach(async () => {
    network = await startTestNetwork({
      hospitals: ['North', 'South'],
      windows: { takeOverSeconds: 8 },
    });
    await network.settle();
    patient = await enrolledPatient(network, ['North']);
  });
  afterEach(() => network.close());

  /** @returns `none` when the consensus node says that it has taken it */
  const bring = (message: PatientMessage): Promise<string> => {
    const { consensus, transport } = clientOf(network);
    const { networkId } = network.manifest;
    const type = MessageType.PatientMessage;
    return codeOf(() => ask(transport, networkId, consensus, type, encodeMessage(message)));
  };
  const registry = () => activeNode(network).open.components.contracts.patientRegistry;
  /** What the batches were refused for, each kind of refusal once. */
  const refused = (): Set<string> =>
    new Set(
      activeNode(network)
        .open.components.db.all('SELECT reason FROM refused_item')
        .map(({ reason }) => String(reason)),
    );
  const seqOnChain = async (): Promise<number> =>
    Number((await registry().call('relationsOf', [patient.network.patientId], 'latest')).seq);
  const stepOnChain = (category: string) =>
    registry().call('scopeEpochOf', [patient.network.patientId, handle(category)], 'latest');
  const handle = (category: string): Hex => handleIn(patient.wallet, patient.network, category);

  /** Her relations under another salt, as another device of hers would sign them. */
  function relations(seq: number): PatientMessage {
    const own = structuredClone(patient.network);
    own.relations = own.relations.map((relation) => ({ ...relation, salt: toHex(random(32)) }));
    return setRelations(patient.wallet, own, seq, relationsDigest(own.relations));
  }
  const step = (category: string, epoch: number, seq = patient.network.seq + 1): PatientMessage =>
    scopeEpoch(patient.wallet, patient.network, {
      ...{ seq, handle: handle(category), epoch },
      commitment: toHex(random(32)),
    });
  function grant(): PatientMessage {
    const digest = random(32);
    const signature = signDigest(fromHex(patient.wallet.authorityKey, 32), digest);
    const { patientId } = patient.network;
    return grantMessage(patientId, authorityOf(patient.wallet), toHex(digest), signature);
  }
  async function untilTakenOver(): Promise<void> {
    const other = await enrolledPatient(network, ['North']);
    await network.node('Keeper').stop();
    await handIn(network, 'North', other, notes(1)); // somebody needs a consensus node
    for (let i = 0; i < 60 && activeNode(network).name === 'Keeper'; i++) await network.step();
    expect(activeNode(network).name).to.equal('Standby');
  }

  it('hostile: is tried on the chain anew, and goes there when it may', async () => {
    const guardians = (await guardedBy(network, patient)).slice(0, 3);
    const { guardianSeq, threshold } = await guardIn(network, patient);
    const fields = freezeAuthorityFields(patient.network, guardianSeq, 60);
    const approvals = approvalsOf(guardians, 'FreezeAuthority', fields);
    const freeze = freezeAuthorityItem(patient.network, fields, { threshold, approvals });
    const seq = patient.network.seq + 1;
    const messages = [relations(seq), step('result', 1), grant()];
    // All are good when they are brought; the freeze is first in their batch.
    for (const message of [freeze, ...messages]) expect(await bring(message)).to.equal('none');
    await network.settle();
    expect(refused()).to.deep.equal(new Set(['AuthorityFrozen', 'Frozen']));
    for (const message of messages) expect(await bring(message)).to.match(/^(Authority)?Frozen$/);
    await pass(network, 61);
    expect(await seqOnChain()).to.equal(seq - 1);

    for (const message of messages) expect(await bring(message)).to.equal('none');
    // It waits once, however often it comes.
    for (const message of messages) expect(await bring(message)).to.equal('none');
    expect(activeNode(network).open.components.consensus.waitingMessages(9)).to.have.length(3);
    await network.settle();
    expect(await seqOnChain()).to.equal(seq);
    expect((await stepOnChain('result')).epoch).to.equal(1n);
    for (const message of messages.slice(0, 2)) expect(await bring(message)).to.equal('none');
    expect(await bring(messages[2] ?? grant())).to.equal('Used');
    expect(activeNode(network).open.components.consensus.waitingMessages(9)).to.deep.equal([]);
  });

  it('hostile: is not told as taken when another one has its number, nor after a take-over', async () => {
    const seq = patient.network.seq + 1;
    const [first, second] = [relations(seq), relations(seq)];
    for (const message of [first, second]) expect(await bring(message)).to.equal('none');
    await network.settle();
    expect([await bring(first), await bring(second)]).to.deep.equal(['none', 'OldSeq']);
    await untilTakenOver();
    expect([await bring(first), await bring(second)]).to.deep.equal(['none', 'OldSeq']);
  });

  it('hostile: is not told as taken when another key has its epoch, nor after a take-over', async () => {
    const [first, second] = [step('result', 2), step('result', 2)];
    const behind = step('result', 1);
    for (const message of [first, second, behind]) expect(await bring(message)).to.equal('none');
    await network.settle();
    const outcomes = async () => [await bring(first), await bring(second), await bring(behind)];
    expect(await outcomes()).to.deep.equal(['none', 'OldEpoch', 'OldEpoch']);
    const { epoch, commitment } = await stepOnChain('result');
    expect(epoch).to.equal(2n);
    expect(first.words[4]?.slice(0, 58)).to.equal(commitment);
    await untilTakenOver();
    expect(await outcomes()).to.deep.equal(['none', 'OldEpoch', 'OldEpoch']);
    // The way out that the message names.
    expect(await bring(step('result', 3))).to.equal('none');
  });

  it('hostile: waits on while the chain shows a later step of another key', async () => {
    const { seq } = patient.network;
    const [waits, other] = [step('result', 1, seq + 1), step('medication', 1, seq + 2)];
    expect(await bring(waits)).to.equal('none');
    // Anybody brings the other one by himself.
    const [patientId = '0x', number = '0x', name = '0x', epoch, commitment = '0x'] = other.words;
    const args = [patientId, BigInt(number), name, Number(epoch), commitment] as const;
    const data = registry().encode('setScopeEpoch', [...args, other.signature]);
    const { accounts, rpc } = network.chain;
    const from = accounts[0]?.account;
    await rpc.send('eth_sendTransaction', [{ from, to: registry().address, data }]);
    await network.chain.mine();
    await network.settle();
    const epochs = [await stepOnChain('medication'), await stepOnChain('result')];
    expect(epochs.map((one) => one.epoch)).to.deep.equal([1n, 1n]);
  });
});
