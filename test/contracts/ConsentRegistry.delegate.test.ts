import { expect } from 'chai';
import { id } from 'ethers';
import { ZERO_32 } from '../../src/hash/bytes.ts';
import { guardianshipDigest, showConsent, showGuardianship } from '../../src/wire/consent.ts';
import type { Consent, Guardianship } from '../../src/wire/typedData.ts';
import {
  alice,
  bob,
  type ConsentScene,
  digestOf,
  granting,
  hex,
  revocation,
  revocationOfAll,
  setupConsents,
  signedBy,
} from './consentFixture.ts';
import { FEDERATION, NETWORK } from './signing.ts';

/** What a delegate's consent may be used for: `isAllowedByDelegate`. Bob is Alice's carer. */

async function setup() {
  const scene = await setupConsents();
  const elsewhere = { ...scene.scope, networkId: hex(id('elsewhere')) };
  const guardianship: Guardianship = {
    statement: 'Bob may decide for me.',
    language: 'en',
    template: 2,
    patient: hex(alice.address),
    delegate: hex(bob.address),
    role: 'PRN',
    categories: ['result', 'medication'],
    actions: ['access'],
    notBefore: scene.now - 500n,
    notAfter: scene.now + 50_000n,
    epoch: 3n,
    nonce: 1n,
    home: hex(NETWORK),
    networkNames: ['Riverside', 'Lake'],
    networks: [scene.scope, elsewhere],
  };
  return { ...scene, elsewhere, guardianship };
}
type Scene = Awaited<ReturnType<typeof setup>>;

const above = (guardianship: Guardianship) => guardianshipDigest(hex(FEDERATION), guardianship);
const under = ({ consent }: ConsentScene, guardianship: Guardianship): Consent => ({
  ...consent,
  guardianship: above(guardianship),
});

/** Alice grants the guardianship, Bob the consent. */
async function grantBoth(scene: Scene, guardianship: Guardianship, consent: Consent) {
  const digest = above(guardianship);
  await scene.consents.grant(alice.address, digest, signedBy(alice, digest));
  await granting(scene, consent, bob);
}

/** Asks with what a holder in this network is shown. */
function asking(
  { consents, access, scope, networkId }: Scene & { networkId?: string },
  guardianship: Guardianship,
  consent: Consent,
  over: Readonly<Record<string, unknown>> = {},
) {
  const here = hex(networkId ?? scope.networkId);
  const { own, scopeHashes, ...shown } = showConsent(consent, hex(NETWORK));
  const above = showGuardianship(guardianship, here);
  const delegation = { guardianship: above, own: above.own, scopeHashes: [...above.scopeHashes] };
  // The generated types want lists that may be written.
  return consents.isAllowedByDelegate(
    structuredClone(shown) as never,
    own,
    [...scopeHashes],
    { ...access, ...over },
    structuredClone(delegation) as never,
  );
}

const refused = async ({ consents }: Scene, asked: Promise<boolean>, error: string) =>
  expect(asked).to.be.revertedWithCustomError(consents, error);

