import { expect } from 'chai';
import { id, Wallet } from 'ethers';
import { aliceId, DAY, next, setup, thief } from './authorityFixture.ts';
import type { Scene } from './authorityFixture.ts';
import { circleOf, digestOf, guardianOf, itemOf } from './guardians.ts';
import type { Guardian } from './guardians.ts';
import { walletOf } from './signing.ts';

const keys = ['first key', 'second key', 'third key'].map(walletOf);

/** A contract wallet that listens to a key. */
async function contractWallet({ ethers }: Scene, key: Wallet): Promise<Guardian> {
  const deployed = await ethers.deployContract('OwnedWallet', [key.address]);
  return { account: await deployed.getAddress(), sign: guardianOf(key).sign };
}

/** An account delegates to a contract, or to none again, by a transaction of type 4. */
async function delegate({ ethers, stranger }: Scene, key: Wallet, to: string): Promise<void> {
  const wallet = new Wallet(key.privateKey, ethers.provider);
  await ethers.provider.send('hardhat_setBalance', [wallet.address, '0xde0b6b3a7640000']);
  const nonce = await wallet.getNonce();
  const authorization = await wallet.authorize({ address: to, nonce: nonce + 1, chainId: 1001 });
  await (
    await wallet.sendTransaction({
      type: 4,
      to: stranger.address,
      nonce,
      authorizationList: [authorization],
    })
  ).wait();
}

async function recoverBy(scene: Scene, guardians: readonly Guardian[], signed = guardians) {
  const accounts = guardians.map(({ account }) => account);
  const of = circleOf(aliceId, accounts, guardians.length, DAY);
  await scene.setGuardians(of);
  const seq = await scene.guardianSeq();
  const digest = digestOf('RecoverAuthority', {
    patientId: aliceId,
    seq,
    authority: next.address,
  });
  const signatures = scene.signaturesOver(digest, { successor: next, guardians: signed, of });
  return scene.registry.recoverAuthority(aliceId, seq, next.address, signatures);
}

describe('guardians and successors of every kind', () => {
  it('believes contract wallets as guardians', async () => {
    const scene = await setup();
    const guardians = await Promise.all(keys.map((key) => contractWallet(scene, key)));
    await recoverBy(scene, guardians);
    expect((await scene.pending())[1]).to.equal(next.address);
  });

  it("hostile 18: does not believe a contract wallet's key where the wallet does not", async () => {
    const scene = await setup();
    const [first, second] = await Promise.all(keys.map((key) => contractWallet(scene, key)));
    if (first === undefined || second === undefined) throw new Error('two wallets');
    const forged = [first, { ...second, sign: guardianOf(thief).sign }];
    await expect(recoverBy(scene, [first, second], forged)).to.be.revertedWithCustomError(
      scene.patients,
      'BadSignature',
    );
  });

  it('hostile 44: believes a guardian before, during and after she delegates her account', async () => {
    const scene = await setup();
    const [key, other] = keys;
    if (key === undefined || other === undefined) throw new Error('two keys');
    const guardians = [guardianOf(key), guardianOf(other)];
    await recoverBy(scene, guardians);
    await scene.veto();
    // Delegated to code without ERC-1271: her key still signs.
    await delegate(scene, key, scene.at.nodes);
    expect(await scene.ethers.provider.getCode(key.address)).to.match(/^0xef0100/);
    const seq = await scene.guardianSeq();
    const digest = digestOf('FreezeAuthority', { patientId: aliceId, seq, duration: DAY });
    const of = circleOf(
      aliceId,
      guardians.map(({ account }) => account),
      2,
      DAY,
    );
    const signatures = scene.signaturesOver(digest, { guardians, of });
    await scene.registry.freezeAuthority(aliceId, seq, DAY, signatures);
    // Delegated to a contract wallet of another key: either may sign.
    const wallet = await contractWallet(scene, thief);
    await delegate(scene, key, wallet.account);
    const recovery = digestOf('RecoverAuthority', {
      patientId: aliceId,
      seq: seq + 1n,
      authority: next.address,
    });
    const byCode = [{ account: key.address, sign: guardianOf(thief).sign }, guardianOf(other)];
    for (const [n, by] of [byCode, guardians].entries()) {
      const at = seq + 1n + BigInt(n);
      const over =
        n === 0
          ? recovery
          : digestOf('RecoverAuthority', { patientId: aliceId, seq: at, authority: next.address });
      const again = scene.signaturesOver(over, { successor: next, guardians: by, of });
      await scene.registry.recoverAuthority(aliceId, at, next.address, again);
    }
    expect((await scene.pending())[1]).to.equal(next.address);
  });

  it('hostile 43: bounds what hostile contracts burn as guardians, however many and whatever they do', async () => {
    const scene = await setup();
    const NO = { revert: 2, loop: 3, megabyte: 4, short: 5, dirty: 6 };
    const people = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const wallet = await scene.ethers.deployContract('SignerStandIn');
        return { wallet, account: await wallet.getAddress(), sign: () => `0x${'01'.repeat(4096)}` };
      }),
    );
    await recoverBy(scene, people);
    expect((await scene.pending())[1]).to.equal(next.address);
    await scene.veto();
    for (const answer of Object.values(NO)) {
      // The first in order is asked first: the others never are.
      const sorted = [...people].sort((a, b) =>
        a.account.toLowerCase() < b.account.toLowerCase() ? -1 : 1,
      );
      const last = sorted.at(-1);
      await last?.wallet.set(answer);
      const seq = await scene.guardianSeq();
      const of = circleOf(
        aliceId,
        people.map(({ account }) => account),
        people.length,
        DAY,
      );
      const digest = digestOf('FreezeAuthority', { patientId: aliceId, seq, duration: DAY });
      const signatures = scene.signaturesOver(digest, { guardians: people, of });
      const item = itemOf(
        11,
        scene.registry.interface.encodeFunctionData('freezeAuthority', [
          aliceId,
          seq,
          DAY,
          signatures,
        ]),
        3,
      );
      const sent = await scene.patients.connect(scene.hospitalA).submitBatch([item]);
      const receipt = await sent.wait();
      expect(receipt?.gasUsed).to.be.lessThan(8_000_000n);
      expect((await scene.guard()).frozenUntil).to.equal(0n);
    }
  });

  it('hands a patient to a contract wallet that signs for itself', async () => {
    const scene = await setup();
    const [key] = keys;
    if (key === undefined) throw new Error('a key');
    const wallet = await contractWallet(scene, key);
    const rows = [{ networkId: await scene.patients.networkId(), patientId: aliceId }];
    const owner = walletOf('Alice');
    const digest = digestOf('SetAuthority', {
      account: owner.address,
      authority: wallet.account,
      nonce: 1n,
      rows,
    });
    const signatures = {
      owner: guardianOf(owner).sign(digest),
      successor: wallet.sign(digest),
      guardians: [],
    };
    await scene.registry.setAuthority(owner.address, wallet.account, 1n, rows, signatures);
    expect(await scene.authority()).to.equal(wallet.account);
    const message = { patientId: aliceId, seq: 1n, relationsDigest: id('relations') };
    const over = digestOf('SetRelations', message);
    await scene.registry.setRelations(aliceId, 1n, message.relationsDigest, wallet.sign(over));
  });
});
