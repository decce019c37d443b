import { AbiCoder, id, keccak256, randomBytes, toBigInt } from 'ethers';
import type { Wallet } from 'ethers';
import { network } from 'hardhat';
import { deployEdge } from './deployEdge.ts';
import { approvals, circleOf, digestOf, guardianOf } from './guardians.ts';
import type { Circle, Guardian, Signatures } from './guardians.ts';
import { NETWORK, sign, walletOf } from './signing.ts';

export const DAY = 86_400;
export const alice = walletOf('Alice');
export const next = walletOf("Alice's next account");
export const thief = walletOf('thief');
export const helpers = ['mother', 'brother', 'friend', 'doctor', 'lawyer'].map(walletOf);
export const [mother, brother, friend] = helpers.map(guardianOf) as [Guardian, Guardian, Guardian]; // five names

const idNonce = id('nonce');
export const patientIdOf = (account: string, nonce = idNonce): string =>
  keccak256(
    AbiCoder.defaultAbiCoder().encode(['bytes32', 'address', 'bytes32'], [NETWORK, account, nonce]),
  );
export const aliceId = patientIdOf(alice.address);
export const rowOf = (patientId: string, networkId = NETWORK) => ({ networkId, patientId });

/** Three of five act together, after three days. */
export const circle = circleOf(
  aliceId,
  helpers.map(({ address }) => address),
  3,
  3 * DAY,
);
export const three = [mother, brother, friend];
const signedBy = (by: Wallet, digest: string): string => by.signingKey.sign(digest).serialized;

export type Scene = Awaited<ReturnType<typeof setup>>;

/** An edge network with Alice, opened. */
export async function setup() {
  const connection = await network.create('edge');
  const edge = await deployEdge(connection);
  const { patients, stranger } = edge;
  const registry = patients.connect(stranger);
  const open = async (by: Wallet, nonce = idNonce): Promise<void> => {
    const message = { authority: by.address, idNonce: nonce, inboxKeyHash: id('inbox') };
    const signature = await sign(by, 'OpenPatient', message);
    await registry.openPatient(by.address, nonce, id('inbox'), signature);
  };
  await open(alice);

  const pass = async (seconds: number): Promise<void> => {
    await connection.ethers.provider.send('evm_increaseTime', [seconds]);
    await connection.ethers.provider.send('evm_mine', []);
  };
  const guard = () => registry.guardOf(aliceId);
  const ownerSeq = async () => (await guard()).ownerSeq + 1n;
  const guardianSeq = async () => (await guard()).guardianSeq + 1n;

  const signaturesOver = (
    digest: string,
    by: { owner?: Wallet; successor?: Wallet; guardians?: readonly Guardian[]; of?: Circle },
  ): Signatures => ({
    owner: by.owner === undefined ? '0x' : signedBy(by.owner, digest),
    successor: by.successor === undefined ? '0x' : signedBy(by.successor, digest),
    guardians: approvals(by.of ?? circle, by.guardians ?? [], digest),
  });

  const setGuardians = async (
    { root, threshold, delay }: Circle,
    by: Wallet = alice,
    guardians: readonly Guardian[] = [],
  ) => {
    const seq = await ownerSeq();
    const message = { patientId: aliceId, seq, guardiansRoot: root, threshold, delay };
    const signatures = signaturesOver(digestOf('SetGuardians', message), { owner: by, guardians });
    return registry.setGuardians(aliceId, seq, root, threshold, delay, signatures);
  };
  const setAuthority = (
    to: Wallet,
    {
      by = alice,
      guardians = [],
      rows = [rowOf(aliceId)],
      nonce = toBigInt(randomBytes(32)),
    }: {
      by?: Wallet;
      guardians?: readonly Guardian[];
      rows?: { networkId: string; patientId: string }[];
      nonce?: bigint;
    } = {},
  ) => {
    const message = { account: by.address, authority: to.address, nonce, rows };
    const digest = digestOf('SetAuthority', message);
    const signatures = signaturesOver(digest, { owner: by, successor: to, guardians });
    return registry.setAuthority(by.address, to.address, nonce, rows, signatures);
  };
  const recover = async (to: Wallet, guardians: readonly Guardian[] = three) => {
    const seq = await guardianSeq();
    const message = { patientId: aliceId, seq, authority: to.address };
    const digest = digestOf('RecoverAuthority', message);
    const signatures = signaturesOver(digest, { successor: to, guardians });
    return registry.recoverAuthority(aliceId, seq, to.address, signatures);
  };
  const freeze = async (duration: number, guardians: readonly Guardian[] = three) => {
    const seq = await guardianSeq();
    const digest = digestOf('FreezeAuthority', { patientId: aliceId, seq, duration });
    return registry.freezeAuthority(aliceId, seq, duration, signaturesOver(digest, { guardians }));
  };
  const veto = async (by: Wallet = alice) => {
    const seq = await ownerSeq();
    return registry.vetoRecovery(
      aliceId,
      seq,
      await sign(by, 'VetoRecovery', { patientId: aliceId, seq }),
    );
  };
  const setInboxKey = async (kemKeyHash: string, by: Wallet = alice) => {
    const seq = await ownerSeq();
    const message = { patientId: aliceId, seq, kemKeyHash };
    return registry.setInboxKey(aliceId, seq, kemKeyHash, await sign(by, 'SetInboxKey', message));
  };
  const setRelations = async (seq: bigint, by: Wallet = alice) => {
    const message = { patientId: aliceId, seq, relationsDigest: id(`relations ${seq}`) };
    return registry.setRelations(
      aliceId,
      seq,
      message.relationsDigest,
      await sign(by, 'SetRelations', message),
    );
  };
  const stepScope = async (epoch: number, by: Wallet = alice) => {
    const message = {
      patientId: aliceId,
      seq: 1n,
      handle: id('handle'),
      epoch,
      commitment: id('c'),
    };
    const signature = await sign(by, 'ScopeEpoch', message);
    return registry.setScopeEpoch(
      aliceId,
      1n,
      message.handle,
      epoch,
      message.commitment,
      signature,
    );
  };
  return {
    ...edge,
    ...connection,
    registry,
    open,
    pass,
    guard,
    ownerSeq,
    guardianSeq,
    signaturesOver,
    setGuardians,
    setAuthority,
    recover,
    freeze,
    veto,
    setInboxKey,
    setRelations,
    stepScope,
    authority: () => registry.authorityOf(aliceId),
    complete: () => registry.completeAuthority(aliceId),
    pending: async () => [...(await registry.pendingOf(aliceId))],
    /** Her guardians are named: three of five. */
    guarded: () => setGuardians(circle),
  };
}
