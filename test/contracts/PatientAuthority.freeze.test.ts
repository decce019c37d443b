import { expect } from 'chai';
import { id, type Wallet } from 'ethers';
import {
  alice,
  aliceId,
  brother,
  DAY,
  mother,
  next,
  patientIdOf,
  setup,
  thief,
  three,
} from './authorityFixture.ts';
import { circleOf, digestOf } from './guardians.ts';
import { sign } from './signing.ts';

const none = circleOf(aliceId, [], 0, 0);

/** Another patient under this account, frozen by guardians of her own. */
async function freezeAnother(
  { registry, open, signaturesOver }: Awaited<ReturnType<typeof setup>>,
  owner: Wallet,
  duration: number,
): Promise<void> {
  await open(owner, id('second'));
  const patientId = patientIdOf(owner.address, id('second'));
  const of = circleOf(patientId, [mother.account, brother.account], 2, DAY);
  const named = { patientId, seq: 1n, guardiansRoot: of.root, threshold: 2, delay: DAY };
  const naming = signaturesOver(digestOf('SetGuardians', named), { owner });
  await registry.setGuardians(patientId, 1n, of.root, 2, DAY, naming);
  const frozen = digestOf('FreezeAuthority', { patientId, seq: 1n, duration });
  const guardians = [mother, brother];
  const freezing = signaturesOver(frozen, { guardians, of });
  await registry.freezeAuthority(patientId, 1n, duration, freezing);
}

describe("a freeze of a patient's account", () => {
  it('hostile 18: stops a thief: no relation, scope epoch, veto, rotation, guardian or grant; revocations pass', async () => {
    const scene = await setup();
    const { guarded, freeze, setAuthority, patients, consents, pending, recover } = scene;
    await guarded();
    const [granted, wanted] = [id('granted'), id('wanted')];
    const over = (digest: string): string => alice.signingKey.sign(digest).serialized;
    await consents.grant(alice.address, granted, over(granted));
    await setAuthority(thief);
    await expect(freeze(20 * DAY)).to.emit(patients, 'FreezeSet');
    expect((await pending())[0]).to.equal(0n);
    await recover(next);
    for (const attempt of [
      () => scene.setRelations(1n),
      () => scene.stepScope(1),
      () => scene.veto(),
      () => setAuthority(thief),
      () => setAuthority(thief, { guardians: three }),
      () => scene.setGuardians(none),
      () => scene.setInboxKey(id('thief')),
    ]) {
      await expect(attempt()).to.be.revertedWithCustomError(patients, 'AuthorityFrozen');
    }
    const { frozenUntil } = await consents.accountOf(alice.address);
    await expect(consents.grant(alice.address, wanted, over(wanted)))
      .to.be.revertedWithCustomError(consents, 'Frozen')
      .withArgs(alice.address, frozenUntil);
    await consents.revoke(
      alice.address,
      granted,
      await sign(alice, 'RevokeConsent', { account: alice.address, digest: granted }),
    );
    await consents.revokeAll(
      alice.address,
      5,
      await sign(alice, 'RevokeAll', { account: alice.address, minEpoch: 5 }),
    );
  });

  it('stops the grants of her account alone, and until its last second only', async () => {
    const scene = await setup();
    const { guarded, freeze, consents, networkHelpers } = scene;
    await guarded();
    await freeze(DAY);
    await freezeAnother(scene, next, 2 * DAY);
    const { frozenUntil } = await consents.accountOf(alice.address);
    const grant = (by: Wallet, name: string) =>
      consents.grant(by.address, id(name), by.signingKey.sign(id(name)).serialized);
    await grant(thief, 'of another account');
    await networkHelpers.time.setNextBlockTimestamp(frozenUntil - 1n);
    await expect(grant(alice, 'early'))
      .to.be.revertedWithCustomError(consents, 'Frozen')
      .withArgs(alice.address, frozenUntil);
    await networkHelpers.time.setNextBlockTimestamp(frozenUntil);
    await expect(grant(alice, 'in time')).to.emit(consents, 'ConsentGranted');
  });

  it('lets a recovery go on, which ends it', async () => {
    const { guarded, freeze, recover, pass, complete, authority, setRelations } = await setup();
    await guarded();
    await freeze(20 * DAY);
    await recover(next);
    await pass(3 * DAY);
    await complete();
    expect(await authority()).to.equal(next.address);
    await setRelations(1n, next);
  });

  it('ends by itself, after 30 days at most', async () => {
    const { guarded, freeze, pass, setRelations, patients, consents } = await setup();
    await guarded();
    for (const duration of [0, 30 * DAY + 1]) {
      await expect(freeze(duration)).to.be.revertedWithCustomError(patients, 'WrongDuration');
    }
    await freeze(30 * DAY);
    await expect(freeze(DAY)).to.be.revertedWithCustomError(patients, 'AuthorityFrozen');
    await pass(30 * DAY - 10);
    await expect(setRelations(1n)).to.be.revertedWithCustomError(patients, 'AuthorityFrozen');
    await pass(10);
    await setRelations(1n);
    const digest = id('wanted');
    await consents.grant(alice.address, digest, alice.signingKey.sign(digest).serialized);
  });

  it('hostile 18: takes as many guardians as she asks for', async () => {
    const { guarded, freeze, patients } = await setup();
    await guarded();
    await expect(freeze(DAY, [mother, brother])).to.be.revertedWithCustomError(
      patients,
      'WrongApprovalCount',
    );
  });

  it('hostile 18: never shortens the one of another patient with the same account', async () => {
    const scene = await setup();
    const { guarded, freeze, consents, pass } = scene;
    await guarded();
    await freeze(20 * DAY);
    const until = (await consents.accountOf(alice.address)).frozenUntil;
    await freezeAnother(scene, alice, 60);
    expect((await consents.accountOf(alice.address)).frozenUntil).to.equal(until);
    await pass(DAY);
    const digest = id('wanted');
    await expect(
      consents.grant(alice.address, digest, alice.signingKey.sign(digest).serialized),
    ).to.be.revertedWithCustomError(consents, 'Frozen');
  });
});
