import { kemPublicKeyOf } from '../../crypto/hpkeSealing.ts';
import { sealScopePackage } from '../../crypto/scopePackage.ts';
import { recoverAccount } from '../../crypto/signatures.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { ownRelation, relationsDigest } from '../../domain/relations.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex, ZERO_32 } from '../../hash/bytes.ts';
import { MessageType } from '../../wire/envelope.ts';
import { decodeMessage, encodeMessage, enrollmentAnswer } from '../../wire/messages.ts';
import type { ScopePackage } from '../../wire/scopePackage.ts';
import { typedDigest } from '../../wire/typedData.ts';
import { ask, type ClientTransport } from '../ask.ts';
import { inboxKeyOf } from '../inbox/inboxKey.ts';
import { openPatient, placeOf, setRelations, signFor } from '../patientMessages.ts';
import {
  authorityOf,
  handleIn,
  nodeSecrets,
  scopeEntries,
  type SignedRelation,
  type Wallet,
  type WalletNetwork,
} from '../wallet/wallet.ts';
import { assertWalletSlots } from '../wallet/walletKeys.ts';

/** What a client needs to reach a network. */
export interface ClientNetwork {
  transport: ClientTransport;
  /** The node that submits patients' messages now. */
  consensus: KnownNode;
  /** All nodes by id, as the chain has them. */
  nodes: ReadonlyMap<Hex, KnownNode>;
  /** Every category that records may have. */
  categories: readonly string[];
  random: (size: number) => Uint8Array;
}

export interface EnrollmentWish {
  node: KnownNode;
  role: number;
  /** The categories that this node may hold; it is given the keys to these. */
  categories: readonly string[];
  /** FHIR identifiers by which the node knows her. */
  identifiers: readonly { system: string; value: string }[];
}

/**
 * Enrols a patient: opens her pseudonym at the first time, gives each new node its keys, collects the countersignatures,
 * and signs the whole relation list once. It takes effect when the chain shows it.
 * @throws `TooFewSlots` before her root key is in two slots of different kinds, `EnrollmentRefused` and the nodes'
 * refusals; the wallet then stays as it was
 */
export async function enroll(
  wallet: Wallet,
  network: WalletNetwork,
  { transport, consensus, nodes, categories, random }: ClientNetwork,
  wishes: readonly EnrollmentWish[],
): Promise<void> {
  assertWalletSlots(wallet);
  const seq = network.seq + 1;
  const list = [
    ...network.relations.filter(({ nodeId }) => !wishes.some(({ node }) => node.nodeId === nodeId)),
  ];
  for (const wish of wishes) {
    list.push({
      nodeId: wish.node.nodeId,
      role: wish.role,
      categories: [...wish.categories],
      handles: wish.categories.map((category) => handleIn(wallet, network, category)),
      salt: toHex(random(32)),
      enrolledSeq: seq,
      countersignature: ZERO_32,
    });
  }
  const plan = { list, seq, categories };
  for (const wish of wishes) {
    const relation = list.find(({ nodeId }) => nodeId === wish.node.nodeId);
    if (relation === undefined) throw new Error('every wish is in the list');
    relation.countersignature = await askCountersignature(wallet, network, transport, wish, plan);
  }
  await refreshOthers(wallet, network, transport, nodes, plan, (nodeId) =>
    wishes.some(({ node }) => node.nodeId === nodeId),
  );
  if (!network.opened) {
    const { hash } = await inboxKeyOf(wallet, network);
    await submit(transport, network, consensus, openPatient(wallet, network, hash));
    network.opened = true;
  }
  const signed = setRelations(wallet, { ...network, relations: list }, seq, relationsDigest(list));
  await submit(transport, network, consensus, signed);
  network.relations = list;
  network.seq = seq;
}

export interface RelationPlan {
  list: readonly SignedRelation[];
  seq: number;
  categories: readonly string[];
}

/** Gives nodes that stay their place in the new list (and, after a step, the new keys). */
export async function refreshOthers(
  wallet: Wallet,
  network: WalletNetwork,
  transport: ClientTransport,
  nodes: ReadonlyMap<Hex, KnownNode>,
  plan: RelationPlan,
  isServed: (nodeId: Hex) => boolean,
): Promise<void> {
  for (const { nodeId } of plan.list) {
    const node = nodes.get(nodeId);
    if (isServed(nodeId) || node === undefined) continue;
    const { sealed, signature } = await packageFor(wallet, network, node, plan);
    const body = {
      patientId: network.patientId,
      seq: plan.seq,
      package: toHex(sealed),
      packageSignature: signature,
    };
    await ask(transport, network.networkId, node, MessageType.ScopeUpdate, encodeMessage(body));
  }
}

export const submit = (
  transport: ClientTransport,
  network: Pick<WalletNetwork, 'networkId'>,
  consensus: KnownNode,
  message: object,
): Promise<Uint8Array> =>
  ask(transport, network.networkId, consensus, MessageType.PatientMessage, encodeMessage(message));

/** The sealed package of one node: keys of what it may hold, and its own place in the list. */
async function packageFor(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  plan: RelationPlan,
) {
  const relation = plan.list.find(({ nodeId }) => nodeId === node.nodeId);
  if (relation === undefined) throw new Error('a package is made for nodes of the list');
  const { salt, role, handles, path } = ownRelation(plan.list, node.nodeId);
  const content: ScopePackage = {
    patientId: network.patientId,
    seq: BigInt(plan.seq),
    scopes: await scopeEntries(wallet, network, plan.categories, relation.categories),
    ...nodeSecrets(wallet, network, node.nodeId),
    relation: { salt, nodeId: node.nodeId, role, handles },
    path,
  };
  return sealScopePackage(
    content,
    { ...placeOf(network), nodeId: node.nodeId },
    kemPublicKeyOf(node.kemKey),
    (message) => signFor(wallet, network, 'Package', message),
  );
}

async function askCountersignature(
  wallet: Wallet,
  network: WalletNetwork,
  transport: ClientTransport,
  { node, identifiers }: EnrollmentWish,
  plan: RelationPlan,
): Promise<Hex> {
  const { patientId } = network;
  const enrollment = { ...placeOf(network), patientId, nodeId: node.nodeId, seq: BigInt(plan.seq) };
  const { sealed, signature } = await packageFor(wallet, network, node, plan);
  const request = {
    patientId,
    authority: authorityOf(wallet),
    idNonce: network.idNonce,
    nodeId: node.nodeId,
    seq: plan.seq,
    signature: signFor(wallet, network, 'Enrollment', enrollment),
    relation: ownRelation(plan.list, node.nodeId),
    relationsDigest: relationsDigest(plan.list),
    package: toHex(sealed),
    packageSignature: signature,
    identifiers,
    inboxKey: (await inboxKeyOf(wallet, network)).key,
  };
  const body = await ask(
    transport,
    network.networkId,
    node,
    MessageType.EnrollmentRequest,
    encodeMessage(request),
  );
  const { countersignature } = decodeMessage(enrollmentAnswer, body);
  const digest = typedDigest('Enrollment', network.federationId, enrollment);
  if (countersignature === undefined || recoverAccount(digest, countersignature) !== node.account) {
    throw new CarelatticeError('EnrollmentRefused', 'the node did not countersign the enrolment', {
      facts: { node: node.name },
    });
  }
  return countersignature;
}
