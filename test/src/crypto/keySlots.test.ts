import { createDecipheriv, createHash, hkdfSync, argon2Sync } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { ARGON2_COST } from '../../../src/crypto/argon2Cost.ts';
import type { GuardianShare } from '../../../src/crypto/guardianShares.ts';
import { makeSlot, type SlotRequest } from '../../../src/crypto/keySlot.ts';
import { type KeySlots, readKeySlots } from '../../../src/crypto/keySlotForm.ts';
import {
  addSlot,
  assertTwoKinds,
  openRootKey,
  removeSlot,
  replaceSlot,
  rootKeyIdOf,
  sealRootKey,
} from '../../../src/crypto/keySlots.ts';
import { randomBytes } from '../../../src/crypto/random.ts';
import { newRecoveryCode, recoveryCodeOf } from '../../../src/crypto/recoveryCode.ts';
import { fromHex, type Hex, join, toHex, uint, utf8 } from '../../../src/hash/bytes.ts';
import { codeOf } from '../../support/codeOf.ts';
import { FAST_SLOTS } from '../../support/fastSlots.ts';
import { vectorFile } from './vectorFile.ts';

const PASSPHRASE = 'a lake in the morning';
const passphrase = { kind: 'passphrase', passphrase: PASSPHRASE } as const;
const code = newRecoveryCode(randomBytes);
const recoveryCode = { kind: 'recoveryCode', code } as const;
const guardians = { kind: 'guardians', threshold: 2, guardians: 3 } as const;
const all: readonly SlotRequest[] = [passphrase, recoveryCode, guardians];

const rootKeys = fc.uint8Array({ minLength: 32, maxLength: 32 });
const phrases = fc.string({ unit: 'grapheme', minLength: 15, maxLength: 40 });
const seal = (rootKey: Uint8Array, requests = all) => sealRootKey(rootKey, requests, FAST_SLOTS);
const open = (slots: KeySlots, secret: Parameters<typeof openRootKey>[1]) =>
  openRootKey(slots, secret, FAST_SLOTS);

/** A copy of the slots with one of them changed. */
function changed(slots: KeySlots, kind: string, change: object): KeySlots {
  const next = slots.slots.map((slot) => (slot.kind === kind ? { ...slot, ...change } : slot));
  return { ...slots, slots: next };
}

/** The same hex with one bit of byte `at` turned over. */
function flipped(hex: Hex, at: number, bit: number): Hex {
  const bytes = fromHex(hex);
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
  return toHex(bytes);
}

