import { setTimeout as pause } from 'node:timers/promises';
import { roleNumber } from '../../chain/nodeEvents.ts';
import type { Manifest } from '../../chain/manifest.ts';
import type { Rpc } from '../../chain/rpc.ts';
import type { SlotSecret } from '../../crypto/keySlot.ts';
import { randomBytes } from '../../crypto/random.ts';
import { nodeNamed } from '../../domain/nodeNamed.ts';
import { relationsDigest } from '../../domain/relations.ts';
import { CarelatticeError } from '../../errors.ts';
import { CATEGORIES } from '../../fhir/categories.ts';
import type { PatientIdentifier } from '../../fhir/patient.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { ClientTransport } from '../ask.ts';
import { enroll } from './enroll.ts';
import { networkView, noConsensusNode } from '../networkView.ts';
import { networkOf } from '../wallet/wallet.ts';
import { openWalletFile, replaceWalletFile } from '../wallet/walletFile.node.ts';
import { assertWalletSlots } from '../wallet/walletKeys.ts';

export interface PatientEnrollment {
  readonly manifest: Manifest;
  readonly rpc: Rpc;
  readonly transport: ClientTransport;
  /** Made before, by `createPatient`. */
  readonly walletFile: string;
  /** What opens it. */
  readonly secret: SlotSecret;
  /** Names or ids of nodes that may hold all categories of her records. */
  readonly at: readonly string[];
  /** By which those nodes know her. */
  readonly identifiers: readonly PatientIdentifier[];
  /** Milliseconds that nodes and chain have. Default 60,000. */
  readonly withinMs?: number;
}

const POLL_MS = 250;

/**
 * Enrols a patient at nodes with her wallet and waits until the chain shows it. Nodes that do not answer yet are
 * asked again. @returns her pseudonym in this network
 * @throws as `openWalletFile`, `nodeNamed`, `TooFewSlots`, `NoConsensusNode`, `EnrollmentRefused`,
 * `EnrollmentNotSeen`, the nodes' refusals
 */
export async function enrollPatient(enrollment: PatientEnrollment): Promise<Hex> {
  const { manifest, rpc, walletFile, secret, withinMs = 60_000 } = enrollment;
  const wallet = await openWalletFile(walletFile, secret);
  // Her keys are safe before anybody learns of them.
  assertWalletSlots(wallet);
  const network = networkOf(wallet, manifest);
  const until = Date.now() + withinMs;
  const view = networkView(manifest, rpc);
  await eventually(until, noConsensusNode, async () => {
    await view.refresh();
    const { active: consensus, nodes } = view;
    if (consensus === undefined) return false;
    const { transport, identifiers } = enrollment;
    const holders = [...nodes.values()].filter(
      ({ state, role }) => state === 'admitted' && (role === 'recording' || role === 'index'),
    );
    const named = enrollment.at.map((given) =>
      nodeNamed(holders, given, 'no such node holds records in this network'),
    );
    const wishes = [...new Set(named)].map((node) => {
      return { node, role: roleNumber(node.role), categories: CATEGORIES, identifiers };
    });
    const client = { transport, consensus, nodes, categories: CATEGORIES, random: randomBytes };
    try {
      await enroll(wallet, network, client, wishes);
      return true;
    } finally {
      await replaceWalletFile(walletFile, wallet);
    }
  });
  const digest = relationsDigest(network.relations);
  await eventually(until, notSeen, async () => {
    await view.refresh();
    return view.relations.get(network.patientId) === digest;
  });
  return network.patientId;
}

/** Tries until it holds; what may pass by itself is tried again. @throws what the last try threw, or `otherwise` */
async function eventually(
  until: number,
  otherwise: () => CarelatticeError,
  holds: () => Promise<boolean>,
): Promise<void> {
  for (;;) {
    try {
      if (await holds()) return;
      if (Date.now() > until) throw otherwise();
    } catch (error) {
      if (!(error instanceof CarelatticeError && error.retryable) || Date.now() > until)
        throw error;
    }
    await pause(POLL_MS);
  }
}

const notSeen = (): CarelatticeError =>
  new CarelatticeError(
    'EnrollmentNotSeen',
    'the nodes agreed, but the chain does not show it in time; look at the log of the consensus node',
  );
