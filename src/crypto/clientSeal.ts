import { aeadOpen, aeadSeal } from '#aead';
import { CarelatticeError } from '../errors.ts';
import { fromHex, type Hex, toHex, utf8 } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';
import { decodeBody, encodeBody } from '../wire/cbor.ts';
import { refusalOf } from '../wire/refusal.ts';
import { type KemKeyPair, type KemPublicKey, openWith, sealTo } from './hpkeSealing.ts';
import { randomBytes } from './random.ts';

/**
 * A question of a patient's client to a node: HPKE to the node's KEM key, CBOR {type, body, key} inside; the answer comes
 * sealed under that one-time key. Who asks is proved by the signatures in the body, never by the channel.
 */

export interface ClientAddress {
  networkId: Hex;
  nodeId: Hex;
}
export interface ClientQuestion {
  type: number;
  body: Uint8Array;
  /** Seals the answer; used once. */
  key: Uint8Array;
}

const contextOf = ({ networkId, nodeId }: ClientAddress) => ({
  info: utf8('carelattice/v1/client'),
  aad: labelledHash('client', fromHex(networkId, 32), fromHex(nodeId, 32)),
});
/** The key is used once, so the nonce may be fixed. */
const NONCE = new Uint8Array(12);
const ANSWER = utf8('carelattice/v1/client-answer');

export async function sealQuestion(
  nodeKey: KemPublicKey,
  address: ClientAddress,
  type: number,
  body: Uint8Array,
): Promise<{ sealed: Uint8Array; key: Uint8Array }> {
  const key = randomBytes(32);
  return {
    key,
    sealed: await sealTo(nodeKey, encodeBody({ type, body, key }), contextOf(address)),
  };
}

/** @throws `OpeningFailed`, `MalformedBody` */
export async function openQuestion(
  keyPair: KemKeyPair,
  address: ClientAddress,
  sealed: Uint8Array,
): Promise<ClientQuestion> {
  const question = decodeBody(await openWith(keyPair, sealed, contextOf(address)));
  if (!isQuestion(question))
    throw new CarelatticeError('MalformedBody', 'a client question does not have its form');
  return question;
}

const isQuestion = (value: unknown): value is ClientQuestion =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  typeof value.type === 'number' &&
  'body' in value &&
  value.body instanceof Uint8Array &&
  'key' in value &&
  value.key instanceof Uint8Array &&
  value.key.length === 32;

export type ClientAnswer =
  { body: Uint8Array } | { code: string; message: string; retryable: boolean };

export const sealAnswer = (key: Uint8Array, answer: ClientAnswer): Uint8Array =>
  aeadSeal(key, NONCE, ANSWER, encodeBody(answer));

/** @throws the node's refusal under its own code; `OpeningFailed`, `MalformedBody` */
export function openAnswer(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const answer = decodeBody(aeadOpen(key, NONCE, ANSWER, sealed));
  if (typeof answer === 'object' && answer !== null) {
    if ('body' in answer && answer.body instanceof Uint8Array) return answer.body;
    const { code, message } = { code: undefined, message: undefined, ...answer };
    if (typeof code === 'string' && typeof message === 'string') {
      const retryable = 'retryable' in answer && answer.retryable === true;
      throw refusalOf({ code, message, retryable });
    }
  }
  throw new CarelatticeError('MalformedBody', 'the answer of the node does not have its form', {
    facts: { bytes: toHex(sealed.subarray(0, 4)) },
  });
}
