import { CarelatticeError } from '../errors.ts';
import { fromHex, toHex, utf8, type Hex } from '../hash/bytes.ts';
import { labelledHash } from '../hash/labelled.ts';
import { assertSuite, HYBRID_ONLY, type AllowedSuites } from '../wire/kemSuite.ts';
import { decodeWrapBlock, encodeWrapBlock, type WrapBlock } from '../wire/wrapBlock.ts';
import { scopeKeyIdOf } from './derivations.ts';
import { openWith, sealTo, type KemKeyPair, type KemPublicKey } from './hpkeSealing.ts';
import { randomBytes, type RandomSource } from './random.ts';

/** What a wrap is bound to besides its scope key: the record list names both. */
export interface WrapOrigin {
  /** Node that authored the batch. */
  readonly author: Hex;
  /** Network the batch was sealed in. */
  readonly networkId: Hex;
  /** The suites the network allows; hybrid alone by default. */
  readonly allowedSuites?: AllowedSuites | undefined;
}

const INFO = utf8('carelattice/v1/wrap');

function contextOf(wrap: Omit<WrapBlock, 'sealed'>, origin: WrapOrigin) {
  const aad = labelledHash(
    'wrap',
    fromHex(wrap.scopeKeyId, 32),
    fromHex(wrap.wrapId, 16),
    fromHex(origin.author, 32),
    fromHex(origin.networkId, 32),
  );
  return { info: INFO, aad, allowedSuites: origin.allowedSuites };
}

function assertSecret(batchSecret: Uint8Array): void {
  if (batchSecret.length !== 32) {
    throw new CarelatticeError('BadBatchSecret', 'a batch secret has 32 bytes');
  }
}

/**
 * The wrap block of a batch secret (32 bytes) to a scope key, under a new wrapId; a re-wrap is another call with the
 * same secret. It does not say who sealed it: the key commitment in each signed record header does.
 * @throws `BadBatchSecret`, `UnknownSuite`, `SuiteRefused`, `BadKemKey`
 */
export async function sealWrap(
  batchSecret: Uint8Array,
  scopeKey: KemPublicKey,
  origin: WrapOrigin,
  random: RandomSource = randomBytes,
): Promise<Uint8Array> {
  assertSecret(batchSecret);
  const head = {
    suite: scopeKey.suite,
    wrapId: toHex(random(16)),
    scopeKeyId: scopeKeyIdOf(scopeKey),
  };
  const sealed = await sealTo(scopeKey, batchSecret, contextOf(head, origin));
  return encodeWrapBlock({ ...head, sealed });
}

/**
 * The batch secret in a wrap block.
 * @throws `BadWrapBlock`, `UnknownSuite`, `SuiteRefused`, `WrongScopeKey` when it is sealed to another key,
 * `OpeningFailed`
 */
export async function openWrap(
  block: Uint8Array,
  scopeKey: KemKeyPair,
  origin: WrapOrigin,
): Promise<Uint8Array> {
  const wrap = decodeWrapBlock(block);
  assertSuite(wrap.suite, origin.allowedSuites ?? HYBRID_ONLY);
  const { publicKey } = scopeKey;
  if (wrap.suite !== publicKey.suite || wrap.scopeKeyId !== scopeKeyIdOf(publicKey)) {
    throw new CarelatticeError('WrongScopeKey', 'the wrap is sealed to another scope key');
  }
  const batchSecret = await openWith(scopeKey, wrap.sealed, contextOf(wrap, origin));
  assertSecret(batchSecret);
  return batchSecret;
}
