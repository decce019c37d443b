import { expect } from 'chai';
import { id, ZeroAddress, ZeroHash } from 'ethers';
import {
  alice,
  aliceId,
  brother,
  circle,
  DAY,
  friend,
  helpers,
  mother,
  next,
  patientIdOf,
  rowOf,
  setup,
  thief,
  three,
} from './authorityFixture.ts';
import { circleOf, digestOf, guardianOf, NONE } from './guardians.ts';
import type { Approval } from './guardians.ts';
import { FAR } from './signing.ts';

const none = circleOf(aliceId, [], 0, 0);

describe('PatientAuthority', () => {
  describe('without guardians', () => {
    it('hands her over at once; the old account signs nothing more, the new one all', async () => {
      const { setAuthority, patients, authority, setRelations, stepScope } = await setup();
      await setRelations(1n);
      await expect(setAuthority(next))
        .to.emit(patients, 'AuthoritySet')
        .withArgs(aliceId, next.address, 1);
      expect(await authority()).to.equal(next.address);
      await expect(setRelations(2n)).to.be.revertedWithCustomError(patients, 'BadSignature');
      await expect(stepScope(1)).to.be.revertedWithCustomError(patients, 'BadSignature');
      await setRelations(2n, next);
      await stepScope(1, next);
    });

    it('steps the list of revocations once per patient handed over', async () => {
      const { setAuthority, consents, registry } = await setup();
      const before = await consents.revocations();
      const head = (await setAuthority(next, { nonce: 7n })) && (await consents.revocations());
      expect(head.count).to.equal(before.count + 1n);
      expect(head.head).to.not.equal(before.head);
      expect(await registry.authorityOf(aliceId)).to.equal(next.address);
    });

    it('takes the rows of this network, and leaves those of others alone', async () => {
      const { setAuthority, patients, authority } = await setup();
      const elsewhere = rowOf(patientIdOf(thief.address), id('elsewhere'));
      await expect(setAuthority(next, { rows: [elsewhere] }))
        .to.be.revertedWithCustomError(patients, 'WrongRows')
        .withArgs(1);
      await expect(
        setAuthority(next, { rows: Array.from({ length: 33 }, () => elsewhere) }),
      ).to.be.revertedWithCustomError(patients, 'WrongRows');
      await setAuthority(next, { rows: [elsewhere, rowOf(aliceId), elsewhere] });
      expect(await authority()).to.equal(next.address);
    });

    it('hands over all rows of this network or none', async () => {
      const scene = await setup();
      const { setAuthority, patients, authority, open } = scene;
      await open(thief);
      for (const other of [patientIdOf(thief.address), id('nobody'), aliceId]) {
        await expect(
          setAuthority(next, { rows: [rowOf(aliceId), rowOf(other)] }),
        ).to.be.revertedWithCustomError(patients, 'NotHerAuthority');
      }
      expect(await authority()).to.equal(alice.address);
    });

    it('hostile 12: applies a message once, though the account comes back', async () => {
      const { setAuthority, patients, authority } = await setup();
      await setAuthority(next, { nonce: 1n });
      await setAuthority(alice, { by: next });
      await expect(setAuthority(next, { nonce: 1n })).to.be.revertedWithCustomError(
        patients,
        'AppliedBefore',
      );
      expect(await authority()).to.equal(alice.address);
    });

    it('hostile 24: hands her over to nobody who did not sign too, nor by whom she is not', async () => {
      const { registry, patients, signaturesOver, setAuthority } = await setup();
      const rows = [rowOf(aliceId)];
      const message = { account: alice.address, authority: next.address, nonce: 1n, rows };
      const digest = digestOf('SetAuthority', message);
      for (const by of [
        { owner: alice },
        { successor: next },
        { owner: thief, successor: next },
        { owner: alice, successor: thief },
        { owner: next, successor: alice },
      ]) {
        const signatures = signaturesOver(digest, by);
        await expect(
          registry.setAuthority(alice.address, next.address, 1n, rows, signatures),
        ).to.be.revertedWithCustomError(patients, 'BadSignature');
      }
      const full = signaturesOver(digest, { owner: alice, successor: next });
      await expect(
        registry.setAuthority(alice.address, next.address, 2n, rows, full),
      ).to.be.revertedWithCustomError(patients, 'BadSignature');
      await expect(
        registry.setAuthority(alice.address, ZeroAddress, 1n, rows, full),
      ).to.be.revertedWithCustomError(patients, 'BadSignature');
      await expect(setAuthority(next, { by: thief })).to.be.revertedWithCustomError(
        patients,
        'NotHerAuthority',
      );
      await expect(setAuthority(alice)).to.be.revertedWithCustomError(patients, 'SameAuthority');
    });

    it('knows no recovery and no freeze', async () => {
      const { recover, freeze, patients } = await setup();
      await expect(recover(next)).to.be.revertedWithCustomError(patients, 'NoGuardians');
      await expect(freeze(DAY)).to.be.revertedWithCustomError(patients, 'NoGuardians');
    });
  });

  describe('naming guardians', () => {
    it('is at once where there are none; later it waits the old delay, or old guardians sign', async () => {
      const { setGuardians, guard, patients, pending, pass, complete, ethers } = await setup();
      await expect(setGuardians(circle))
        .to.emit(patients, 'GuardiansSet')
        .withArgs(aliceId, circle.root, 3, 3 * DAY);
      const smaller = circleOf(
        aliceId,
        helpers.slice(0, 3).map(({ address }) => address),
        2,
        DAY,
      );
      await expect(setGuardians(smaller)).to.not.emit(patients, 'GuardiansSet');
      const now = BigInt((await ethers.provider.getBlock('latest'))?.timestamp ?? 0);
      expect(await pending()).to.deep.equal([3n, ZeroAddress, now + BigInt(3 * DAY)]);
      await expect(complete()).to.be.revertedWithCustomError(patients, 'TooEarly');
      await pass(3 * DAY);
      await complete();
      expect((await guard()).guardiansRoot).to.equal(smaller.root);
      expect([(await guard()).threshold, (await guard()).delay]).to.deep.equal([2n, BigInt(DAY)]);
      await expect(complete()).to.be.revertedWithCustomError(patients, 'NothingPending');
    });

    it('hostile 18: a thief of the wallet cannot be rid of them at once', async () => {
      const { guarded, setGuardians, guard, setAuthority, authority } = await setup();
      await guarded();
      await setGuardians(none);
      expect((await guard()).guardiansRoot).to.equal(circle.root);
      await setAuthority(thief);
      expect(await authority()).to.equal(alice.address);
    });

    it('refuses one alone, too many, no delay, more than 30 days, and half of none', async () => {
      const { setGuardians, patients } = await setup();
      for (const change of [
        { threshold: 1 },
        { threshold: 0 },
        { threshold: 17 },
        { delay: 0 },
        { delay: 30 * DAY + 1 },
        { root: ZeroHash },
        { threshold: 0, delay: 0 },
        { root: ZeroHash, threshold: 0 },
        { root: ZeroHash, delay: 0 },
      ]) {
        await expect(setGuardians({ ...circle, ...change })).to.be.revertedWithCustomError(
          patients,
          'WrongGuardians',
        );
      }
      await setGuardians({ ...circle, threshold: 16, delay: 30 * DAY });
    });

    it('hostile 24: is by her own signature, in order', async () => {
      const { registry, patients, signaturesOver, setGuardians } = await setup();
      await expect(setGuardians(circle, thief)).to.be.revertedWithCustomError(
        patients,
        'BadSignature',
      );
      const { root, threshold, delay } = circle;
      for (const seq of [0n, 2n, FAR]) {
        const message = { patientId: aliceId, seq, guardiansRoot: root, threshold, delay };
        const signatures = signaturesOver(digestOf('SetGuardians', message), { owner: alice });
        await expect(registry.setGuardians(aliceId, seq, root, threshold, delay, signatures))
          .to.be.revertedWithCustomError(patients, 'WrongSeq')
          .withArgs(aliceId, seq, 1);
      }
      await expect(registry.setGuardians(id('nobody'), 1, root, threshold, delay, NONE))
        .to.be.revertedWithCustomError(patients, 'UnknownPatient')
        .withArgs(id('nobody'));
    });
  });

  describe('recovery', () => {
    it('gives her the new account after the delay; anyone completes it', async () => {
      const { guarded, recover, complete, pass, patients, authority, consents, ethers } =
        await setup();
      await guarded();
      const before = (await consents.revocations()).count;
      await recover(next);
      const now = BigInt((await ethers.provider.getBlock('latest'))?.timestamp ?? 0);
      await expect(complete())
        .to.be.revertedWithCustomError(patients, 'TooEarly')
        .withArgs(aliceId, now + BigInt(3 * DAY));
      expect(await authority()).to.equal(alice.address);
      await pass(3 * DAY);
      await expect(complete()).to.emit(patients, 'AuthoritySet').withArgs(aliceId, next.address, 2);
      expect(await authority()).to.equal(next.address);
      expect((await consents.revocations()).count).to.equal(before + 1n);
    });

    it('hostile 18: the owner vetoes it', async () => {
      const { guarded, recover, veto, pass, complete, patients, authority, pending } =
        await setup();
      await guarded();
      await recover(thief);
      await expect(veto()).to.emit(patients, 'ChangeDropped').withArgs(aliceId);
      expect((await pending())[0]).to.equal(0n);
      await pass(4 * DAY);
      await expect(complete()).to.be.revertedWithCustomError(patients, 'NothingPending');
      expect(await authority()).to.equal(alice.address);
      await expect(veto()).to.be.revertedWithCustomError(patients, 'NothingPending');
    });

    it('hostile 18: fewer guardians than she asks for are refused, whoever they are', async () => {
      const scene = await setup();
      const { guarded, recover, patients, registry, signaturesOver, guardianSeq } = scene;
      await guarded();
      await expect(recover(next, [mother, brother]))
        .to.be.revertedWithCustomError(patients, 'WrongApprovalCount')
        .withArgs(2, 3);
      await expect(recover(next, [])).to.be.revertedWithCustomError(patients, 'WrongApprovalCount');
      const seq = await guardianSeq();
      const message = { patientId: aliceId, seq, authority: next.address };
      const digest = digestOf('RecoverAuthority', message);
      const good = signaturesOver(digest, { successor: next, guardians: three });
      const [a, b, c] = good.guardians;
      if (a === undefined || b === undefined || c === undefined) throw new Error('three approved');
      const outsider = { ...c, account: ZeroAddress.replace(/0{4}$/, 'ffff') };
      const other = digestOf('RecoverAuthority', { ...message, authority: thief.address });
      const forOther = signaturesOver(other, { guardians: three }).guardians[0] ?? a;
      const bad: readonly (readonly [Approval[], string])[] = [
        [[a, b, b], 'ApprovalsNotAscending'],
        [[a, c, b], 'ApprovalsNotAscending'],
        [[a, b], 'WrongApprovalCount'],
        [[a, b, c, c], 'WrongApprovalCount'],
        [[{ ...a, account: ZeroAddress }, b, c], 'ApprovalsNotAscending'],
        [[outsider, a, b], 'NotAGuardian'],
        [[{ ...a, salt: id('other') }, b, c], 'NotAGuardian'],
        [[{ ...a, proof: b.proof }, b, c], 'NotAGuardian'],
        [[{ ...a, proof: [] }, b, c], 'NotAGuardian'],
        [[{ ...a, proof: Array.from({ length: 9 }, () => ZeroHash) }, b, c], 'NotAGuardian'],
        [[{ ...a, signature: b.signature }, b, c], 'BadSignature'],
        [[{ ...a, signature: '0x' }, b, c], 'BadSignature'],
        [[{ ...a, signature: `0x${'00'.repeat(5000)}` }, b, c], 'BadSignature'],
        [[forOther, b, c], 'BadSignature'],
      ];
      for (const [guardians, error] of bad) {
        await expect(
          registry.recoverAuthority(aliceId, seq, next.address, { ...good, guardians }),
        ).to.be.revertedWithCustomError(patients, error);
      }
      await expect(
        registry.recoverAuthority(aliceId, seq, next.address, {
          ...signaturesOver(digest, { guardians: three }),
        }),
      ).to.be.revertedWithCustomError(patients, 'BadSignature');
      await recover(next);
    });

    it('hostile 18: guardians of another patient, and her own account, do not count', async () => {
      const { setGuardians, recover, patients, signaturesOver, registry } = await setup();
      const withHerself = [alice, ...helpers].map(({ address }) => address);
      const own = circleOf(aliceId, withHerself, 2, DAY);
      await setGuardians(own);
      await expect(recover(next, [mother, brother])).to.be.revertedWithCustomError(
        patients,
        'NotAGuardian',
      );
      const digest = digestOf('RecoverAuthority', {
        patientId: aliceId,
        seq: 1n,
        authority: next.address,
      });
      const bySelf = { successor: next, guardians: [guardianOf(alice), mother], of: own };
      await expect(
        registry.recoverAuthority(aliceId, 1n, next.address, signaturesOver(digest, bySelf)),
      )
        .to.be.revertedWithCustomError(patients, 'NotAGuardian')
        .withArgs(alice.address);
    });

    it('replaces what the owner has pending, and the owner cannot put her own in its place', async () => {
      const { guarded, setAuthority, setGuardians, recover, pending, patients } = await setup();
      await guarded();
      await setAuthority(thief);
      await recover(next);
      expect((await pending()).slice(0, 2)).to.deep.equal([2n, next.address]);
      await expect(setAuthority(thief)).to.be.revertedWithCustomError(patients, 'RecoveryPending');
      await expect(setGuardians(none)).to.be.revertedWithCustomError(patients, 'RecoveryPending');
    });

    it('refuses the account that she has', async () => {
      const { guarded, recover, patients } = await setup();
      await guarded();
      await expect(recover(alice)).to.be.revertedWithCustomError(patients, 'SameAuthority');
    });
  });

  describe('rotation with guardians', () => {
    it('hostile 18: waits the delay', async () => {
      const { guarded, setAuthority, patients, pass, complete, authority } = await setup();
      await guarded();
      await expect(setAuthority(next)).to.emit(patients, 'ChangePending');
      expect(await authority()).to.equal(alice.address);
      await expect(complete()).to.be.revertedWithCustomError(patients, 'TooEarly');
      await pass(3 * DAY);
      await complete();
      expect(await authority()).to.equal(next.address);
    });

    it('is at once when as many guardians sign too; it ends what was pending', async () => {
      const { guarded, setAuthority, authority, recover, pending, patients } = await setup();
      await guarded();
      await recover(thief);
      await expect(
        setAuthority(next, { guardians: [mother, friend] }),
      ).to.be.revertedWithCustomError(patients, 'WrongApprovalCount');
      await setAuthority(next, { guardians: three });
      expect(await authority()).to.equal(next.address);
      expect((await pending())[0]).to.equal(0n);
    });

    it('keeps her guardians', async () => {
      const { guarded, setAuthority, guard, recover, pass, complete, authority } = await setup();
      await guarded();
      await setAuthority(thief, { guardians: three });
      expect((await guard()).guardiansRoot).to.equal(circle.root);
      await recover(next);
      await pass(3 * DAY);
      await complete();
      expect(await authority()).to.equal(next.address);
    });
  });

  it('counts owner and guardians apart, so that neither uses up the numbers of the other', async () => {
    const { guarded, setInboxKey, recover, veto, guard, patients } = await setup();
    await guarded();
    await expect(setInboxKey(id('key')))
      .to.emit(patients, 'InboxKeySet')
      .withArgs(aliceId, id('key'));
    await expect(setInboxKey(id('key'), thief)).to.be.revertedWithCustomError(
      patients,
      'BadSignature',
    );
    await recover(next);
    await veto();
    await recover(next);
    expect([(await guard()).ownerSeq, (await guard()).guardianSeq]).to.deep.equal([3n, 2n]);
  });
});
