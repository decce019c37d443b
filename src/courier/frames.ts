import { CarelatticeError } from '../errors.ts';
import { concat, fromHex, toHex, toNumber, uint, type Hex } from '../hash/bytes.ts';
import { ENVELOPE_HEADER, MAX_BODY } from '../wire/envelope.ts';

/**
 * What transports carry: kind (1 byte) and
 * 1 opening: a signed envelope of type 1, unsealed;
 * 2 sealed: sessionId (16) ‖ counter (8) ‖ AES-256-GCM of a padded envelope;
 * 3 unknown session (answers only): sessionId (16);
 * 4 not taken (answers only): nothing, for whom cannot be told more.
 */
export type Frame =
  | { readonly kind: 'opening'; readonly envelope: Uint8Array }
  | SealedFrame
  | { readonly kind: 'unknownSession'; readonly sessionId: Hex }
  | { readonly kind: 'notTaken' };

export interface SealedFrame {
  readonly kind: 'sealed';
  readonly sessionId: Hex;
  readonly counter: number;
  readonly ciphertext: Uint8Array;
}

const SESSION_END = 17;
const COUNTER_END = 25;

export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case 'opening':
      return concat(Uint8Array.of(1), frame.envelope);
    case 'sealed':
      return concat(
        Uint8Array.of(2),
        fromHex(frame.sessionId, 16),
        uint(frame.counter, 8),
        frame.ciphertext,
      );
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
  switch (bytes[0]) {
    case 1:
      return { kind: 'opening', envelope: bytes.subarray(1) };
    case 2:
      if (
        bytes.length <= COUNTER_END ||
        bytes.subarray(SESSION_END, SESSION_END + 2).some(Boolean)
      ) {
        throw malformed(); // too short, or a counter that no session reaches
      }
      return {
        kind: 'sealed',
        sessionId: toHex(bytes.subarray(1, SESSION_END)),
        counter: toNumber(bytes.subarray(SESSION_END, COUNTER_END)),
        ciphertext: bytes.subarray(COUNTER_END),
      };
    case 3:
      if (bytes.length !== SESSION_END) throw malformed();
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
