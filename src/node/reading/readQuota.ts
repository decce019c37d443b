import { CarelatticeError } from '../../errors.ts';
import type { Hex } from '../../hash/bytes.ts';
import type { Components } from '../components.ts';
import type { ProvenRequest } from './access.ts';

/**
 * How often a reader may ask about one patient: each request costs this node a receipt and gas. What is asked again with
 * the same request has its receipt and is not counted.
 */

const DAY = 86_400;

/** New requests of a reader about a patient within a day of chain time, unless the node is configured otherwise. */
export const READS_A_DAY = 1_000;

type Counting = Pick<Components, 'receipts' | 'now' | 'readsADay'>;

const dayOf = ({ now }: Counting): number => Math.floor(now() / DAY);

/** @throws `TooManyRequests`, retryable: the next day of chain time begins at `again`, Unix seconds */
export function requireReadQuota(
  c: Counting,
  { request: { reader } }: ProvenRequest,
  patientId: Hex,
): void {
  const day = dayOf(c);
  if (c.receipts.readsOf(reader, patientId, day) < c.readsADay) return;
  throw new CarelatticeError(
    'TooManyRequests',
    'this reader has made its new requests of the day about this patient here; ask again tomorrow',
    { facts: { aDay: c.readsADay, again: (day + 1) * DAY }, retryable: true },
  );
}

export const countRead = (
  c: Counting,
  { request: { reader } }: ProvenRequest,
  patientId: Hex,
): void => c.receipts.countRead(reader, patientId, dayOf(c));
