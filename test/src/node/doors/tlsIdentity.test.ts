import { createHash, X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { newTlsIdentity, tlsIdentityOf } from '../../../../src/node/doors/tlsIdentity.node.ts';
import { codeOf } from '../../../support/codeOf.ts';

describe('a TLS identity', () => {
  it('is a self-signed P-256 certificate for digital signatures, without an end', () => {
    const identity = newTlsIdentity('Saint Anne');
    const certificate = new X509Certificate(identity.certificate);
    expect(certificate.verify(certificate.publicKey)).to.equal(true);
    expect(certificate.subject).to.equal('CN=Saint Anne');
    expect(certificate.issuer).to.equal('CN=Saint Anne');
    expect(certificate.ca).to.equal(false);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).to.equal('prime256v1');
    expect(certificate.validTo).to.contain('9999');
  });

  it('is pinned by SHA-256 of its SubjectPublicKeyInfo', () => {
    const { certificate, keyHash } = newTlsIdentity('a');
    const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
    expect(keyHash).to.equal(`0x${createHash('sha256').update(spki).digest('hex')}`);
  });

  it('keeps its hash when the certificate is made anew from the kept key', () => {
    const first = newTlsIdentity('a');
    const again = tlsIdentityOf(first.privateKey, 'another name');
    expect(again.keyHash).to.equal(first.keyHash);
    expect(new X509Certificate(again.certificate).serialNumber).not.to.equal(
      new X509Certificate(first.certificate).serialNumber,
    );
    expect(newTlsIdentity('a').keyHash).not.to.equal(first.keyHash);
  });

  it('takes names in any script, of 1 to 64 bytes', async () => {
    expect(new X509Certificate(newTlsIdentity('协和医院').certificate).subject).to.be.a('string');
    expect(await codeOf(() => newTlsIdentity(''))).to.equal('BadTlsName');
    expect(await codeOf(() => newTlsIdentity('x'.repeat(65)))).to.equal('BadTlsName');
    expect(await codeOf(() => newTlsIdentity('x'.repeat(64)))).to.equal('none');
  });

  it('hostile 40: refuses a broken key without quoting it', async () => {
    const { privateKey } = newTlsIdentity('a');
    const broken = privateKey.replace(/[A-Za-z]{5}/, '!!!!!');
    expect(await codeOf(() => tlsIdentityOf(broken, 'a'))).to.equal('BadTlsKey');
    try {
      tlsIdentityOf(privateKey.slice(0, 100), 'a');
      expect.fail('accepted');
    } catch (error) {
      expect((error as Error).message).not.to.contain(privateKey.slice(40, 60));
      expect((error as Error).cause).to.equal(undefined);
    }
  });
});
