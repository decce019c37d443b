import { createHmac, hkdfSync } from 'node:crypto';
import { expect } from 'chai';
import { AbiCoder, keccak256 } from 'ethers';
import {
  accessKey,
  bodyKeyOf,
  handleOf,
  idNonce,
  innerKeyOf,
  kemKeyHash,
  keyCommitmentOf,
  netSeed,
  nodeIdOf,
  patientIdOf,
  presenceSecret,
  presenceTag,
  recordKeyOf,
  routingAuthorityKey,
  routingIdNonce,
  routingIdOf,
  saltHashOf,
  scopeCommitment,
  scopeKeyIdOf,
  scopeKeySeed,
  scopeSalt,
} from '../../../src/crypto/derivations.ts';
import { deriveKemKeyPair } from '../../../src/crypto/hpkeSealing.ts';
import { accountOf } from '../../../src/crypto/signatures.ts';
import { concat, fromHex, join, toHex, uint, utf8, type Hex } from '../../../src/hash/bytes.ts';
import { vectorFile } from './vectorFile.ts';

interface DerivationVectors {
  readonly inputs: Readonly<Record<string, Hex>> & {
    readonly category: string;
    readonly scopeEpoch: number;
    readonly presenceEpoch: number;
    readonly tagEpoch: number;
  };
  readonly outputs: Readonly<Record<string, Hex>>;
  readonly scopeKeys: readonly {
    readonly suite: number;
    readonly publicKey: Hex;
    readonly scopeKeyId: Hex;
    readonly kemKeyHash: Hex;
    readonly scopeCommitment: Hex;
  }[];
}

const { inputs, outputs, scopeKeys } = vectorFile<DerivationVectors>('derivations');
const input = (name: string): Hex => inputs[name] ?? '0x';
const rootKey = fromHex(input('rootKey'));
const [federationId, networkId, nodeId] = [
  input('federationId'),
  input('networkId'),
  input('nodeId'),
];
const seed = netSeed(rootKey, federationId, networkId);
const handle = handleOf(seed, inputs.category);

describe('derivations', () => {
  it('gives the values of the vectors', () => {
    const routingKey = routingAuthorityKey(rootKey, federationId);
    const secret = presenceSecret(seed, inputs.presenceEpoch);
    const [recordId, recordSalt] = [input('recordId'), input('recordSalt')];
    const recordKey = recordKeyOf(fromHex(input('batchSecret')), recordId, recordSalt);
    expect({
      netSeed: toHex(seed),
      scopeKeySeed: toHex(scopeKeySeed(rootKey, federationId, inputs.category, inputs.scopeEpoch)),
      handle,
      idNonce: idNonce(seed),
      patientId: patientIdOf(networkId, input('authority'), idNonce(seed)),
      routingIdNonce: routingIdNonce(rootKey, federationId),
      routingAuthorityKey: toHex(routingKey),
      routingAuthority: accountOf(routingKey),
      routingId: routingIdOf(
        federationId,
        accountOf(routingKey),
        routingIdNonce(rootKey, federationId),
      ),
      nodeId: nodeIdOf(networkId, input('nodeSigningKey'), input('nodeNonce')),
      presenceSecret: toHex(secret),
      presenceTag: presenceTag(secret, networkId, nodeId, inputs.tagEpoch),
      accessKey: toHex(accessKey(seed, nodeId)),
      scopeSalt: toHex(scopeSalt(seed, handle, inputs.scopeEpoch)),
      recordKey: toHex(recordKey),
      bodyKey: toHex(bodyKeyOf(recordKey)),
      innerKey: toHex(innerKeyOf(recordKey)),
      keyCommitment: keyCommitmentOf(recordKey),
      saltHash: saltHashOf(recordSalt),
    }).to.deep.equal(outputs);
  });

  it('gives scope keys, their ids and commitments of the vectors', async () => {
    const scopeSeed = scopeKeySeed(rootKey, federationId, inputs.category, inputs.scopeEpoch);
    expect(scopeKeys).to.have.length(2);
    for (const vector of scopeKeys) {
      const { publicKey } = await deriveKemKeyPair(vector.suite, scopeSeed);
      const salt = scopeSalt(seed, handle, inputs.scopeEpoch);
      expect({
        suite: publicKey.suite,
        publicKey: toHex(publicKey.bytes),
        scopeKeyId: scopeKeyIdOf(publicKey),
        kemKeyHash: kemKeyHash(publicKey),
        scopeCommitment: scopeCommitment(salt, scopeKeyIdOf(publicKey)),
      }).to.deep.equal(vector);
    }
  });

  it('follows the formulas of the protocol, computed here by other code', () => {
    const info = join(
      utf8('carelattice/v1'),
      utf8('net'),
      fromHex(federationId),
      fromHex(networkId),
    );
    const derived = hkdfSync('sha256', rootKey, new Uint8Array(0), info, 32);
    expect(toHex(new Uint8Array(derived))).to.equal(toHex(seed));

    const secret = presenceSecret(seed, 1);
    const tagged = concat(fromHex(networkId), fromHex(nodeId), uint(9, 4));
    const mac = createHmac('sha256', secret).update(tagged).digest('hex');
    expect(presenceTag(secret, networkId, nodeId, 9)).to.equal(`0x${mac.slice(0, 32)}`);

    const coder = AbiCoder.defaultAbiCoder();
    const fields = [networkId, input('authority'), idNonce(seed)];
    expect(patientIdOf(networkId, input('authority'), idNonce(seed))).to.equal(
      keccak256(coder.encode(['bytes32', 'address', 'bytes32'], fields)),
    );
    const salt = scopeSalt(seed, handle, 1);
    expect(scopeCommitment(salt, nodeId)).to.equal(keccak256(toHex(concat(salt, fromHex(nodeId)))));
  });

  it('separates networks, categories, epochs, nodes and origins', () => {
    const other: Hex = `0x${'02'.repeat(32)}`;
    const otherSeed = netSeed(rootKey, federationId, other);
    const values = [
      toHex(seed),
      toHex(otherSeed),
      handle,
      handleOf(seed, 'problem'),
      handleOf(otherSeed, inputs.category),
      toHex(scopeKeySeed(rootKey, federationId, 'result', 1)),
      toHex(scopeKeySeed(rootKey, federationId, 'result', 2)),
      toHex(scopeKeySeed(rootKey, other, 'result', 1)),
      toHex(presenceSecret(seed, 1)),
      toHex(presenceSecret(seed, 2)),
      presenceTag(seed, networkId, nodeId, 1),
      presenceTag(seed, networkId, nodeId, 2),
      presenceTag(seed, networkId, other, 1),
      presenceTag(seed, other, nodeId, 1),
      toHex(accessKey(seed, nodeId)),
      toHex(accessKey(seed, other)),
    ];
    expect(new Set(values).size).to.equal(values.length);
  });
});
