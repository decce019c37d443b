import { expect } from 'chai';
import {
  AbiCoder,
  concat,
  dataSlice,
  id,
  keccak256,
  Signature,
  toBeHex,
  ZeroAddress,
  ZeroHash,
  zeroPadValue,
} from 'ethers';
import type { Wallet } from 'ethers';
import { alice, bob, KIND, revocation, revocationOfAll, setupConsents } from './consentFixture.ts';
import { signedBy } from './consentFixture.ts';
import type { ConsentScene } from './consentFixture.ts';
import { domain, NETWORK, sign } from './signing.ts';

const digest = id('consent');
const other = id('other consent');
const NONE = [0n, 0n];
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const coder = AbiCoder.defaultAbiCoder();

const item = (kind: number, by: Wallet, second: string, signature: string) => ({
  kind,
  words: [zeroPadValue(by.address, 32), second],
  signature,
});
const grantItem = (by: Wallet, one: string) => item(KIND.grant, by, one, signedBy(by, one));
const revokeItem = async (by: Wallet, one: string) =>
  item(KIND.revoke, by, one, await revocation(by, one));
const revokeAllItem = async (by: Wallet, minEpoch: bigint) =>
  item(KIND.revokeAll, by, toBeHex(minEpoch, 32), await revocationOfAll(by, minEpoch));

async function refusals({ patients }: ConsentScene, block: number | null) {
  const refused = await patients.queryFilter(patients.filters.ItemRefused, block ?? 0);
  return refused.map(({ args }) => [Number(args.index), args.reason]);
}

