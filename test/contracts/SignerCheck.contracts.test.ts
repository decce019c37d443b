import { expect } from 'chai';
import { concat, id, ZeroAddress, zeroPadValue } from 'ethers';
import type { Wallet } from 'ethers';
import { alice, bob, KIND, revocation, setupConsents, signedBy } from './consentFixture.ts';
import type { ConsentScene } from './consentFixture.ts';

const ANSWER = { yes: 0, no: 1, revert: 2, loop: 3, megabyte: 4, short: 5, dirty: 6, long: 7 };
/** What an account's code may burn, with the 64th that stays, and what else a grant costs. */
const CODE_GAS = 100_000;
const GRANT_GAS = 110_000n;

const digest = id('consent');
const nothing = '0x1234';

const grantItem = (account: string, signature: string) => ({
  kind: KIND.grant,
  words: [zeroPadValue(account, 32), digest],
  signature,
});

describe('SignerCheck with code at the account', () => {
  const setup = async () => {
    const scene = await setupConsents();
    const wallet = await scene.ethers.deployContract('SignerStandIn');
    return { ...scene, wallet, account: await wallet.getAddress() };
  };
  const state = async ({ consents }: ConsentScene, account: string, one = digest) =>
    (await consents.statusOf(account, one, 0)).state;

  it('believes a contract wallet that says yes, whatever the signature', async () => {
    const scene = await setup();
    const { consents, account } = scene;
    await consents.grant(account, digest, nothing);
    expect(await state(scene, account)).to.equal(1n);
    await consents.revoke(account, digest, '0x');
    expect(await state(scene, account)).to.equal(2n);
  });

  it('takes an answer that begins with yes, however much follows', async () => {
    const scene = await setup();
    await scene.wallet.set(ANSWER.long);
    const sent = await scene.consents.grant(scene.account, digest, nothing);
    expect((await sent.wait())?.gasUsed).to.be.below(GRANT_GAS + BigInt(CODE_GAS));
    expect(await state(scene, scene.account)).to.equal(1n);
  });

  for (const [name, answer] of Object.entries(ANSWER).filter(
    ([name]) => name !== 'yes' && name !== 'long',
  )) {
    it(`hostile 43: a signer that answers by ${name} is refused at bounded gas, and alone`, async () => {
      const scene = await setup();
      const { consents, patients, registry, wallet, account } = scene;
      await wallet.set(answer);
      await expect(consents.grant(account, digest, nothing))
        .to.be.revertedWithCustomError(consents, 'BadSignature')
        .withArgs(account, digest);
      const alone = await patients
        .connect(registry)
        .submitBatch([grantItem(bob.address, signedBy(bob, digest))]);
      const sent = await patients
        .connect(registry)
        .submitBatch([
          grantItem(account, nothing),
          grantItem(alice.address, signedBy(alice, digest)),
        ]);
      await expect(sent)
        .to.emit(patients, 'ItemRefused')
        .withArgs(0, consents.interface.getError('BadSignature')?.selector);
      expect(await state(scene, account)).to.equal(0n);
      expect(await state(scene, alice.address)).to.equal(1n);
      const [one, both] = [await alone.wait(), await sent.wait()];
      const burnt = Number((both?.gasUsed ?? 0n) - (one?.gasUsed ?? 0n));
      expect(burnt).to.be.below(CODE_GAS + 20_000);
    });
  }

  it('hostile 43: a signer that flips its answer keeps what was granted, and gets no more', async () => {
    const scene = await setup();
    const { consents, wallet, account } = scene;
    await consents.grant(account, digest, nothing);
    await wallet.set(ANSWER.no);
    expect(await state(scene, account)).to.equal(1n);
    for (const refused of [
      consents.grant(account, id('other'), nothing),
      consents.revoke(account, digest, nothing),
      consents.revokeAll(account, 1, nothing),
    ]) {
      await expect(refused).to.be.revertedWithCustomError(consents, 'BadSignature');
    }
    await wallet.set(ANSWER.yes);
    await consents.revoke(account, digest, nothing);
    expect(await state(scene, account)).to.equal(2n);
  });

  it('hostile 43: a batch with too little gas for a wallet is undone whole, refusing nobody', async () => {
    const scene = await setup();
    const { consents, patients, registry, account } = scene;
    const items = [grantItem(account, nothing)];
    const gasLimit = 130_000n;
    await expect(
      patients.connect(registry).submitBatch(items, { gasLimit }),
    ).to.be.revertedWithCustomError(consents, 'TooLittleGas');
    const enough = await patients.connect(registry).submitBatch.estimateGas(items);
    await patients.connect(registry).submitBatch(items, { gasLimit: enough });
    expect(await state(scene, account)).to.equal(1n);
  });

  it("believes no key for a contract, though the key be its address's", async () => {
    const scene = await setup();
    const { consents, networkHelpers, at, ethers } = scene;
    await networkHelpers.setCode(alice.address, await ethers.provider.getCode(at.nodes));
    await expect(
      consents.grant(alice.address, digest, signedBy(alice, digest)),
    ).to.be.revertedWithCustomError(consents, 'BadSignature');
    // As long as a delegation, but none.
    await networkHelpers.setCode(bob.address, `0x${'00'.repeat(23)}`);
    await expect(
      consents.grant(bob.address, digest, signedBy(bob, digest)),
    ).to.be.revertedWithCustomError(consents, 'BadSignature');
  });

  describe('an account that delegates (EIP-7702)', () => {
    /** A transaction with her authorization, sent by a stranger. */
    const delegate = async ({ ethers, stranger }: ConsentScene, by: Wallet, address: string) => {
      const nonce = await ethers.provider.getTransactionCount(by.address);
      const authorization = by.authorizeSync({ address, nonce, chainId: 1001 });
      const sent = await stranger.sendTransaction({
        type: 4,
        to: stranger.address,
        authorizationList: [authorization],
      });
      await sent.wait();
      return ethers.provider.getCode(by.address);
    };
    const marker = (address: string): string => concat(['0xef0100', address]).toLowerCase();

    it('hostile 44: signs with its key before, during and after', async () => {
      const scene = await setup();
      const { consents, at } = scene;
      const grants = async (name: string) => {
        const one = id(name);
        await consents.grant(alice.address, one, signedBy(alice, one));
        expect(await state(scene, alice.address, one)).to.equal(1n);
      };
      await grants('before');
      // Code without ERC-1271: a check by code length alone would lock her out.
      expect(await delegate(scene, alice, at.nodes)).to.equal(marker(at.nodes));
      await grants('during');
      await consents.revoke(alice.address, id('before'), await revocation(alice, id('before')));
      expect(await state(scene, alice.address, id('before'))).to.equal(2n);
      expect(await delegate(scene, alice, ZeroAddress)).to.equal('0x');
      await grants('after');
    });

    it('hostile 44: may answer by its code too, during only', async () => {
      const scene = await setup();
      const { consents, account } = scene;
      const byCode = (name: string) => consents.grant(alice.address, id(name), nothing);
      await expect(byCode('before')).to.be.revertedWithCustomError(consents, 'BadSignature');
      expect(await delegate(scene, alice, account)).to.equal(marker(account));
      await byCode('during');
      expect(await state(scene, alice.address, id('during'))).to.equal(1n);
      const wallet = await scene.ethers.getContractAt('SignerStandIn', alice.address);
      await wallet.set(ANSWER.no);
      await expect(byCode('refused')).to.be.revertedWithCustomError(consents, 'BadSignature');
      await consents.grant(alice.address, id('key'), signedBy(alice, id('key')));
      await delegate(scene, alice, ZeroAddress);
      await expect(byCode('after')).to.be.revertedWithCustomError(consents, 'BadSignature');
      expect(await state(scene, alice.address, id('during'))).to.equal(1n);
    });

    it("hostile 44: takes nobody else's key", async () => {
      const scene = await setup();
      const { consents, at } = scene;
      await delegate(scene, alice, at.nodes);
      await expect(
        consents.grant(alice.address, digest, signedBy(bob, digest)),
      ).to.be.revertedWithCustomError(consents, 'BadSignature');
    });
  });
});
