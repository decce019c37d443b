import { fromHex, toHex, ZERO_32 } from '../../hash/bytes.ts';
import { merkleTree } from '../../hash/merkleTree.ts';
import {
  decodeMessage,
  encodeMessage,
  patientFetch,
  type PatientReceipts,
} from '../../wire/messages.ts';
import type { Components } from '../components.ts';
import { requirePatientFetch } from '../reading/patientToken.ts';

/** The patient asks this node for its signed receipts over her records: what it holds, under which anchored root. */

/** Type 14. @throws `Unauthorized` for a wrong signature, node, expiry or nonce, whoever she is */
export function readReceipts(c: Components, body: Uint8Array): Uint8Array {
  const fetch = decodeMessage(patientFetch, body);
  requirePatientFetch(c, fetch);
  const all = receiptsOf(c, fetch.patientId);
  const receipts =
    fetch.anchor === ZERO_32 ? all : all.filter(({ anchor }) => anchor === fetch.anchor);
  return encodeMessage({ receipts });
}

function receiptsOf(
  c: Components,
  patientId: PatientReceipts['receipts'][number]['anchor'],
): PatientReceipts['receipts'] {
  return c.holding
    .timeline(patientId, 1000)
    .filter((record) => record.state === 'held')
    .flatMap((record) => {
      const seal = c.seen.sealOf(record.request);
      const settlement = seal && c.holding.delivery(seal.from)?.settlement;
      const receipt = settlement?.receipts.find(({ request }) => request === record.request);
      if (receipt === undefined) return [];
      const anchors = c.holding
        .heldOfRequests(record.request, record.request)
        .map(({ anchor }) => anchor);
      const path = merkleTree(anchors.map((anchor) => fromHex(anchor, 32)))
        .proof(anchors.indexOf(record.anchor))
        .map(toHex);
      return [{ recordId: record.recordId, anchor: record.anchor, ...receipt, path }];
    });
}
