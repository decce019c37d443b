import { CarelatticeError } from '../errors.ts';
import { fromHex, toHex, type Hex } from '../hash/bytes.ts';
import { bodyMap, decodeBody, encodeBody } from '../wire/cbor.ts';

/**
 * Body of type 2, in answer to one message: `taken` now, `known` from before (its answer is not given twice), to be
 * sent again `later`, or `refused` for good; the last two with the code of the reason.
 */
export interface Acknowledgement {
  readonly correlationId: Hex;
  readonly result: 'taken' | 'known' | 'later' | 'refused';
  readonly code?: string;
  readonly answer?: Uint8Array;
}

const RESULTS = ['taken', 'known', 'later', 'refused'] as const;
const CODE = /^[A-Z][A-Za-z0-9]{1,59}$/;

export function encodeAcknowledgement(acknowledgement: Acknowledgement): Uint8Array {
  const { correlationId, result, code, answer } = acknowledgement;
  return encodeBody({
    correlationId: fromHex(correlationId, 16),
    result: RESULTS.indexOf(result),
    ...(code === undefined ? {} : { code }),
    ...(answer === undefined ? {} : { answer }),
  });
}

/** @throws `MalformedBody` */
export function decodeAcknowledgement(body: Uint8Array): Acknowledgement {
  const { correlationId, result, code, answer, ...rest } = bodyMap(decodeBody(body));
  const known = typeof result === 'number' ? RESULTS[result] : undefined;
  const isOurs =
    correlationId instanceof Uint8Array &&
    correlationId.length === 16 &&
    (code === undefined || (typeof code === 'string' && CODE.test(code))) &&
    (answer === undefined || answer instanceof Uint8Array) &&
    Object.keys(rest).length === 0;
  if (known === undefined || !isOurs) {
    throw new CarelatticeError('MalformedBody', 'an acknowledgement does not have its form');
  }
  return {
    correlationId: toHex(correlationId),
    result: known,
    ...(code === undefined ? {} : { code }),
    ...(answer === undefined ? {} : { answer }),
  };
}