describe('ConsentRegistry', () => {
  const status = async ({ consents }: ConsentScene, by: Wallet, one = digest, epoch = 1n) => [
    ...(await consents.statusOf(by.address, one, epoch)),
  ];

  describe('grant', () => {
    it('keeps state, time and block; anyone may bring it', async () => {
      const scene = await setupConsents();
      const { consents, stranger, ethers } = scene;
      expect(await status(scene, alice)).to.deep.equal(NONE);
      await expect(consents.connect(stranger).grant(alice.address, digest, signedBy(alice, digest)))
        .to.emit(consents, 'ConsentGranted')
        .withArgs(alice.address, digest);
      const block = await ethers.provider.getBlock('latest');
      expect(await status(scene, alice)).to.deep.equal([1n, BigInt(block?.timestamp ?? 0)]);
      expect([...(await consents.blocksOf(alice.address, digest))]).to.deep.equal([
        BigInt(block?.number ?? 0),
        0n,
      ]);
      expect(await status(scene, bob)).to.deep.equal(NONE);
      expect(await status(scene, alice, other)).to.deep.equal(NONE);
    });

    it('hostile 12: the same consent twice is Used, whoever brings it; the batch goes on', async () => {
      const scene = await setupConsents();
      const { consents, patients, registry, stranger, hospitalA } = scene;
      await consents.connect(stranger).grant(alice.address, digest, signedBy(alice, digest));
      const before = await status(scene, alice);
      await expect(
        consents.connect(hospitalA).grant(alice.address, digest, signedBy(alice, digest)),
      )
        .to.be.revertedWithCustomError(consents, 'Used')
        .withArgs(alice.address, digest);
      const sent = await patients
        .connect(registry)
        .submitBatch([
          grantItem(alice, digest),
          grantItem(alice, other),
          grantItem(alice, other),
          grantItem(bob, digest),
        ]);
      const used = consents.interface.getError('Used')?.selector;
      expect(await refusals(scene, sent.blockNumber)).to.deep.equal([
        [0, used],
        [2, used],
      ]);
      expect(await status(scene, alice)).to.deep.equal(before);
      expect((await status(scene, alice, other))[0]).to.equal(1n);
      expect((await status(scene, bob))[0]).to.equal(1n);
    });

    it('hostile 24: grants nothing that the account did not sign', async () => {
      const scene = await setupConsents();
      const { consents, patients, registry } = scene;
      const forged = [
        signedBy(bob, digest),
        signedBy(alice, other),
        await revocation(alice, digest),
        '0x',
      ];
      for (const signature of forged) {
        await expect(consents.grant(alice.address, digest, signature))
          .to.be.revertedWithCustomError(consents, 'BadSignature')
          .withArgs(alice.address, digest);
      }
      const sent = await patients
        .connect(registry)
        .submitBatch([
          ...forged.map((signature) => item(KIND.grant, alice, digest, signature)),
          { ...grantItem(alice, digest), words: [zeroPadValue(alice.address, 32)] },
          { ...grantItem(alice, digest), words: [`0x01${'00'.repeat(31)}`, digest] },
          grantItem(bob, digest),
        ]);
      const bad = consents.interface.getError('BadSignature')?.selector;
      expect(await refusals(scene, sent.blockNumber)).to.deep.equal([
        ...forged.map((_, index) => [index, bad]),
        [4, patients.interface.getError('WrongWordCount')?.selector],
        [5, patients.interface.getError('WordOutOfRange')?.selector],
      ]);
      expect(await status(scene, alice)).to.deep.equal(NONE);
      expect((await status(scene, bob))[0]).to.equal(1n);
    });

    it('hostile 13: refuses high s, 64 bytes, none, wrong v and the zero address', async () => {
      const { consents } = await setupConsents();
      const good = Signature.from(signedBy(alice, digest));
      const wrong = [
        concat([good.r, toBeHex(ORDER - BigInt(good.s), 32), good.v === 27 ? '0x1c' : '0x1b']),
        good.compactSerialized,
        '0x',
        concat([good.r, good.s, '0x00']),
        concat([good.r, good.s, good.v === 27 ? '0x1c' : '0x1b']),
        concat([good.serialized, '0x00']),
      ];
      for (const signature of wrong) {
        await expect(
          consents.grant(alice.address, digest, signature),
        ).to.be.revertedWithCustomError(consents, 'BadSignature');
        await expect(
          consents.revoke(alice.address, digest, signature),
        ).to.be.revertedWithCustomError(consents, 'BadSignature');
      }
      for (const signature of [good.serialized, '0x', `0x${'00'.repeat(64)}1b`]) {
        await expect(consents.grant(ZeroAddress, digest, signature)).to.be.revertedWithCustomError(
          consents,
          'BadSignature',
        );
      }
    });
  });

  describe('revoke', () => {
    it('ends one consent, keeps when it was granted, leaves the others', async () => {
      const scene = await setupConsents();
      const { consents, stranger, ethers } = scene;
      for (const one of [digest, other]) {
        await consents.grant(alice.address, one, signedBy(alice, one));
      }
      const [, grantedAt] = await status(scene, alice);
      await expect(
        consents.connect(stranger).revoke(alice.address, digest, await revocation(alice, digest)),
      )
        .to.emit(consents, 'ConsentRevoked')
        .withArgs(alice.address, digest);
      expect(await status(scene, alice)).to.deep.equal([2n, grantedAt]);
      expect((await status(scene, alice, other))[0]).to.equal(1n);
      const block = BigInt(await ethers.provider.getBlockNumber());
      expect((await consents.blocksOf(alice.address, digest)).revocationBlock).to.equal(block);
    });

    it('hostile 14: before its grant, too; a late grant and a second revocation are refused', async () => {
      const scene = await setupConsents();
      const { consents, patients, registry } = scene;
      await consents.revoke(alice.address, digest, await revocation(alice, digest));
      expect(await status(scene, alice)).to.deep.equal([2n, 0n]);
      const before = await consents.revocations();
      await expect(consents.grant(alice.address, digest, signedBy(alice, digest)))
        .to.be.revertedWithCustomError(consents, 'Revoked')
        .withArgs(alice.address, digest);
      await expect(consents.revoke(alice.address, digest, await revocation(alice, digest)))
        .to.be.revertedWithCustomError(consents, 'Revoked')
        .withArgs(alice.address, digest);
      const sent = await patients
        .connect(registry)
        .submitBatch([grantItem(alice, digest), await revokeItem(alice, digest)]);
      const revoked = consents.interface.getError('Revoked')?.selector;
      expect(await refusals(scene, sent.blockNumber)).to.deep.equal([
        [0, revoked],
        [1, revoked],
      ]);
      expect([...(await consents.revocations())]).to.deep.equal([...before]);
    });

    it("hostile 14: a stranger's revocation of the digest has no effect on hers", async () => {
      const scene = await setupConsents();
      const { consents } = scene;
      await consents.revoke(bob.address, digest, await revocation(bob, digest));
      for (const signature of [
        await revocation(bob, digest, alice.address),
        await revocation(bob, digest),
        await revocation(alice, other),
        signedBy(alice, digest),
        await sign(
          alice,
          'RevokeConsent',
          { account: alice.address, digest },
          { ...domain, salt: id('x') },
        ),
      ]) {
        await expect(
          consents.revoke(alice.address, digest, signature),
        ).to.be.revertedWithCustomError(consents, 'BadSignature');
      }
      await consents.grant(alice.address, digest, signedBy(alice, digest));
      expect((await status(scene, alice))[0]).to.equal(1n);
      expect((await status(scene, bob))[0]).to.equal(2n);
    });
  });

  describe('revokeAll', () => {
    it('ends every consent of a lower epoch, granted before or after; it only rises', async () => {
      const scene = await setupConsents();
      const { consents, patients, registry } = scene;
      await consents.grant(alice.address, digest, signedBy(alice, digest));
      await expect(consents.revokeAll(alice.address, 5, await revocationOfAll(alice, 5n)))
        .to.emit(consents, 'AllRevoked')
        .withArgs(alice.address, 5);
      await consents.grant(alice.address, other, signedBy(alice, other));
      for (const one of [digest, other]) {
        for (const [epoch, state] of [
          [0n, 2n],
          [4n, 2n],
          [5n, 1n],
          [6n, 1n],
        ] as const) {
          expect((await status(scene, alice, one, epoch))[0]).to.equal(state);
        }
      }
      for (const epoch of [0n, 4n, 5n]) {
        await expect(consents.revokeAll(alice.address, epoch, await revocationOfAll(alice, epoch)))
          .to.be.revertedWithCustomError(consents, 'NotRising')
          .withArgs(alice.address, epoch, 5);
      }
      const sent = await patients
        .connect(registry)
        .submitBatch([
          await revokeAllItem(alice, 5n),
          item(KIND.revokeAll, alice, toBeHex(1n << 64n, 32), await revocationOfAll(alice, 6n)),
          await revokeAllItem(alice, 7n),
          await revokeAllItem(bob, 1n),
        ]);
      expect(await refusals(scene, sent.blockNumber)).to.deep.equal([
        [0, consents.interface.getError('NotRising')?.selector],
        [1, patients.interface.getError('WordOutOfRange')?.selector],
      ]);
      expect((await consents.accountOf(alice.address)).minEpoch).to.equal(7n);
      expect((await consents.accountOf(bob.address)).minEpoch).to.equal(1n);
    });

    it('hostile 24: is hers alone', async () => {
      const { consents } = await setupConsents();
      for (const signature of [
        await revocationOfAll(bob, 5n, alice.address),
        await revocationOfAll(bob, 5n),
        await revocationOfAll(alice, 6n),
        '0x',
      ]) {
        await expect(consents.revokeAll(alice.address, 5, signature)).to.be.revertedWithCustomError(
          consents,
          'BadSignature',
        );
      }
      expect((await consents.accountOf(alice.address)).minEpoch).to.equal(0n);
    });
  });

  it('folds every revocation that it applied, by whatever way it came', async () => {
    const { consents, patients, registry } = await setupConsents();
    let head = dataSlice(
      keccak256(coder.encode(['string', 'bytes32'], ['carelattice/revocations', NETWORK])),
      0,
      24,
    );
    const step = (kind: number, account: string, one: string, last: bigint): void => {
      const types = ['bytes24', 'uint8', 'address', 'bytes32', 'uint256'];
      head = dataSlice(keccak256(coder.encode(types, [head, kind, account, one, last])), 0, 24);
    };
    expect([...(await consents.revocations())]).to.deep.equal([head, 0n]);
    await consents.revoke(alice.address, digest, await revocation(alice, digest));
    step(1, alice.address, digest, 0n);
    expect([...(await consents.revocations())]).to.deep.equal([head, 1n]);
    await patients
      .connect(registry)
      .submitBatch([
        await revokeItem(bob, other),
        await revokeAllItem(bob, 3n),
        grantItem(bob, digest),
        await revokeAllItem(bob, 2n),
      ]);
    step(1, bob.address, other, 0n);
    step(2, bob.address, ZeroHash, 3n);
    expect([...(await consents.revocations())]).to.deep.equal([head, 3n]);
  });

  it('hostile 28: nobody, governance and deployer included, grants, freezes or un-revokes', async () => {
    const scene = await setupConsents();
    const { consents, deployer, registry, govern, at } = scene;
    await consents.revoke(alice.address, digest, await revocation(alice, digest));
    const doors = [
      consents.interface.encodeFunctionData('applyGrant', [
        bob.address,
        digest,
        signedBy(bob, digest),
      ]),
      consents.interface.encodeFunctionData('applyRevoke', [
        bob.address,
        digest,
        await revocation(bob, digest),
      ]),
      consents.interface.encodeFunctionData('applyRevokeAll', [
        bob.address,
        1,
        await revocationOfAll(bob, 1n),
      ]),
      consents.interface.encodeFunctionData('setFrozen', [bob.address, 2n ** 40n]),
      consents.interface.encodeFunctionData('authorityChanged', [
        alice.address,
        digest,
        bob.address,
      ]),
    ];
    const before = [...(await consents.revocations())];
    for (const data of doors) {
      for (const from of [deployer, registry]) {
        await expect(from.sendTransaction({ to: at.consents, data }))
          .to.be.revertedWithCustomError(consents, 'NotPatientRegistry')
          .withArgs(from.address);
      }
      await expect(govern({ target: at.consents, data })).to.be.revertedWithCustomError(
        consents,
        'NotPatientRegistry',
      );
    }
    await expect(
      govern({
        target: at.consents,
        data: consents.interface.encodeFunctionData('grant', [alice.address, digest, '0x']),
      }),
    ).to.be.revertedWithCustomError(consents, 'Revoked');
    expect([...(await consents.revocations())]).to.deep.equal(before);
    expect((await status(scene, bob))[0]).to.equal(0n);
    expect((await status(scene, alice))[0]).to.equal(2n);
  });

  it('hostile 28: has no door that changes anything but these', async () => {
    const { consents, ledger } = await setupConsents();
    const changing = (contract: {
      interface: typeof consents.interface | typeof ledger.interface;
    }) =>
      contract.interface.fragments
        .filter((one) => one.type === 'function' && !/ (view|pure)( |$)/.test(one.format('full')))
        .map((one) => /function (\w+)/.exec(one.format('full'))?.[1])
        .sort();
    expect(changing(consents)).to.deep.equal([
      'applyGrant',
      'applyRevoke',
      'applyRevokeAll',
      'authorityChanged',
      'grant',
      'revoke',
      'revokeAll',
      'setFrozen',
    ]);
    expect(changing(ledger)).to.deep.equal(['anchor', 'requestEmergency']);
  });
});
