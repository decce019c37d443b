import { expect } from 'chai';
import { recoverAddress, SigningKey, Wallet } from 'ethers';
import fc from 'fast-check';
import { curve } from '../../../src/crypto/secp256k1.node.ts';
import { noble } from '../../../src/crypto/secp256k1.ts';
import { accountOf, recoverAccount, signDigest } from '../../../src/crypto/signatures.ts';
import { concat, fromHex, toHex, uint, type Hex } from '../../../src/hash/bytes.ts';
import { codeOf } from '../../support/codeOf.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const privateKey = new Uint8Array(32).fill(7);
const digest = new Uint8Array(32).fill(9);
const signature = fromHex(signDigest(privateKey, digest));
const [r, s, v] = [signature.slice(0, 32), signature.slice(32, 64), signature[64] ?? 0];

const digests = fc.uint8Array({ minLength: 32, maxLength: 32 });
const keys = fc.bigInt({ min: 1n, max: ORDER - 1n }).map((key) => uint(key, 32));

const withTail = (head: Uint8Array, last: number): Hex => toHex(concat(head, Uint8Array.of(last)));

describe('signatures', () => {
  it('uses the native addon here', () => {
    expect(curve.implementation).to.equal('libsecp256k1');
  });

  it('signs as ethers does and recovers the account', () => {
    fc.assert(
      fc.property(keys, digests, (key, message) => {
        const signed = signDigest(key, message);
        expect(signed).to.equal(new SigningKey(toHex(key)).sign(message).serialized);
        expect(recoverAccount(message, signed)).to.equal(accountOf(key));
        expect(accountOf(key)).to.equal(new Wallet(toHex(key)).address.toLowerCase());
        expect(recoverAddress(message, signed).toLowerCase()).to.equal(accountOf(key));
      }),
      { numRuns: 50 },
    );
  });

  it('gives equal bytes from both implementations', () => {
    fc.assert(
      fc.property(keys, digests, (key, message) => {
        const [one, other] = [curve.sign(message, key), noble.sign(message, key)];
        expect(toHex(one.signature)).to.equal(toHex(other.signature));
        expect(one.recovery).to.equal(other.recovery);
        expect(toHex(curve.publicKeyOf(key))).to.equal(toHex(noble.publicKeyOf(key)));
        expect(toHex(noble.recover(message, one.signature, one.recovery))).to.equal(
          toHex(curve.recover(message, one.signature, one.recovery)),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('hostile 13: refuses the high-s twin of a signature', () => {
    const high = uint(ORDER - BigInt(toHex(s)), 32);
    for (const tail of [27, 28]) {
      expect(recoverAccount(digest, withTail(concat(r, high), tail))).to.equal(undefined);
    }
  });

  const zero = new Uint8Array(32);
  const order = uint(ORDER, 32);
  const shapes: [string, string][] = [
    ['empty', '0x'],
    ['64-byte (EIP-2098)', toHex(concat(r, s))],
    ['66-byte', toHex(concat(signature, Uint8Array.of(0)))],
    ['v = 0', withTail(concat(r, s), 0)],
    ['v = 1', withTail(concat(r, s), 1)],
    ['v = 29', withTail(concat(r, s), 29)],
    ['v of a chain id', withTail(concat(r, s), 37)],
    ['zero r', withTail(concat(zero, s), v)],
    ['zero s', withTail(concat(r, zero), v)],
    ['all-zero', withTail(concat(zero, zero), 27)],
    ['r = order', withTail(concat(order, s), v)],
    ['s = order', withTail(concat(r, order), v)],
    ['upper-case', toHex(signature).toUpperCase().replace('0X', '0x')],
    ['no-hex', `0x${'zz'.repeat(65)}`],
    ['prefix-less', toHex(signature).slice(2)],
  ];
  for (const [name, shape] of shapes) {
    it(`hostile 13: refuses a signature that is ${name}`, () => {
      expect(recoverAccount(digest, shape)).to.equal(undefined);
    });
  }

  it('hostile 13: recovers no zero address and not the signer from a changed signature', () => {
    fc.assert(
      fc.property(fc.nat(64), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = signature.slice();
        changed[at] = (changed[at] ?? 0) ^ change;
        const account = recoverAccount(digest, toHex(changed));
        expect(account).to.not.be.oneOf([accountOf(privateKey), `0x${'00'.repeat(20)}`]);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses private keys and digests that are none', async () => {
    for (const key of [zero, order, new Uint8Array(31), new Uint8Array(33)]) {
      expect(await codeOf(() => accountOf(key))).to.equal('BadPrivateKey');
      expect(await codeOf(() => signDigest(key, digest))).to.equal('BadPrivateKey');
    }
    expect(await codeOf(() => signDigest(privateKey, new Uint8Array(31)))).to.equal('BadDigest');
    expect(await codeOf(() => recoverAccount(new Uint8Array(33), '0x'))).to.equal('BadDigest');
  });

  it('hostile 40: names no key in an error', () => {
    const bad = new Uint8Array(33).fill(0x5e);
    expect(() => accountOf(bad))
      .to.throw()
      .and.satisfy((error: Error) => !/5e5e/.test(String(error)));
  });
});
