import { createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { build } from 'esbuild';
import fc from 'fast-check';
import type * as client from '../../../../src/client/index.ts';
import {
  openWallet,
  readSealedWallet,
  type SealedWallet,
  sealWallet,
} from '../../../../src/client/wallet/sealedWallet.ts';
import { newWallet, type Wallet } from '../../../../src/client/wallet/wallet.ts';
import { readGuardianShare } from '../../../../src/crypto/keySlotForm.ts';
import { randomBytes } from '../../../../src/crypto/random.ts';
import { newRecoveryCode } from '../../../../src/crypto/recoveryCode.ts';
import { fromHex, type Hex, join as joinParts, toHex, utf8 } from '../../../../src/hash/bytes.ts';
import { codeOf } from '../../../support/codeOf.ts';
import { FAST_SLOTS } from '../../../support/fastSlots.ts';
import { vectorFile } from '../../crypto/vectorFile.ts';
import { CODE, fullWallet, PASSPHRASE } from './walletFixture.ts';

const open = (sealed: SealedWallet, secret: Parameters<typeof openWallet>[1] = PASSPHRASE) =>
  openWallet(sealed, secret, FAST_SLOTS);
const read = (value: unknown) => readSealedWallet(JSON.stringify(value));

describe('sealedWallet', () => {
  it('gives the whole wallet back through every slot', async () => {
    const { wallet, shares } = await fullWallet();
    const sealed = read(sealWallet(wallet));
    for (const secret of [PASSPHRASE, CODE, { kind: 'guardians', shares } as const])
      expect(await open(sealed, secret)).to.deep.equal(wallet);
  });

  it('shows none of its secrets, identifiers or places', async () => {
    const { wallet } = await fullWallet();
    const text = JSON.stringify(sealWallet(wallet));
    const { rootKey, authorityKey, networks } = wallet;
    const [network] = Object.values(networks);
    const inside = [
      rootKey,
      authorityKey,
      network?.networkId,
      network?.patientId,
      network?.idNonce,
    ];
    for (const value of inside) expect(text).to.not.contain(value?.slice(2));
    expect(text).to.not.contain('medication');
  });

  it('refuses every changed bit', async () => {
    const sealed = sealWallet((await fullWallet()).wallet);
    const size = fromHex(sealed.sealed).length;
    await fc.assert(
      fc.asyncProperty(fc.nat(size - 1), fc.nat(7), async (at, bit) => {
        const bytes = fromHex(sealed.sealed);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const changed = { ...sealed, sealed: toHex(bytes) };
        expect(await codeOf(() => open(changed))).to.equal('WalletDamaged');
      }),
      { numRuns: 60 },
    );
  });

  it('refuses the content of another wallet under its own slots', async () => {
    const [one, other] = [(await fullWallet()).wallet, (await fullWallet()).wallet];
    const mixed = { ...sealWallet(one), sealed: sealWallet(other).sealed };
    expect(await codeOf(() => open(mixed))).to.equal('WalletDamaged');
    const strange = { ...one, ...(other.keySlots && { keySlots: other.keySlots }) };
    expect(await codeOf(() => sealWallet(strange))).to.equal('RootKeyMismatch');
  });

  it('is not made before the root key is in slots', async () => {
    expect(await codeOf(() => sealWallet(newWallet(randomBytes)))).to.equal('TooFewSlots');
  });

  it('still opens when slots are lost', async () => {
    const { wallet } = await fullWallet();
    const { keySlots, ...rest } = sealWallet(wallet);
    const [first] = keySlots.slots;
    const left = { ...keySlots, slots: first === undefined ? [] : [first] };
    const opened = await open(read({ ...rest, keySlots: left }));
    expect(opened).to.deep.equal({ ...wallet, keySlots: left });
    expect(read(sealWallet(opened)).keySlots).to.deep.equal(left);
  });

  it('is read in its one form only', async () => {
    const sealed = sealWallet((await fullWallet()).wallet);
    const wrong: unknown[] = [
      null,
      {},
      [],
      { ...sealed, version: 1 },
      { ...sealed, version: 3 },
      { ...sealed, sealed: '0x12' },
      { ...sealed, more: 1 },
    ];
    for (const value of wrong) expect(await codeOf(() => read(value))).to.equal('BadWallet');
    expect(await codeOf(() => readSealedWallet('{'))).to.equal('BadWallet');
    expect(await codeOf(() => read({ ...sealed, keySlots: {} }))).to.equal('BadKeySlots');
    const { rootKey, authorityKey } = newWallet(randomBytes);
    const old = { rootKey, authorityKey, networks: {} };
    expect(await codeOf(() => read(old))).to.equal('WalletNotSealed');
    expect(() => read(old))
      .to.throw()
      .with.property('message')
      .not.contain(rootKey);
  });
});

describe('refusals of a wallet', () => {
  it('hostile 40: name no key, passphrase, code, share or patient', async () => {
    const { wallet, shares } = await fullWallet();
    const sealed = sealWallet(wallet);
    const cut = { ...sealed, sealed: toHex(fromHex(sealed.sealed).subarray(1)) };
    const strange = (await fullWallet()).shares;
    const mistyped = CODE.code.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const phrase = 'a lake by night, unknown';
    const { rootKey, authorityKey } = wallet;
    const acts: (() => unknown)[] = [
      () => open(sealed, { kind: 'passphrase', passphrase: phrase }),
      () => open(sealed, { kind: 'recoveryCode', code: mistyped }),
      () => open(sealed, { kind: 'recoveryCode', code: newRecoveryCode(randomBytes) }),
      () => open(sealed, { kind: 'guardians', shares: strange }),
      () => open(sealed, { kind: 'guardians', shares: shares.slice(1, 2) }),
      () => open(cut),
      () => read({ ...wallet, keySlots: 0 }),
      () => read({ version: 2, rootKey }),
      () => readSealedWallet(`${JSON.stringify(wallet)}}`),
      () => readGuardianShare(`${JSON.stringify(shares[0])}}`),
      () => sealWallet({ ...wallet, rootKey: toHex(randomBytes(32)) }),
    ];
    const identifiers = Object.values(wallet.networks).flatMap((one) => [
      one.patientId,
      one.idNonce,
    ]);
    const parts = [...shares, ...strange].map(({ share }) => share);
    const secrets = [rootKey, authorityKey, ...identifiers, ...parts].map((hex) => hex.slice(2));
    for (const act of acts) {
      let told = '';
      try {
        await act();
      } catch (error) {
        told = inspect(error, { depth: null });
      }
      expect(told, String(act)).to.match(/CarelatticeError/);
      for (const secret of [...secrets, phrase, PASSPHRASE.passphrase, mistyped, CODE.code])
        expect(told, String(act)).to.not.contain(secret);
    }
  });
});

interface WalletVector {
  readonly passphrase: string;
  readonly rootKey: Hex;
  readonly keySlots: SealedWallet['keySlots'];
  readonly wallet: { readonly nonce: Hex; readonly state: string; readonly sealed: Hex };
}

describe('vector of a sealed wallet', () => {
  const { rootKey, keySlots, passphrase, wallet } = vectorFile<WalletVector>('keySlots');
  const state = JSON.parse(wallet.state) as Omit<Wallet, 'rootKey' | 'keySlots'>; // sealed by us
  const kept: SealedWallet = { version: 2, keySlots, sealed: wallet.sealed };

  it('is made and opened', async () => {
    const whole = { rootKey, keySlots, ...state };
    expect(sealWallet(whole, () => fromHex(wallet.nonce))).to.deep.equal(kept);
    const opened = await openWallet(read(kept), { kind: 'passphrase', passphrase });
    expect(opened).to.deep.equal(whole);
  });

  it('opens by the formulas of the page with nothing of ours but join', () => {
    const info = joinParts(utf8('carelattice/v1'), utf8('wallet'));
    const key = hkdfSync('sha256', fromHex(rootKey), new Uint8Array(0), info, 32);
    const aad = joinParts(
      utf8('carelattice/v1'),
      utf8('wallet'),
      Uint8Array.of(2),
      fromHex(keySlots.rootKeyId),
    );
    const bytes = fromHex(wallet.sealed);
    const decipher = createDecipheriv('aes-256-gcm', new Uint8Array(key), bytes.subarray(0, 12));
    decipher.setAAD(createHash('sha256').update(aad).digest());
    decipher.setAuthTag(bytes.subarray(-16));
    const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    expect(text.toString('utf8')).to.equal(wallet.state);
  });
});

describe('a sealed wallet in a browser', function () {
  this.timeout(60_000);

  it('is opened by the client’s bundle, with Argon2id in WebAssembly', async () => {
    const { rootKey, keySlots, passphrase, wallet } = vectorFile<WalletVector>('keySlots');
    const folder = await mkdtemp(join(tmpdir(), 'bundle-'));
    try {
      const outfile = join(folder, 'client.mjs');
      const entryPoints = ['src/client/index.ts'];
      await build({ entryPoints, bundle: true, format: 'esm', platform: 'browser', outfile });
      // The bundle offers what its entry point does.
      const browser = (await import(pathToFileURL(outfile).href)) as typeof client;
      const kept = JSON.stringify({ version: 2, keySlots, sealed: wallet.sealed });
      const sealed = browser.readSealedWallet(kept);
      const opened = await browser.openWallet(sealed, { kind: 'passphrase', passphrase });
      expect(opened.rootKey).to.equal(rootKey);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
