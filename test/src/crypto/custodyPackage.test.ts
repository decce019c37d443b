import { expect } from 'chai';
import { openCustody, sealCustody } from '../../../src/crypto/custodyPackage.ts';
import { deriveKemKeyPair, type KemKeyPair } from '../../../src/crypto/hpkeSealing.ts';
import { randomBytes } from '../../../src/crypto/random.ts';
import { packageHashOf, type SealedPackage } from '../../../src/crypto/scopePackage.ts';
import { accountOf, signDigest } from '../../../src/crypto/signatures.ts';
import { toHex } from '../../../src/hash/bytes.ts';
import type { CustodyContent } from '../../../src/wire/emergencyMessages.ts';
import { HYBRID_SUITE } from '../../../src/wire/kemSuite.ts';
import { type Package, typedDigest } from '../../../src/wire/typedData.ts';
import { codeOf } from '../../support/codeOf.ts';

const id = () => toHex(randomBytes(32));

describe('a custody package', () => {
  const federationId = id();
  const key = randomBytes(32);
  const authority = accountOf(key);
  const address = { networkId: id(), chainId: 7n, nodeId: id() };
  const content: CustodyContent = {
    patientId: id(),
    cardEpoch: 3,
    custody: {
      lookUp: id(),
      custodians: [address.nodeId, id(), id()],
      holder: id(),
      scopeKeyId: id(),
      share: toHex(randomBytes(33)),
      accessKey: id(),
      inboxKey: '0x0102',
      inboxes: [id()],
    },
  };
  const place = { ...address, patientId: content.patientId, seq: 3n };
  let node: KemKeyPair;
  let sealed: SealedPackage;
  const sign = (message: Package) => signDigest(key, typedDigest('Package', federationId, message));
  const opening = { federationId, authority };
  before(async () => {
    node = await deriveKemKeyPair(HYBRID_SUITE, randomBytes(32));
    sealed = await sealCustody(content, address, node.publicKey, sign);
  });

  it('opens at its custodian', async () => {
    const opened = await openCustody(sealed.sealed, sealed.signature, place, node, opening);
    expect(opened).to.deep.equal(content);
  });

  it('is signed as no scope package is', () => {
    expect(sealed.message.packageHash).to.not.equal(packageHashOf(sealed.sealed));
  });

  it('is refused for another node, network, chain, patient, epoch or signer', async () => {
    const others = [
      { ...place, nodeId: id() },
      { ...place, networkId: id() },
      { ...place, chainId: 8n },
      { ...place, patientId: id() },
      { ...place, seq: 4n },
    ];
    for (const other of others) {
      const attempt = () => openCustody(sealed.sealed, sealed.signature, other, node, opening);
      expect(await codeOf(attempt)).to.equal('BadPackageSignature');
    }
    const stranger = { federationId, authority: accountOf(randomBytes(32)) };
    const attempt = () => openCustody(sealed.sealed, sealed.signature, place, node, stranger);
    expect(await codeOf(attempt)).to.equal('BadPackageSignature');
  });

  it('does not open with another key, nor when somebody signs it for another place', async () => {
    const other = await deriveKemKeyPair(HYBRID_SUITE, randomBytes(32));
    const attempt = () => openCustody(sealed.sealed, sealed.signature, place, other, opening);
    expect(await codeOf(attempt)).to.equal('OpeningFailed');
    const moved = { ...place, seq: 4n };
    const signature = sign({ ...moved, packageHash: sealed.message.packageHash });
    const replayed = () => openCustody(sealed.sealed, signature, moved, node, opening);
    expect(await codeOf(replayed)).to.equal('OpeningFailed');
  });
});