describe('ConsentRegistry.isAllowedByDelegate', () => {
  it('allows what the delegate granted within her guardianship, once both are granted', async () => {
    const scene = await setup();
    const { guardianship, consents } = scene;
    const consent = under(scene, guardianship);
    await refused(scene, asking(scene, guardianship, consent), 'NotGranted');
    await granting(scene, consent, bob);
    await refused(scene, asking(scene, guardianship, consent), 'NotGranted');
    const digest = above(guardianship);
    await consents.grant(alice.address, digest, signedBy(alice, digest));
    expect(await asking(scene, guardianship, consent)).to.equal(true);
  });

  const OUTSIDE: Readonly<Record<string, (scene: Scene) => Partial<Guardianship>>> = {
    'other categories': () => ({ categories: ['result'] }),
    'other actions': () => ({ actions: ['correct'] }),
    'another home': ({ elsewhere }) => ({ home: elsewhere.networkId }),
  };
  for (const [name, change] of Object.entries(OUTSIDE)) {
    it(`hostile 19: refuses what is outside her guardianship: ${name}`, async () => {
      const scene = await setup();
      const guardianship = { ...scene.guardianship, ...change(scene) };
      const consent = under(scene, guardianship);
      await grantBoth(scene, guardianship, consent);
      await refused(scene, asking(scene, guardianship, consent), 'OutsideGuardianship');
    });
  }

  it('hostile 19: refuses one that is not hers, not named, or not for the delegate who signed', async () => {
    const scene = await setup();
    const { guardianship, consents, consent } = scene;
    const other = { ...guardianship, patient: hex(bob.address) };
    const ofOther = under(scene, other);
    await consents.grant(bob.address, above(other), signedBy(bob, above(other)));
    await granting(scene, ofOther, bob);
    await refused(scene, asking(scene, other, ofOther), 'NotHerSigner');

    await grantBoth(scene, guardianship, under(scene, guardianship));
    const unnamed = { ...consent, guardianship: hex(id('another guardianship')) };
    await granting(scene, unnamed, bob);
    await refused(scene, asking(scene, guardianship, unnamed), 'NotHerSigner');
    await granting(scene, { ...consent, guardianship: ZERO_32 }, bob);
    await refused(scene, asking(scene, guardianship, consent), 'NotHerSigner');

    const forAlice = { ...guardianship, delegate: hex(alice.address) };
    const digest = above(forAlice);
    await consents.grant(alice.address, digest, signedBy(alice, digest));
    await granting(scene, under(scene, forAlice), bob);
    await refused(scene, asking(scene, forAlice, under(scene, forAlice)), 'NotGranted');
  });

  it('hostile 19: refuses before its begin and after its end, to the second', async () => {
    const scene = await setup();
    const { networkHelpers, now } = scene;
    const later = now + 10_000n;
    const guardianship = { ...scene.guardianship, notBefore: later, notAfter: later + 10n };
    const consent = under(scene, guardianship);
    await grantBoth(scene, guardianship, consent);
    const at = async (time: bigint) => {
      await networkHelpers.time.increaseTo(time);
      return asking(scene, guardianship, consent);
    };
    await refused(scene, at(later - 1n), 'NotYetValid');
    expect(await at(later)).to.equal(true);
    expect(await at(later + 10n)).to.equal(true);
    await refused(scene, at(later + 11n), 'Expired');
  });

  it('refuses one for another network, whatever its scope is shown as', async () => {
    const scene = await setup();
    const { guardianship, elsewhere } = scene;
    const consent = under(scene, guardianship);
    await grantBoth(scene, guardianship, consent);
    const shownElsewhere = { ...scene, networkId: elsewhere.networkId };
    await refused(scene, asking(shownElsewhere, guardianship, consent), 'NotThisNetwork');
    const otherPatient = { ...scene.scope, patientId: hex(id('another patient')) };
    const strange = { ...guardianship, networks: [otherPatient], networkNames: ['Riverside'] };
    const ofStrange = under(scene, strange);
    await grantBoth(scene, strange, ofStrange);
    await refused(scene, asking(scene, strange, ofStrange), 'NotThisPatient');
  });

  it('hostile 14: ends with each revocation: hers of it, hers of the consent, his, and of all', async () => {
    const ways: readonly ((scene: Scene, consent: Consent) => Promise<unknown>)[] = [
      async ({ consents, guardianship }) => {
        const digest = above(guardianship);
        return consents.revoke(alice.address, digest, await revocation(alice, digest));
      },
      async ({ consents }, consent) => {
        const digest = digestOf(consent);
        return consents.revoke(alice.address, digest, await revocation(alice, digest));
      },
      async ({ consents }, consent) => {
        const digest = digestOf(consent);
        return consents.revoke(bob.address, digest, await revocation(bob, digest));
      },
      async ({ consents }) =>
        consents.revokeAll(alice.address, 4, await revocationOfAll(alice, 4n)),
      async ({ consents }) => consents.revokeAll(bob.address, 2, await revocationOfAll(bob, 2n)),
    ];
    for (const revoke of ways) {
      const scene = await setup();
      const { guardianship } = scene;
      const consent = under(scene, guardianship);
      await grantBoth(scene, guardianship, consent);
      expect(await asking(scene, guardianship, consent)).to.equal(true);
      await revoke(scene, consent);
      await refused(scene, asking(scene, guardianship, consent), 'Revoked');
    }
  });

  it('lasts while only lower epochs are revoked', async () => {
    const scene = await setup();
    const { guardianship, consents } = scene;
    const consent = under(scene, guardianship);
    await grantBoth(scene, guardianship, consent);
    await consents.revokeAll(alice.address, 3, await revocationOfAll(alice, 3n));
    await consents.revokeAll(bob.address, 1, await revocationOfAll(bob, 1n));
    expect(await asking(scene, guardianship, consent)).to.equal(true);
  });

  it('looks at what is read as a consent of her own does', async () => {
    const scene = await setup();
    const { guardianship } = scene;
    const consent = under(scene, guardianship);
    await grantBoth(scene, guardianship, consent);
    for (const [over, error] of [
      [{ purpose: 'HRESCH' }, 'WrongPurpose'],
      [{ reader: id('other') }, 'WrongReader'],
      [{ category: 'allergy' }, 'CategoryNotGranted'],
      [{ patientId: id('other') }, 'NotThisPatient'],
    ] as const) {
      await refused(scene, asking(scene, guardianship, consent, over), error);
    }
  });
});
