import { kemKeyHash } from '../../crypto/derivations.ts';
import { kemPublicKeyOf } from '../../crypto/hpkeSealing.ts';
import { recoverAccount } from '../../crypto/signatures.ts';
import type { KnownNode } from '../../domain/knownNode.ts';
import { CarelatticeError } from '../../errors.ts';
import { type Hex, toHex } from '../../hash/bytes.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import { type ReadAnswer, readQuestion, type WireReadRequest } from '../../wire/readMessages.ts';
import { accessReceiptDigest, readRequestDigest } from '../../wire/readDigests.ts';
import { decodeReadPackage } from '../../wire/readPackage.ts';
import { fromHex } from '../../hash/bytes.ts';
import type { Components } from '../components.ts';
import type { Access, ProvenRequest } from './access.ts';
import { inclusionOf, isAnchored } from './anchorReceipts.ts';
import { grantAccess } from './grantAccess.ts';
import { openingOf } from './logReceipt.ts';
import { releaseKeys } from './releaseKeys.ts';
import { requireStanding } from './standing.ts';

/**
 * A reader shows a consent and asks for records. Every check; the receipt goes into the log and to the chain; the status
 * is read again at the receipt's own block; only then the content keys go out.
 */

/** Records of one answer. */
const PAGE = 1000;
/** A request lives this long at most, in seconds of chain time. */
const LIFETIME = 3600;

/**
 * Type 100. The first answer is that the receipt is on its way; asked again with the same request, records and keys come.
 * @throws `RequestNotProven`, `NothingAllowed`, and as `grantAccess`, `requireStanding`
 */
export async function serveRead(c: Components, body: Uint8Array): Promise<Uint8Array> {
  const question = decodeMessage(readQuestion, body);
  const asked = provenRequest(c, question);
  const shown = decodeReadPackage(fromHex(question.package));
  const known = c.receipts.accessOf<Access>(asked.digest);
  // What was shown in an emergency opens with two custodians' shares, never with content keys from here.
  if (known?.emergency !== undefined) {
    throw new CarelatticeError('BasisMismatch', 'the request was signed for an emergency');
  }
  const access = known ?? (await grantAccess(c, asked, shown));
  return encodeMessage(await answer(c, access, asked, question.page));
}

async function answer(
  c: Components,
  access: Access,
  { reader }: ProvenRequest,
  page: number,
): Promise<ReadAnswer> {
  if (c.now() >= access.until) throw expired();
  const inclusion = inclusionOf(c, access.place);
  // What has lost its block is anchored again before anything more goes out.
  if (inclusion === undefined || !(await isAnchored(c, access.place))) {
    return { state: 'anchoring' };
  }
  await c.reached('reading: anchored');
  // Once: a chain keeps the state of a block for a while only.
  if (access.state === 'logged') await requireStanding(c, access, inclusion.blockHash);
  const row = c.receipts.receiptAt(access.place);
  if (row === undefined) throw new Error('an access has its receipt');
  const { receipt, signature } = openingOf(c, row);
  const anchors = access.anchors.slice(page * PAGE, (page + 1) * PAGE);
  const released = await releaseKeys(
    c,
    anchors,
    reader.kemKey,
    accessReceiptDigest(c.self.network, receipt),
  );
  // Last of all: what she revokes until now gives no keys.
  await requireStanding(c, access, 'latest');
  if (access.state === 'logged')
    c.receipts.putAccess(access.requestDigest, { ...access, state: 'released' });
  c.log('keys released', { reader: reader.name, records: released.records.length });
  const pages = Math.max(1, Math.ceil(access.anchors.length / PAGE));
  return { state: 'released', receipt, signature, pages, ...released };
}

const expired = (): CarelatticeError =>
  new CarelatticeError(
    'RequestExpired',
    'the request has expired, or wants to live longer than an hour; sign a new one',
  );

/** @throws `RequestNotProven`, `RequestExpired` */
function provenRequest(
  c: Components,
  { request, signature }: { request: WireReadRequest; signature: Hex },
): ProvenRequest {
  const digest = readRequestDigest(c.self.network, request);
  const reader = c.nodes.byId(request.reader);
  const isProven =
    request.holder === c.self.nodeId &&
    isActive(c, reader) &&
    recoverAccount(digest, signature) === reader.account &&
    kemKeyHash(kemPublicKeyOf(reader.kemKey)) === request.kemKeyId;
  if (!isProven) {
    throw new CarelatticeError(
      'RequestNotProven',
      'the request is not signed by an admitted reader with its present keys for this node',
    );
  }
  if (c.now() >= request.expiry || request.expiry > c.now() + LIFETIME) throw expired();
  return { request: { ...request, signature }, digest: toHex(digest), reader };
}

/** Whether somebody may read under a consent at all: any role with a KEM key, admitted and past its delay. */
const isActive = (c: Components, node: KnownNode | undefined): node is KnownNode =>
  node?.state === 'admitted' && node.activeFrom <= c.now();
