import { recoverAccount, signDigest } from '../../crypto/signatures.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import type { Erasure } from '../../journal/erasureTables.ts';
import { type EraseAnswer, type EraseQuestion, eraseQuestion } from '../../wire/erasureMessages.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import { typedDigest } from '../../wire/typedData.ts';
import type { Components } from '../components.ts';
import { sendRecordList } from '../recording/requestStorage.ts';

/**
 * A patient has records erased here, for good: first tombstones and the end of salts and keys in one transaction, then
 * the ciphertext, then every trace in the journal's file and log, then the receipt. The next tick goes on from any step.
 */

/** Type 17. @throws `Unauthorized`, `AuthorityFrozen`, `JournalBusy` (retryable: the node goes on by itself) */
export async function eraseRecords(c: Components, body: Uint8Array): Promise<Uint8Array> {
  const question = decodeMessage(eraseQuestion, body);
  const digest = await requireSigned(c, question);
  if (c.erasures.erasure(digest) === undefined) {
    c.db.transaction(() => {
      const { requests } = c.erasures.begin({ ...question, digest });
      // The consensus node still gets these lists, for the other records in them.
      for (const request of requests) sendRecordList(c, request);
    });
    c.log('erasure begun', { records: question.anchors.length });
    await c.reached('erasing: tombstone written');
  }
  return encodeMessage(await finish(c, digest));
}

/** Goes on with what a stop or a reader of the journal has interrupted; says how many erasures ended. */
export async function finishErasures(c: Components): Promise<number> {
  let finished = 0;
  for (const { digest } of c.erasures.unfinished()) {
    try {
      await finish(c, digest);
      finished += 1;
    } catch (error) {
      if (!(error instanceof CarelatticeError) || !error.retryable) throw error;
      c.log('erasure not finished yet', { reason: error.code });
    }
  }
  return finished;
}

/** Safe to repeat, also while the same erasure is under way. */
async function finish(c: Components, digest: Hex): Promise<EraseAnswer> {
  const erasure = begun(c, digest);
  if (erasure.receipt !== undefined) return erasure.receipt;
  for (const anchor of c.erasures.ownersOf(erasure)) await c.store.erase(anchor);
  await c.reached('erasing: content gone');
  c.db.checkpoint();
  c.erasures.finish(digest, receiptOf(c, erasure));
  await c.reached('erasing: receipt signed');
  const { receipt } = begun(c, digest);
  if (receipt === undefined) throw new Error('a finished erasure has its receipt');
  return receipt;
}

function begun(c: Components, digest: Hex): Erasure {
  const erasure = c.erasures.erasure(digest);
  if (erasure === undefined) throw new Error('an erasure is journaled before it is carried out');
  return erasure;
}

function receiptOf(c: Components, { digest, anchors }: Erasure): EraseAnswer {
  const { federationId, networkId, chainId } = c.self.network;
  const erasedAt = c.now();
  const message = typedDigest('ErasureReceipt', federationId, {
    networkId,
    chainId: BigInt(chainId),
    holder: c.self.nodeId,
    requestDigest: digest,
    anchors,
    erasedAt: BigInt(erasedAt),
  });
  return { erasedAt, signature: signDigest(c.self.signingKey, message) };
}

/** The digest of her message. It needs no expiry and no nonce: what is erased stays so. */
async function requireSigned(
  c: Components,
  { patientId, seq, anchors, signature }: EraseQuestion,
): Promise<Hex> {
  const { federationId, networkId, chainId } = c.self.network;
  const digest = typedDigest('EraseRecords', federationId, {
    networkId,
    chainId: BigInt(chainId),
    patientId,
    seq: BigInt(seq),
    anchors,
  });
  const authority = c.seen.authority(patientId);
  // Who was never a patient here and who signed wrongly look alike; who has left may erase still.
  const isHers =
    c.holding.patient(patientId) !== undefined &&
    authority !== undefined &&
    recoverAccount(digest, signature) === authority;
  if (!isHers) {
    throw new CarelatticeError(
      'Unauthorized',
      'the erasure is not signed by the patient with her present key; sign it again',
    );
  }
  const { frozenUntil } = await c.contracts.consents.call('accountOf', [authority], 'latest');
  if (Number(frozenUntil) > c.now()) {
    throw new CarelatticeError(
      'AuthorityFrozen',
      'the guardians have frozen the key that signed this; nothing is erased under it',
      { facts: { until: Number(frozenUntil) }, retryable: true },
    );
  }
  return toHex(digest);
}
