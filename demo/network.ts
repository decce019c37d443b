import { randomBytes } from 'node:crypto';
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { enroll, type EnrollmentWish } from '../src/client/enrolment/enroll.ts';
import { noConsensusNode } from '../src/client/networkView.ts';
import {
  networkOf,
  newWallet,
  type Wallet,
  type WalletNetwork,
} from '../src/client/wallet/wallet.ts';
import { sealWalletKey } from '../src/client/wallet/walletKeys.ts';
import { roleNumber } from '../src/chain/nodeEvents.ts';
import { newRecoveryCode } from '../src/crypto/recoveryCode.ts';
import type { KnownNode } from '../src/domain/knownNode.ts';
import { CarelatticeError } from '../src/errors.ts';
import { CATEGORIES } from '../src/fhir/categories.ts';
import { type Hex, toHex, utf8 } from '../src/hash/bytes.ts';
import type { LocalNetwork } from '../src/localnet/network.ts';
import { fhirReader } from '../src/node/recording/fhirReader.ts';
import { type Accepted, submit } from '../src/node/recording/submit.ts';
import type { DemoPatient } from './dataset.ts';

/** What people do in the demo: a patient enrols, a hospital hands in a bundle. */

export const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size));

export interface Enrolled {
  patient: DemoPatient;
  wallet: Wallet;
  network: WalletNetwork;
}

/** All nodes as the chain has them. */
export function directoryOf(network: LocalNetwork): Map<Hex, KnownNode> {
  const [any] = network.nodes;
  return new Map(any?.open.components.nodes.all().map((node) => [node.nodeId, node]));
}

export function activeNode(network: LocalNetwork): KnownNode {
  const nodes = directoryOf(network);
  const active = network.nodes[0]?.open.components.active();
  const node = active === undefined ? undefined : nodes.get(active.nodeId);
  if (node === undefined) throw noConsensusNode();
  return node;
}

export async function enrollPatient(
  network: LocalNetwork,
  patient: DemoPatient,
): Promise<Enrolled> {
  const wallet = newWallet(random);
  // A passphrase would be a person's; these two kinds cost no time.
  const code = newRecoveryCode(random);
  const guardians = { kind: 'guardians', threshold: 2, guardians: 3 } as const;
  await sealWalletKey(wallet, [{ kind: 'recoveryCode', code }, guardians]);
  const own = networkOf(wallet, network.manifest);
  const nodes = directoryOf(network);
  const wishes = patient.hospitals.map((name): EnrollmentWish => {
    const node = nodes.get(network.node(name).self.nodeId);
    if (node === undefined)
      throw new CarelatticeError('NodeUnknown', 'the hospital is no node here', {
        facts: { name },
      });
    return {
      node,
      role: roleNumber(node.role),
      categories: CATEGORIES,
      identifiers: patient.identifiers,
    };
  });
  const client = {
    transport: network.transport,
    consensus: activeNode(network),
    nodes,
    categories: CATEGORIES,
    random,
  };
  await enroll(wallet, own, client, wishes);
  return { patient, wallet, network: own };
}

export type Validate = (bundle: Bundle) => Promise<OperationOutcomeIssue[]>;

/** Hands in one bundle; its own content is the idempotency key. */
export function handIn(
  network: LocalNetwork,
  { hospital, bundle }: DemoPatient['bundles'][number],
  key: string,
  validate: Validate,
  directory: Bundle | undefined,
): Promise<Accepted> {
  const { components } = network.node(hospital).open;
  return submit(components, fhirReader(validate, directory), utf8(JSON.stringify(bundle)), key);
}

export const shortHex = (value: Hex | Uint8Array): string => {
  const text = value instanceof Uint8Array ? toHex(value) : value;
  return `${text.slice(0, 6)}..`;
};
