import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, toHex, type Hex } from '../hash/bytes.ts';
import { ENVELOPE_HEADER, MAX_BODY } from '../wire/envelope.ts';

/**
 * What transports carry: kind (1 byte) and
 * 1 opening: a signed envelope of type 1, unsealed;
 * 2 sealed: a frame of a session, `crypto/session`;
 * 3 unknown session (answers only): sessionId (16);
 * 4 not taken (answers only): nothing, for whom cannot be told more.
 */
export type Frame =
  | { readonly kind: 'opening'; readonly envelope: Uint8Array }
  | { readonly kind: 'sealed'; readonly sealed: Uint8Array }
  | { readonly kind: 'unknownSession'; readonly sessionId: Hex }
  | { readonly kind: 'notTaken' };

const UNKNOWN_SESSION_SIZE = 17;

export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case 'opening':
      return concat(Uint8Array.of(1), frame.envelope);
    case 'sealed':
      return concat(Uint8Array.of(2), frame.sealed);
    case 'unknownSession':
      return concat(Uint8Array.of(3), fromHex(frame.sessionId, 16));
    case 'notTaken':
      return Uint8Array.of(4);
  }
}

const malformed = (): CarelatticeError =>
  new CarelatticeError('MalformedFrame', 'these bytes are no courier frame');

/** @throws `MalformedFrame` */
export function decodeFrame(bytes: Uint8Array): Frame {
  switch (bytes[0] ?? 0) {
    case 1:
      return { kind: 'opening', envelope: bytes.subarray(1) };
    case 2:
      return { kind: 'sealed', sealed: bytes.subarray(1) };
    case 3:
      if (bytes.length !== UNKNOWN_SESSION_SIZE) throw malformed();
      return { kind: 'unknownSession', sessionId: toHex(bytes.subarray(1)) };
    case 4:
      if (bytes.length !== 1) throw malformed();
      return { kind: 'notTaken' };
    default:
      throw malformed();
  }
}

/** Longest frame in bytes: the largest padded envelope, sealed, with some room. */
export const MAX_FRAME = MAX_BODY + ENVELOPE_HEADER + 64;