describe('keySlots', () => {
  const rootKey = randomBytes(32);

  it('give the root key back through each slot', async () => {
    await fc.assert(
      fc.asyncProperty(rootKeys, phrases, async (key, phrase) => {
        const own = { kind: 'passphrase', passphrase: phrase } as const;
        const { keySlots, shares } = await seal(key, [own, recoveryCode, guardians]);
        const kept = readKeySlots(JSON.parse(JSON.stringify(keySlots)));
        expect(kept).to.deep.equal(keySlots);
        const composed = { ...own, passphrase: phrase.normalize('NFD') };
        const kinds = [own, composed, recoveryCode, { kind: 'guardians', shares }] as const;
        for (const secret of kinds) expect(await open(kept, secret)).to.deep.equal(key);
      }),
      { numRuns: 20 },
    );
  });

  it('hold the root key in two slots of different kinds or not at all', async () => {
    const wrong: [string, readonly SlotRequest[]][] = [
      ['TooFewSlots', []],
      ['TooFewSlots', [passphrase]],
      ['TwoSlotsOfOneKind', [passphrase, { ...passphrase, passphrase: 'another phrase here' }]],
      ['TwoSlotsOfOneKind', [recoveryCode, passphrase, recoveryCode]],
    ];
    for (const [expected, requests] of wrong)
      expect(await codeOf(() => seal(rootKey, requests))).to.equal(expected);
    const { keySlots } = await seal(rootKey, [passphrase, recoveryCode]);
    expect(await codeOf(() => removeSlot(keySlots, 'passphrase'))).to.equal('TooFewSlots');
    expect(await codeOf(() => assertTwoKinds(keySlots.slots))).to.equal('none');
  });

  it('refuse a wrong secret of each kind, a kind that is not there, and another length', async () => {
    const { keySlots, shares } = await seal(rootKey);
    const others = await seal(randomBytes(32));
    const refused = async (expected: string, secret: Parameters<typeof openRootKey>[1]) =>
      expect(await codeOf(() => open(keySlots, secret))).to.equal(expected);
    await refused('WrongPassphrase', { kind: 'passphrase', passphrase: `${PASSPHRASE} ` });
    await refused('WrongPassphrase', { kind: 'passphrase', passphrase: '' });
    const other = newRecoveryCode(randomBytes);
    await refused('WrongRecoveryCode', { kind: 'recoveryCode', code: other });
    await refused('RecoveryCodeMistyped', { kind: 'recoveryCode', code: code.slice(1) });
    await refused('TooFewShares', { kind: 'guardians', shares: shares.slice(0, 1) });
    await refused('TooFewShares', { kind: 'guardians', shares: [] });
    await refused('ShareOfAnotherPatient', { kind: 'guardians', shares: others.shares });
    const two = { ...keySlots, slots: keySlots.slots.slice(0, 2) };
    expect(await codeOf(() => open(two, { kind: 'guardians', shares }))).to.equal('NoSuchSlot');
    expect(await codeOf(() => seal(rootKey.subarray(1)))).to.equal('BadRootKey');
    const short = [{ ...passphrase, passphrase: 'fourteen chars' }, recoveryCode];
    expect(await codeOf(() => seal(rootKey, short))).to.equal('PassphraseTooShort');
    const mistyped = [passphrase, { ...recoveryCode, code: '12345' }];
    expect(await codeOf(() => seal(rootKey, mistyped))).to.equal('RecoveryCodeMistyped');
  });

  it('refuse every changed bit of a slot', async () => {
    const { keySlots, shares } = await seal(rootKey);
    const secrets = { passphrase, recoveryCode, guardians: { kind: 'guardians', shares } } as const;
    const fields = [
      ['passphrase', 'sealed', 'WrongPassphrase'],
      ['passphrase', 'nonce', 'WrongPassphrase'],
      ['passphrase', 'salt', 'WrongPassphrase'],
      ['recoveryCode', 'sealed', 'WrongRecoveryCode'],
      ['recoveryCode', 'nonce', 'WrongRecoveryCode'],
      ['recoveryCode', 'salt', 'WrongRecoveryCode'],
      ['guardians', 'sealed', 'KeySlotDamaged'],
      ['guardians', 'nonce', 'KeySlotDamaged'],
      ['guardians', 'set', 'ShareOfAnotherSet'],
    ] as const;
    const bits = fc.tuple(fc.constantFrom(...fields), fc.nat(1000), fc.nat(7));
    await fc.assert(
      fc.asyncProperty(bits, async ([[kind, field, expected], at, bit]) => {
        const slot = keySlots.slots.find((one) => one.kind === kind);
        const value = (slot as unknown as Record<string, Hex>)[field] ?? '0x'; // a field of that kind
        const damaged = changed(keySlots, kind, { [field]: flipped(value, at, bit) });
        expect(await codeOf(() => open(damaged, secrets[kind]))).to.equal(expected);
      }),
      { numRuns: 120 },
    );
  });

  it('refuse changed parameters, and the slot of another root key', async () => {
    const { keySlots, shares } = await seal(rootKey);
    const more = changed(keySlots, 'passphrase', { passes: 2 });
    expect(await codeOf(() => open(more, passphrase))).to.equal('WrongPassphrase');
    const fewer = changed(keySlots, 'guardians', { threshold: 3 });
    const given = { kind: 'guardians', shares } as const;
    expect(await codeOf(() => open(fewer, given))).to.equal('KeySlotDamaged');
    const renamed = { ...keySlots, rootKeyId: rootKeyIdOf(randomBytes(32)) };
    expect(await codeOf(() => open(renamed, recoveryCode))).to.equal('WrongRecoveryCode');
    expect(await codeOf(() => open(renamed, given))).to.equal('ShareOfAnotherPatient');
  });

  it('refuse a slot that opens to another root key than the one they name', async () => {
    const { keySlots } = await seal(rootKey);
    // Made by somebody who knows the code: what is sealed is right, what is inside is his.
    const { slot } = await makeSlot(randomBytes(32), keySlots.rootKeyId, recoveryCode, FAST_SLOTS);
    const crafted = changed(keySlots, 'recoveryCode', slot);
    expect(await codeOf(() => open(crafted, recoveryCode))).to.equal('KeySlotDamaged');
  });

  it('refuse a passphrase that is guessed too cheaply, made or found', async () => {
    const two = [passphrase, recoveryCode];
    const { argon2 } = FAST_SLOTS;
    if (argon2 === undefined) return expect.fail('the fast slots name their cost');
    expect(await codeOf(() => sealRootKey(rootKey, two, { argon2 }))).to.equal('WeakKeySlot');
    for (const less of [{ memoryKiB: 65_535 }, { passes: 2 }]) {
      const cost = { ...ARGON2_COST, ...less };
      const cheap = await codeOf(() => sealRootKey(rootKey, two, { argon2: cost }));
      expect(cheap).to.equal('WeakKeySlot');
    }
    const { keySlots } = await seal(rootKey, two);
    expect(await codeOf(() => openRootKey(keySlots, passphrase))).to.equal('WeakKeySlot');
    const lanes = changed(keySlots, 'passphrase', { lanes: 2 });
    expect(await codeOf(() => open(lanes, passphrase))).to.equal('WeakKeySlot');
  });

  it('take, change and drop a slot while two kinds stay', async () => {
    const { keySlots } = await seal(rootKey, [passphrase, recoveryCode]);
    const withGuardians = await addSlot(keySlots, rootKey, guardians, FAST_SLOTS);
    const { shares } = withGuardians;
    expect(await open(withGuardians.keySlots, { kind: 'guardians', shares })).to.deep.equal(
      rootKey,
    );
    const next = { ...passphrase, passphrase: 'a lake in the evening' };
    const renewed = (await replaceSlot(withGuardians.keySlots, rootKey, next, FAST_SLOTS)).keySlots;
    expect(await codeOf(() => open(renewed, passphrase))).to.equal('WrongPassphrase');
    expect(await open(renewed, next)).to.deep.equal(rootKey);
    const fewer = removeSlot(renewed, 'recoveryCode');
    expect(await codeOf(() => open(fewer, recoveryCode))).to.equal('NoSuchSlot');
    expect(fewer.slots.map(({ kind }) => kind)).to.have.members(['passphrase', 'guardians']);
  });

  it('refuse a slot twice, one that is not there, and one of another root key', async () => {
    const { keySlots } = await seal(rootKey, [passphrase, recoveryCode]);
    const other = randomBytes(32);
    const codes = [
      await codeOf(() => addSlot(keySlots, rootKey, passphrase, FAST_SLOTS)),
      await codeOf(() => replaceSlot(keySlots, rootKey, guardians, FAST_SLOTS)),
      await codeOf(() => removeSlot(keySlots, 'guardians')),
      await codeOf(() => addSlot(keySlots, other, guardians, FAST_SLOTS)),
    ];
    const expected = ['TwoSlotsOfOneKind', 'NoSuchSlot', 'NoSuchSlot', 'RootKeyMismatch'];
    expect(codes).to.deep.equal(expected);
  });

  it('are read in their one form only', async () => {
    const { keySlots } = await seal(rootKey);
    const signature = { ...keySlots.slots[0], kind: 'walletSignature' };
    const wrong: unknown[] = [
      null,
      {},
      { ...keySlots, slots: [] },
      { ...keySlots, more: 1 },
      { ...keySlots, rootKeyId: '0x12' },
      { ...keySlots, slots: [signature] },
      changed(keySlots, 'passphrase', { memoryKiB: 2 ** 21 }),
      changed(keySlots, 'passphrase', { passes: 0 }),
      changed(keySlots, 'passphrase', { salt: '0x' }),
      changed(keySlots, 'guardians', { threshold: 1 }),
      changed(keySlots, 'guardians', { rootKey: toHex(rootKey) }),
    ];
    for (const value of wrong)
      expect(await codeOf(() => readKeySlots(value))).to.equal('BadKeySlots');
    const twice = { ...keySlots, slots: [...keySlots.slots, ...keySlots.slots] };
    expect(await codeOf(() => readKeySlots(twice))).to.equal('TwoSlotsOfOneKind');
  });
});

