import { expect } from 'chai';
import { concat, id, Signature, toBeHex, ZeroAddress } from 'ethers';
import { network } from 'hardhat';
import { FEDERATION, walletOf } from './signing.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

describe('SignerCheck', () => {
  const patient = walletOf('patient');
  const digest = id('digest');
  const good = patient.signingKey.sign(digest);

  async function probe() {
    const { ethers } = await network.create('edge');
    return ethers.deployContract('TypedDataProbe', [FEDERATION]);
  }

  it('believes the account that signed, in 65 bytes', async () => {
    const check = await probe();
    expect(await check.isValid(patient.address, digest, good.serialized)).to.equal(true);
  });

  it('hostile 13: refuses the twin with high s', async () => {
    const check = await probe();
    const high = concat([
      good.r,
      toBeHex(ORDER - BigInt(good.s), 32),
      good.v === 27 ? '0x1c' : '0x1b',
    ]);
    expect(await check.isValid(patient.address, digest, high)).to.equal(false);
  });

  it('hostile 13: refuses 64 bytes, 66 bytes and none', async () => {
    const check = await probe();
    const compact = Signature.from(good).compactSerialized;
    for (const bytes of [compact, concat([good.serialized, '0x00']), '0x']) {
      expect(await check.isValid(patient.address, digest, bytes)).to.equal(false);
    }
  });

  it('hostile 13: refuses every v but the right one', async () => {
    const check = await probe();
    for (const v of [0, 1, 2, 26, 29, 255, good.v === 27 ? 28 : 27]) {
      const signature = concat([good.r, good.s, toBeHex(v, 1)]);
      expect(await check.isValid(patient.address, digest, signature)).to.equal(false);
    }
  });

  it('hostile 13: refuses the zero address, whatever the signature', async () => {
    const check = await probe();
    const zeros = concat([toBeHex(0, 32), toBeHex(0, 32), '0x1b']);
    for (const signature of ['0x', zeros, good.serialized]) {
      expect(await check.isValid(ZeroAddress, digest, signature)).to.equal(false);
    }
  });

  it('refuses another account and another digest', async () => {
    const check = await probe();
    expect(await check.isValid(walletOf('thief').address, digest, good.serialized)).to.equal(false);
    expect(await check.isValid(patient.address, id('other'), good.serialized)).to.equal(false);
  });
});
