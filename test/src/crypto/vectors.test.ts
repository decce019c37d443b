import { expect } from 'chai';
import { scopeKeyIdOf } from '../../../src/crypto/derivations.ts';
import { deriveKemKeyPair } from '../../../src/crypto/hpkeSealing.ts';
import { openRecordBytes } from '../../../src/crypto/openRecord.ts';
import { sealRecordBytes, type RecordDescription } from '../../../src/crypto/record.ts';
import { openScopePackage } from '../../../src/crypto/scopePackage.ts';
import { acceptSession, openSession } from '../../../src/crypto/session.ts';
import { accountOf, signDigest } from '../../../src/crypto/signatures.ts';
import { openWrap } from '../../../src/crypto/wrap.ts';
import { fromHex, toHex, type Hex } from '../../../src/hash/bytes.ts';
import { sha256 } from '../../../src/hash/sha256.ts';
import { padEnvelope } from '../../../src/wire/envelope.ts';
import { encodeScopePackage } from '../../../src/wire/scopePackage.ts';
import { typedDigest } from '../../../src/wire/typedData.ts';
import { vectorFile } from './vectorFile.ts';

const allowedSuites = [0, 1];

/** A random source that gives what the vectors say was drawn. */
function drawing(...values: Hex[]) {
  return (size: number): Uint8Array => fromHex(values.shift() ?? '0x', size);
}

interface RecordVectors {
  readonly federationId: Hex;
  readonly privateKey: Hex;
  readonly account: Hex;
  readonly batchSecret: Hex;
  readonly scopeKeyId: Hex;
  readonly suite: number;
  readonly description: Omit<
    RecordDescription,
    'chainId' | 'recordedAt' | 'eventFrom' | 'eventTo'
  > &
    Readonly<Record<'chainId' | 'recordedAt' | 'eventFrom' | 'eventTo', string>>;
  readonly records: readonly {
    readonly name: string;
    readonly recordId: Hex;
    readonly recordSalt: Hex;
    readonly noncePrefix: Hex;
    readonly bodyLength: number;
    readonly bodySha256: Hex;
    readonly anchor: Hex;
    readonly headerHash: Hex;
    readonly bodyRoot: Hex;
    readonly ciphertextRoot: Hex;
    readonly signature: Hex;
    readonly size: number;
    readonly objectSha256: Hex;
    readonly header: Hex;
    readonly object?: Hex;
  }[];
}

describe('vectors of sealed records', () => {
  const { records, ...common } = vectorFile<RecordVectors>('record');
  const { federationId, scopeKeyId } = common;
  const batchSecret = fromHex(common.batchSecret);
  const description: RecordDescription = {
    ...common.description,
    chainId: BigInt(common.description.chainId),
    recordedAt: BigInt(common.description.recordedAt),
    eventFrom: BigInt(common.description.eventFrom),
    eventTo: BigInt(common.description.eventTo),
  };
  for (const vector of records) {
    it(`seals and opens the record "${vector.name}"`, async () => {
      const body = new Uint8Array(vector.bodyLength).map((_, i) => 31 * i + (i >> 8));
      expect(toHex(sha256(body))).to.equal(vector.bodySha256);
      const key = fromHex(common.privateKey);
      expect(accountOf(key)).to.equal(common.account);
      const { object, sealed } = await sealRecordBytes(
        {
          description,
          batchSecret,
          scopeKeyId,
          suite: common.suite,
          sign: (message) => signDigest(key, typedDigest('Record', federationId, message)),
        },
        body,
        drawing(vector.recordId, vector.recordSalt, vector.noncePrefix),
      );
      expect(toHex(object.subarray(0, 137))).to.equal(vector.header);
      expect(toHex(sha256(object))).to.equal(vector.objectSha256);
      if (vector.object !== undefined) expect(toHex(object)).to.equal(vector.object);
      const { headerHash, bodyRoot, ciphertextRoot, anchor, signature, size } = vector;
      const expected = { headerHash, bodyRoot, ciphertextRoot, anchor, signature, size };
      expect(sealed).to.include(expected);
      const opened = await openRecordBytes(object, {
        ...vector,
        federationId,
        scopeKeyId,
        key: { batchSecret },
        origin: description,
        signingAccountOf: () => common.account,
      });
      expect(toHex(sha256(opened.plaintext))).to.equal(vector.bodySha256);
    });
  }
});