interface SlotVectors {
  readonly rootKey: Hex;
  readonly passphrase: string;
  readonly recoverySecret: Hex;
  readonly recoveryCode: string;
  readonly guardiansKey: Hex;
  readonly keySlots: KeySlots;
  readonly shares: readonly GuardianShare[];
}

describe('vectors of key slots', function () {
  this.timeout(60_000);
  const vector = vectorFile<SlotVectors>('keySlots');
  const rootKey = fromHex(vector.rootKey);

  it('open through the public door', async () => {
    const slots = readKeySlots(vector.keySlots);
    const { passphrase: phrase, recoveryCode: printed, shares } = vector;
    expect(recoveryCodeOf(fromHex(vector.recoverySecret))).to.equal(printed);
    expect(rootKeyIdOf(rootKey)).to.equal(slots.rootKeyId);
    for (const secret of [
      { kind: 'passphrase', passphrase: phrase },
      { kind: 'recoveryCode', code: printed },
      { kind: 'guardians', shares: shares.slice(0, 2) },
      { kind: 'guardians', shares: [...shares].reverse() },
    ] as const)
      expect(await openRootKey(slots, secret)).to.deep.equal(rootKey);
  });

  it('are made from the same draws', async () => {
    const drawn = vector.keySlots.slots.flatMap((slot) =>
      slot.kind === 'guardians' ? [] : [slot.salt, slot.nonce],
    );
    const random = (size: number) => fromHex(drawn.shift() ?? '0x', size);
    const requests = [
      { kind: 'passphrase', passphrase: vector.passphrase },
      { kind: 'recoveryCode', code: vector.recoveryCode },
    ] as const;
    const { keySlots } = await sealRootKey(rootKey, requests, { random });
    expect(keySlots.slots).to.deep.equal(vector.keySlots.slots.slice(0, 2));
  });

  it('open by the formulas of the page with nothing of ours but join', () => {
    const labelled = (...parts: (string | Uint8Array)[]) =>
      join(...['carelattice/v1', ...parts].map((p) => (typeof p === 'string' ? utf8(p) : p)));
    const hash = (...parts: (string | Uint8Array)[]) =>
      createHash('sha256')
        .update(labelled(...parts))
        .digest();
    const id = fromHex(vector.keySlots.rootKeyId);
    for (const slot of vector.keySlots.slots) {
      const [key, aad] = ((): [ArrayBuffer | Uint8Array, Uint8Array] => {
        switch (slot.kind) {
          case 'passphrase': {
            const { memoryKiB: memory, passes, lanes: parallelism } = slot;
            const nonce = fromHex(slot.salt);
            const message = utf8(vector.passphrase);
            const cost = { memory, passes, parallelism, tagLength: 32 };
            const numbers = [memory, passes, parallelism].map((value) => uint(value, 4));
            return [
              argon2Sync('argon2id', { message, nonce, ...cost }),
              hash('key-slot', id, 'passphrase', 'argon2id', ...numbers, nonce),
            ];
          }
          case 'recoveryCode': {
            const [secret, salt] = [fromHex(vector.recoverySecret), fromHex(slot.salt)];
            const info = labelled('recovery-slot', salt);
            return [
              hkdfSync('sha256', secret, new Uint8Array(0), info, 32),
              hash('key-slot', id, 'recoveryCode', salt),
            ];
          }
          case 'guardians': {
            const digests = slot.shareDigests.map((digest) => fromHex(digest));
            const threshold = Uint8Array.of(slot.threshold);
            return [
              fromHex(vector.guardiansKey),
              hash('key-slot', id, 'guardians', fromHex(slot.set), threshold, ...digests),
            ];
          }
        }
      })();
      const decipher = createDecipheriv('aes-256-gcm', new Uint8Array(key), fromHex(slot.nonce));
      const sealed = fromHex(slot.sealed);
      decipher.setAAD(aad);
      decipher.setAuthTag(sealed.subarray(32));
      const opened = Buffer.concat([decipher.update(sealed.subarray(0, 32)), decipher.final()]);
      expect(toHex(opened)).to.equal(vector.rootKey);
    }
  });
});
