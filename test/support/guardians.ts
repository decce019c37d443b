import { type AccountGuard, readGuard, setGuardians } from '../../src/client/account/authority.ts';
import { type AccountSigner, keySigner } from '../../src/client/account/authorityMessages.ts';
import {
  approve,
  type ApprovedName,
  type GuardianApproval,
  type GuardianCard,
  guardianCards,
  newCircle,
} from '../../src/client/account/guardians.ts';
import type { NetworkWay } from '../../src/client/consent/revoke.ts';
import { toHex } from '../../src/hash/bytes.ts';
import type { LocalNetwork } from '../../src/localnet/network.ts';
import type { MessageOf } from '../../src/wire/typedData.ts';
import { clientOf, random, type TestPatient, timeOf } from './edgeNetwork.ts';

/** Guardians of patients on small networks. */

export const DAY = 86_400;

export interface TestGuardian {
  readonly signer: AccountSigner;
  readonly card: GuardianCard;
}

export const newSigner = (): AccountSigner & { key: `0x${string}` } => {
  const key = toHex(random(32));
  return { key, ...keySigner(key) };
};

export function wayOf(network: LocalNetwork): NetworkWay {
  const { transport, consensus } = clientOf(network);
  return { transport, consensus };
}

export const guardIn = (network: LocalNetwork, patient: TestPatient): Promise<AccountGuard> => {
  const reader = network.nodes.find((node) => node.isRunning);
  if (reader === undefined) throw new Error('no node is running');
  return readGuard(reader.open.components.contracts.patientRegistry, patient.network.patientId);
};

/** Five guardians, three of whom act together after three days. Takes effect as the network settles. */
export async function guardedBy(
  network: LocalNetwork,
  patient: TestPatient,
): Promise<TestGuardian[]> {
  const signers = Array.from({ length: 5 }, newSigner);
  const accounts = signers.map(({ account }) => account);
  const circle = newCircle(accounts, { threshold: 3, delay: 3 * DAY }, random);
  const guard = await guardIn(network, patient);
  await setGuardians(patient.wallet, patient.network, wayOf(network), guard, circle);
  await network.settle();
  const cards = guardianCards(patient.network, circle);
  return signers.map((signer, i) => {
    const card = cards[i];
    if (card === undefined) throw new Error('each guardian has a card');
    return { signer, card };
  });
}

/** What these guardians approve, as JSON that has been on its way. */
export const approvalsOf = <N extends ApprovedName>(
  guardians: readonly TestGuardian[],
  name: N,
  message: MessageOf<N>,
): GuardianApproval[] =>
  guardians.map(({ signer, card }) => {
    const approval = approve(card, (digest) => signer.sign(digest), name, message);
    return JSON.parse(JSON.stringify(approval)) as GuardianApproval; // plain JSON comes back as it was
  });

/** Chain time moves on. */
export async function pass(network: LocalNetwork, seconds: number): Promise<void> {
  await network.chain.setTime((await timeOf(network)) + seconds);
  await network.chain.mine();
  await network.settle();
}