interface WrapVector {
  readonly suite: number;
  readonly scopeSeed: Hex;
  readonly scopeKeyId: Hex;
  readonly author: Hex;
  readonly networkId: Hex;
  readonly batchSecret: Hex;
  readonly block: Hex;
}

describe('vectors of wraps', () => {
  for (const vector of vectorFile<WrapVector[]>('wrap')) {
    it(`opens the wrap of suite ${vector.suite}`, async () => {
      const pair = await deriveKemKeyPair(vector.suite, fromHex(vector.scopeSeed));
      expect(scopeKeyIdOf(pair.publicKey)).to.equal(vector.scopeKeyId);
      const secret = await openWrap(fromHex(vector.block), pair, { ...vector, allowedSuites });
      expect(toHex(secret)).to.equal(vector.batchSecret);
    });
  }
});

interface SessionVector {
  readonly suite: number;
  readonly federationId: Hex;
  readonly networkId: Hex;
  readonly opener: Hex;
  readonly openerKeyEpoch: number;
  readonly peer: Hex;
  readonly peerKeyEpoch: number;
  readonly day: number;
  readonly kemSeed: Hex;
  readonly sessionId: Hex;
  readonly secret: Hex;
  readonly opening: Hex;
  readonly envelope: Hex;
  readonly secondFrameOfOpener: Hex;
  readonly firstFrameOfPeer: Hex;
}

describe('vectors of sessions', () => {
  for (const vector of vectorFile<SessionVector[]>('session')) {
    it(`accepts the opening of suite ${vector.suite} and makes the same frames`, async () => {
      const parties = { ...vector, allowedSuites };
      const pair = await deriveKemKeyPair(vector.suite, fromHex(vector.kemSeed));
      const { sessionId, opening } = vector;
      const peer = await acceptSession(parties, sessionId, fromHex(opening), pair);
      const envelope = fromHex(vector.envelope);
      const frame = fromHex(vector.secondFrameOfOpener);
      expect(toHex(peer.open(frame))).to.equal(toHex(padEnvelope(envelope)));
      expect(toHex(peer.seal(envelope))).to.equal(vector.firstFrameOfPeer);
      const random = drawing(sessionId, vector.secret);
      const { session } = await openSession(parties, pair.publicKey, random);
      session.seal(envelope);
      expect(toHex(session.seal(envelope))).to.equal(vector.secondFrameOfOpener);
    });
  }
});

interface PackageVector {
  readonly federationId: Hex;
  readonly authorityKey: Hex;
  readonly authority: Hex;
  readonly kemSeed: Hex;
  readonly suite: number;
  readonly address: { readonly networkId: Hex; readonly chainId: string; readonly nodeId: Hex };
  readonly encoded: Hex;
  readonly message: {
    readonly patientId: Hex;
    readonly seq: string;
    readonly packageHash: Hex;
  };
  readonly signature: Hex;
  readonly sealed: Hex;
}

describe('vector of scope packages', () => {
  it('opens the package and encodes its content alike', async () => {
    const vector = vectorFile<PackageVector>('scopePackage');
    const address = { ...vector.address, chainId: BigInt(vector.address.chainId) };
    const message = { ...vector.message, ...address, seq: BigInt(vector.message.seq) };
    const key = fromHex(vector.authorityKey);
    const { federationId, authority, signature } = vector;
    expect(signDigest(key, typedDigest('Package', federationId, message))).to.equal(signature);
    const nodeKey = await deriveKemKeyPair(vector.suite, fromHex(vector.kemSeed));
    const content = await openScopePackage(
      { message, signature, sealed: fromHex(vector.sealed) },
      nodeKey,
      { federationId, authority, address },
    );
    expect(toHex(encodeScopePackage(content))).to.equal(vector.encoded);
  });
});
