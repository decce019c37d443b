import { openRecovery } from '../../crypto/recoveryPackage.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { MessageType } from '../../wire/envelope.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import {
  type RecoveryAnswer,
  recoveryAnswer,
  type RecoveryContent,
  type RecoveryQuestion,
} from '../../wire/recoveryMessages.ts';
import { ask, type ClientTransport } from '../ask.ts';
import { inboxKeyOf, inboxKeyPair } from '../inbox/inboxKey.ts';
import type { TokenClock } from '../inbox/inboxToken.ts';
import { placeOf, signFor } from '../patientMessages.ts';
import type { Wallet, WalletNetwork } from '../wallet/wallet.ts';

/** A recovering patient's questions to one node. Each is signed for that node, good once, for minutes. */

/** Seconds of chain time. */
const LIFETIME = 300;

type Way = TokenClock & { readonly transport: ClientTransport };

/** What the node knows of her, opened. @throws `BadPackageSignature`, `OpeningFailed`, the node's refusals */
export async function askPackage(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  way: Way,
): Promise<RecoveryContent> {
  const answer = await asked(wallet, network, node, way, 'package');
  if (answer.kind !== 'package') throw otherAnswer(node);
  const { patientId, federationId } = network;
  return openRecovery(
    fromHex(answer.sealed),
    answer.signature,
    { ...placeOf(network), patientId, nodeId: node.nodeId, seq: BigInt(answer.seq) },
    await inboxKeyPair(wallet, network),
    { federationId, account: node.account },
  );
}

/** One step of sealing anew. @throws the node's refusals */
export async function askRewrap(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  way: Way,
): Promise<{ done: number; left: number }> {
  const answer = await asked(wallet, network, node, way, 'rewrap');
  if (answer.kind !== 'rewrap') throw otherAnswer(node);
  return answer;
}

const otherAnswer = ({ name }: KnownNode): CarelatticeError =>
  new CarelatticeError('MalformedBody', 'the node answers another question', {
    facts: { node: name },
  });

async function asked(
  wallet: Wallet,
  network: WalletNetwork,
  node: KnownNode,
  { transport, now, random }: Way,
  wish: RecoveryQuestion['wish'],
): Promise<RecoveryAnswer> {
  const { key, hash } = await inboxKeyOf(wallet, network);
  const { patientId } = network;
  const nonce = BigInt(toHex(random(16)));
  const expiry = now() + LIFETIME;
  const signature: Hex = signFor(wallet, network, 'RecoveryRequest', {
    ...placeOf(network),
    patientId,
    custodian: node.nodeId,
    kemKeyHash: hash,
    expiry: BigInt(expiry),
    nonce,
  });
  const question: RecoveryQuestion = {
    patientId,
    expiry,
    nonce: nonce.toString(),
    inboxKey: key,
    signature,
    wish,
  };
  const body = await ask(
    transport,
    network.networkId,
    node,
    MessageType.RecoveryRequest,
    encodeMessage(question),
  );
  return decodeMessage(recoveryAnswer, body);
}
