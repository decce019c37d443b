import { concat, fromHex, type Hex, toHex } from '../../hash/bytes.ts';
import { decodeMessage, encodeMessage } from '../../wire/messages.ts';
import { type ReceiptOpening, receiptLogQuestion } from '../../wire/readMessages.ts';
import type { Components } from '../components.ts';
import { openingOf } from './logReceipt.ts';
import { requirePatient } from './patientToken.ts';

/** Receipts opened in one answer, and the anchors in them; one receipt may have more. */
const OPENINGS = 1000;
const ANCHORS = 100_000;
/** Receipts read from the journal at once. */
const CHUNK = 50;

/**
 * Type 16: the log as it stands, leaf by leaf, and the patient's own receipts opened. Which leaves are whose is told to
 * nobody: she finds hers by their tags. @throws `Unauthorized`
 */
export function showReceiptLog(c: Components, body: Uint8Array): Uint8Array {
  const { token, from, limit, openFrom } = decodeMessage(receiptLogQuestion, body);
  const patientId = requirePatient(c, token);
  const leaves = c.receipts
    .leaves(from, limit)
    .map(({ tag, inner }) => toHex(concat(fromHex(tag, 16), fromHex(inner, 32))));
  const openings = [...opened(c, patientId, openFrom)];
  return encodeMessage({ leaves, size: c.receipts.head().size, openings });
}

function* opened(c: Components, patientId: Hex, from: number): Generator<ReceiptOpening> {
  let [count, anchors] = [0, 0];
  for (let next = from; ;) {
    const rows = c.receipts.receiptsOf(patientId, next, CHUNK);
    for (const row of rows) {
      const opening = openingOf(c, row);
      count += 1;
      anchors += opening.anchors.length;
      if (count > 1 && (count > OPENINGS || anchors > ANCHORS)) return;
      yield opening;
      next = row.n + 1;
    }
    if (rows.length < CHUNK) return;
  }
}
