import { joinSummaryKey, tooFewCustodians } from '../../crypto/emergencyShares.ts';
import { SHARE_SIZE } from '../../crypto/guardianShares.ts';
import { type KemKeyPair, openWith } from '../../crypto/hpkeSealing.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError, hasCode } from '../../errors.ts';
import { fromHex, type Hex, toHex, utf8 } from '../../hash/bytes.ts';
import {
  CUSTODIANS_NEEDED,
  SHARE_INFO,
  shareAnswer,
  type ShareAnswer,
} from '../../wire/emergencyMessages.ts';
import { MessageType } from '../../wire/envelope.ts';
import { decodeMessage } from '../../wire/messages.ts';
import {
  type AskingClinician,
  type EmergencyQuestion,
  emergencyQuestion,
  type Given,
} from './askInEmergency.ts';
import { accessReceiptDigest } from '../../wire/readDigests.ts';
import type { WireAccessReceipt } from '../../wire/readMessages.ts';
import { notAnchored } from '../reading/requestRecords.ts';
import { PATIENCE } from '../until.ts';

/** All three custodians are asked at once; the first two whose shares fit give the key of the summary. */

export interface Custodians {
  readonly nodes: readonly KnownNode[];
  readonly lookUp: Hex;
}

export interface SummaryKey {
  readonly keyPair: KemKeyPair;
  readonly releasedBy: readonly Hex[];
  /** Signed by them, in the same order. */
  readonly receipts: readonly WireAccessReceipt[];
  readonly refusedBy: ReadonlyMap<Hex, string>;
  readonly late: boolean;
}

interface Share {
  readonly share: Hex;
  readonly scopeKeyId: Hex;
  readonly receipt: WireAccessReceipt;
  readonly late: boolean;
}

/** @throws `TooFewCustodians` with the codes of their refusals, `SummaryKeyMismatch` */
export async function askCustodians(
  asking: AskingClinician,
  { nodes, lookUp }: Custodians,
): Promise<SummaryKey> {
  const shares = new Map<Hex, Share>();
  const refusedBy = new Map<Hex, string>();
  const open = new Map<Hex, EmergencyQuestion<ShareAnswer>>();
  for (const node of nodes) open.set(node.nodeId, await questionTo(asking, node, lookUp));
  for (let times = 0; open.size > 0; times++) {
    for (const [nodeId, question] of open) {
      try {
        const answer = await question.ask();
        if (answer === undefined && times < PATIENCE) continue;
        if (answer === undefined) throw notAnchored(question.node);
        shares.set(nodeId, await shareIn(asking, answer));
      } catch (error) {
        // One that is down, stalls or refuses does not stop the others.
        if (!(error instanceof CarelatticeError)) throw error;
        refusedBy.set(nodeId, error.code);
      }
      open.delete(nodeId);
      const keyPair = await keyOf([...shares.values()], open.size === 0);
      if (keyPair === undefined) continue;
      const given = [...shares.values()];
      const late = given.some((share) => share.late);
      const receipts = given.map(({ receipt }) => receipt);
      return { keyPair, releasedBy: [...shares.keys()], receipts, refusedBy, late };
    }
    if (open.size > 0) await asking.network.pause();
  }
  const outcomes = nodes.map(
    ({ nodeId, name }) => `${name}: ${refusedBy.get(nodeId) ?? 'released'}`,
  );
  throw tooFewCustodians(shares.size, outcomes);
}

const questionTo = (asking: AskingClinician, node: KnownNode, lookUp: Hex) =>
  emergencyQuestion(asking, node, MessageType.EmergencyRequest, { lookUp }, (body) =>
    decodeMessage(shareAnswer, body),
  );

/** @throws `OpeningFailed`, `ShareForged` */
async function shareIn(
  { network, keyPair }: AskingClinician,
  { receipt, sealed, late }: Given<ShareAnswer>,
): Promise<Share> {
  const context = { info: utf8(SHARE_INFO), aad: accessReceiptDigest(network.network, receipt) };
  const plain = await openWith(keyPair, fromHex(sealed), context);
  if (plain.length !== SHARE_SIZE + 32)
    throw new CarelatticeError('ShareForged', 'what this custodian gives is no share');
  return {
    share: toHex(plain.subarray(0, SHARE_SIZE)),
    scopeKeyId: toHex(plain.subarray(SHARE_SIZE)),
    receipt,
    late,
  };
}

/**
 * The key that two custodians agree on: one that lies names another, or gives a false share. Undefined while a share is
 * to come that may give it. @throws `SummaryKeyMismatch`, `TooFewCustodians`
 */
async function keyOf(given: readonly Share[], isLast: boolean): Promise<KemKeyPair | undefined> {
  const shares = given.map(({ share }) => share);
  const keyIds = [...new Set(given.map(({ scopeKeyId }) => scopeKeyId))];
  for (const [index, scopeKeyId] of keyIds.entries()) {
    try {
      return await joinSummaryKey(shares, scopeKeyId);
    } catch (error) {
      const isFinal = isLast && index === keyIds.length - 1;
      if (isFinal && shares.length >= CUSTODIANS_NEEDED) throw error;
      if (!hasCode(error, 'SummaryKeyMismatch') && !hasCode(error, 'TooFewCustodians')) throw error;
    }
  }
  return undefined;
}
