import { expect } from 'chai';
import { id, toBeHex } from 'ethers';
import { network } from 'hardhat';
import { toHex } from '../../src/hash/bytes.ts';
import type { Hex } from '../../src/hash/bytes.ts';
import { structHashOf } from '../../src/wire/typedData.ts';
import type { Consent } from '../../src/wire/typedData.ts';
import { alice, asking, bob, digestOf, granting, hex, setupConsents } from './consentFixture.ts';
import { revocation, revocationOfAll, signedBy } from './consentFixture.ts';
import type { ConsentScene } from './consentFixture.ts';
import { DAY, ROLE } from './deployEdge.ts';
import { CHAIN } from './signing.ts';

/** What a consent that was granted may be used for: `isAllowed`. */

/** Another value of the same type for every field of a consent. */
const CHANGED: { readonly [Field in keyof Consent]: (consent: Consent) => Consent[Field] } = {
  statement: ({ statement }) => `${statement} `,
  language: () => 'zh',
  template: ({ template }) => template + 1,
  patient: () => hex(bob.address),
  guardianship: () => hex(id('guardianship')),
  grantee: () => hex(id('other grantee')),
  granteeName: () => 'insurers',
  purpose: () => 'HRESCH',
  actions: ({ actions }) => [...actions, 'erase'],
  categories: ({ categories }) => [...categories].reverse(),
  sensitivity: () => [],
  anchors: () => [hex(id('record'))],
  authors: () => [hex(id('author'))],
  dataFrom: ({ dataFrom }) => dataFrom - 1n,
  dataTo: ({ dataTo }) => dataTo + 1n,
  except: () => [{ readers: [], categories: ['allergy'], sensitivity: [], anchors: [] }],
  notBefore: ({ notBefore }) => notBefore - 1n,
  notAfter: ({ notAfter }) => notAfter + 1n,
  submitBy: ({ submitBy }) => submitBy + 1n,
  epoch: ({ epoch }) => epoch + 1n,
  nonce: ({ nonce }) => nonce + 1n,
  home: () => hex(id('other home')),
  networkNames: ({ networkNames }) => [...networkNames, 'Hillside'],
  networks: ({ networks }) => networks.map((one) => ({ ...one, salt: hex(id('other salt')) })),
};

/** The same for a network's scope, inside the consent. */
const CHANGED_SCOPE: Readonly<Record<string, Hex | bigint>> = {
  chainId: BigInt(CHAIN) + 1n,
  networkId: hex(id('other network')),
  registry: hex(bob.address),
  patientId: hex(id('other patient')),
  salt: hex(id('other salt')),
};

const isField = (name: string): name is keyof Consent => Object.hasOwn(CHANGED, name);

const refusedFor = async (
  { consents }: ConsentScene,
  asked: Promise<boolean>,
  error: string,
): Promise<void> => {
  await expect(asked).to.be.revertedWithCustomError(consents, error);
};

describe('ConsentRegistry.isAllowed', () => {
  it('allows what was granted, as often as it is asked', async () => {
    const scene = await setupConsents();
    await refusedFor(scene, asking(scene, scene.consent), 'NotGranted');
    await granting(scene, scene.consent);
    for (let i = 0; i < 3; i++) expect(await asking(scene, scene.consent)).to.equal(true);
  });

  it('hostile 8: accepts the grant of a consent for other networks and refuses its use', async () => {
    const scene = await setupConsents();
    const elsewhere = { ...scene.scope, networkId: hex(id('elsewhere')) };
    const consent = { ...scene.consent, home: elsewhere.networkId, networks: [elsewhere] };
    await granting(scene, consent);
    await refusedFor(scene, asking(scene, consent, {}, elsewhere), 'NotThisNetwork');
    // A scope that she did not sign does not help, whatever it says.
    await refusedFor(scene, asking(scene, consent), 'NotThisNetwork');
    const otherChain = { ...scene.scope, chainId: BigInt(CHAIN) + 1n };
    const onOther = { ...scene.consent, networks: [otherChain] };
    await granting(scene, onOther);
    await refusedFor(scene, asking(scene, onOther, {}, otherChain), 'NotThisNetwork');
    const both = { ...consent, networks: [elsewhere, scene.scope], networkNames: ['a', 'b'] };
    await granting(scene, both);
    expect(await asking(scene, both)).to.equal(true);
  });

  it('hostile 9: refuses the same signature at a second registry of the chain', async () => {
    const scene = await setupConsents();
    const { ethers, nodes, stranger, consent } = scene;
    await granting(scene, consent);
    const patients = await ethers.deployContract('PatientRegistry', [nodes.target, 100]);
    const second = await ethers.getContractAt('ConsentRegistry', await patients.consents());
    const signature = signedBy(alice, digestOf(consent));
    await second.connect(stranger).grant(alice.address, digestOf(consent), signature);
    expect((await second.statusOf(alice.address, digestOf(consent), 1))[0]).to.equal(1n);
    await refusedFor(scene, asking({ ...scene, consents: second }, consent), 'NotThisRegistry');
  });

  it('hostile 10: refuses it on a twin devnet of equal chain id and addresses', async () => {
    const scene = await setupConsents();
    const twin = await network.create({ network: 'twin', override: { chainId: CHAIN } });
    const { ethers } = twin;
    const nodes = await ethers.deployContract('NodeRegistry', [
      id('federation'),
      id('twin network'),
      scene.manager.target,
      0,
      0,
    ]);
    const patients = await ethers.deployContract('PatientRegistry', [nodes.target, 100]);
    const consents = await ethers.getContractAt('ConsentRegistry', await patients.consents());
    const scope = { ...scene.scope, registry: hex(await consents.getAddress()) };
    const consent = { ...scene.consent, networks: [scope] };
    await granting({ ...scene, consents }, consent);
    expect((await consents.statusOf(alice.address, digestOf(consent), 1))[0]).to.equal(1n);
    await refusedFor(scene, asking({ ...scene, consents }, consent, {}, scope), 'NotThisNetwork');
  });

  for (const field of Object.keys(CHANGED).filter(isField)) {
    it(`hostile 11: with another ${field} neither old signature nor old grant count`, async () => {
      const scene = await setupConsents();
      const { consents, consent } = scene;
      await granting(scene, consent);
      const changed = { ...consent, [field]: CHANGED[field](consent) };
      const own = changed.networks[0] ?? scene.scope;
      expect(digestOf(changed)).to.not.equal(digestOf(consent));
      const signature = signedBy(alice, digestOf(consent));
      await expect(
        consents.grant(alice.address, digestOf(changed), signature),
      ).to.be.revertedWithCustomError(consents, 'BadSignature');
      // Another patient is not hers, and a guardianship has to be shown: they come before the status.
      const early = field === 'patient' || field === 'guardianship';
      await refusedFor(
        scene,
        asking(scene, changed, {}, own),
        early ? 'NotHerSigner' : 'NotGranted',
      );
    });
  }

  for (const [field, value] of Object.entries(CHANGED_SCOPE)) {
    it(`hostile 11: with another ${field} in a network the old grant does not count`, async () => {
      const scene = await setupConsents();
      await granting(scene, scene.consent);
      const own = { ...scene.scope, [field]: value };
      const changed = { ...scene.consent, networks: [own] };
      const signature = signedBy(alice, digestOf(scene.consent));
      await expect(
        scene.consents.grant(alice.address, digestOf(changed), signature),
      ).to.be.revertedWithCustomError(scene.consents, 'BadSignature');
      const errors: Readonly<Record<string, string>> = {
        registry: 'NotThisRegistry',
        patientId: 'NotThisPatient',
        salt: 'NotGranted',
      };
      await refusedFor(scene, asking(scene, changed, {}, own), errors[field] ?? 'NotThisNetwork');
      // Shown beside what she signed, it is none of her scopes.
      await refusedFor(scene, asking(scene, scene.consent, {}, own), 'NotThisNetwork');
    });
  }

  it('hostile 11: accepts a late grant and refuses its use, by chain time alone', async () => {
    const scene = await setupConsents();
    const { consent, networkHelpers, now } = scene;
    const early = { ...consent, nonce: 8n, notBefore: now + BigInt(DAY) };
    await granting(scene, early);
    await refusedFor(scene, asking(scene, early), 'NotYetValid');
    await granting(scene, consent);
    const late = { ...consent, nonce: 9n, submitBy: now };
    await granting(scene, late);
    await refusedFor(scene, asking(scene, late), 'GrantedTooLate');
    await networkHelpers.time.increaseTo(consent.notAfter);
    expect(await asking(scene, consent)).to.equal(true);
    await networkHelpers.time.increaseTo(consent.notAfter + 1n);
    await refusedFor(scene, asking(scene, consent), 'Expired');
  });

  it('hostile 11: holds from its first second, granted in its last one', async () => {
    const scene = await setupConsents();
    const { networkHelpers, now } = scene;
    const at = now + 5_000n;
    const consent = { ...scene.consent, notBefore: at, submitBy: at };
    await networkHelpers.time.setNextBlockTimestamp(at);
    await granting(scene, consent);
    expect(await asking(scene, consent)).to.equal(true);
  });

  it('hostile 14: ends at once with its revocation, and with that of all', async () => {
    const scene = await setupConsents();
    const { consents, consent } = scene;
    const next = { ...consent, epoch: 2n };
    await granting(scene, consent);
    await granting(scene, next);
    await consents.revokeAll(alice.address, 2, await revocationOfAll(alice, 2n));
    await refusedFor(scene, asking(scene, consent), 'Revoked');
    expect(await asking(scene, next)).to.equal(true);
    await consents.revoke(alice.address, digestOf(next), await revocation(alice, digestOf(next)));
    await refusedFor(scene, asking(scene, next), 'Revoked');
  });

  it('is over for an account that is not the authority any more, or not opened', async () => {
    const scene = await setupConsents();
    const { consent, patients } = scene;
    const unknown = { ...scene.scope, patientId: hex(id('nobody')) };
    const ofNobody = { ...consent, networks: [unknown] };
    await granting(scene, ofNobody);
    const asked = asking(scene, ofNobody, { patientId: unknown.patientId }, unknown);
    await expect(asked).to.be.revertedWithCustomError(patients, 'UnknownPatient');
    const bobs = { ...consent, patient: hex(bob.address) };
    await granting(scene, bobs, bob);
    await refusedFor(scene, asking(scene, bobs), 'NotHerSigner');
  });

  const wrong: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['NotThisPatient', { patientId: id('other patient') }],
    ['WrongReader', { reader: id('other reader') }],
    ['WrongPurpose', { purpose: 'HRESCH' }],
    ['WrongPurpose', { purpose: '' }],
    ['WrongAction', { action: 'erase' }],
    ['CategoryNotGranted', { category: 'allergy' }],
    ['CategoryNotGranted', { category: '' }],
    ['SensitivityNotGranted', { sensitivity: ['HIV', 'PSY'] }],
    ['OutsideDates', { eventFrom: 1, eventTo: 99 }],
    ['OutsideDates', { eventFrom: 10_001, eventTo: 10_002 }],
  ];
  for (const [error, over] of wrong) {
    it(`refuses ${JSON.stringify(over)} as ${error}`, async () => {
      const scene = await setupConsents();
      await granting(scene, scene.consent);
      await refusedFor(scene, asking(scene, scene.consent, over), error);
    });
  }

  it('allows what only touches its dates, carries no label or is in its last category', async () => {
    const scene = await setupConsents();
    await granting(scene, scene.consent);
    for (const over of [
      { eventFrom: 1, eventTo: 100 },
      { eventFrom: 10_000, eventTo: 20_000 },
      { sensitivity: [] },
      { category: 'medication' },
    ]) {
      expect(await asking(scene, scene.consent, over)).to.equal(true);
    }
  });

  it('keeps to records and authors that it names, and open dates are open', async () => {
    const scene = await setupConsents();
    const [record, author] = [hex(id('record')), scene.hospitalId];
    const narrow = {
      ...scene.consent,
      dataFrom: 0n,
      dataTo: 0n,
      anchors: [hex(id('x')), record],
      authors: [author],
    };
    await granting(scene, narrow);
    expect(await asking(scene, narrow, { eventFrom: 0, eventTo: 0 })).to.equal(true);
    expect(await asking(scene, narrow, { eventTo: 2n ** 64n - 1n })).to.equal(true);
    await refusedFor(scene, asking(scene, narrow, { anchor: id('other') }), 'RecordNotNamed');
    await refusedFor(scene, asking(scene, narrow, { author: id('other') }), 'AuthorNotNamed');
  });

  it('excepts what every list of an exception matches, one label being enough', async () => {
    const scene = await setupConsents();
    const { consent, insurerId } = scene;
    const none = { readers: [], categories: [], sensitivity: [], anchors: [] };
    const cases: readonly (readonly [Consent['except'], boolean])[] = [
      [[{ ...none, readers: [insurerId] }], false],
      [[{ ...none, readers: [hex(id('other'))] }], true],
      [[{ ...none, categories: ['medication', 'result'] }], false],
      [[{ ...none, categories: ['medication'] }], true],
      [[{ ...none, sensitivity: ['PSY', 'HIV'] }], false],
      [[{ ...none, sensitivity: ['PSY'] }], true],
      [[{ ...none, anchors: [hex(id('record'))] }], false],
      [[{ ...none, anchors: [hex(id('other'))] }], true],
      [[{ readers: [insurerId], categories: ['medication'], sensitivity: [], anchors: [] }], true],
      [
        [
          { ...none, categories: ['medication'] },
          { ...none, readers: [insurerId] },
        ],
        false,
      ],
      // Malformed, and so refused by whoever looks at the form; here it excepts everything.
      [[none], false],
    ];
    for (const [index, [except, isAllowed]] of cases.entries()) {
      const one = { ...consent, except, nonce: BigInt(100 + index) };
      await granting(scene, one);
      if (isAllowed) expect(await asking(scene, one)).to.equal(true);
      else await refusedFor(scene, asking(scene, one), 'Excepted');
    }
  });

  it('takes any admitted node where it says so, and no zero for a reader', async () => {
    const scene = await setupConsents();
    const { consent, idOf, registry, hospitalB, govern, onNode } = scene;
    const any = hex(id('carelattice/any-admitted-node'));
    const forAny = { ...consent, grantee: any };
    await granting(scene, forAny);
    const ids = [hex(await idOf(registry)), hex(await idOf(hospitalB))];
    for (const reader of ids) expect(await asking(scene, forAny, { reader })).to.equal(true);
    for (const reader of [any, id('nobody'), `0x${'00'.repeat(32)}`]) {
      await refusedFor(scene, asking(scene, forAny, { reader }), 'WrongReader');
    }
    await govern(onNode('suspend', ids[1] ?? ''));
    await refusedFor(scene, asking(scene, forAny, { reader: ids[1] }), 'WrongReader');
    const forNobody = { ...consent, grantee: hex(`0x${'00'.repeat(32)}`) };
    await granting(scene, forNobody);
    await refusedFor(scene, asking(scene, forNobody, { reader: forNobody.grantee }), 'WrongReader');
  });

  it('takes a node that was admitted later from its first second on', async () => {
    const scene = await setupConsents();
    const { govern, admitting, idOf, networkHelpers, spare, stranger } = scene;
    const consent = { ...scene.consent, grantee: hex(id('carelattice/any-admitted-node')) };
    const late = { ...consent, notAfter: scene.now + BigInt(10 * DAY) };
    await granting(scene, late);
    const node = spare[0] ?? stranger;
    await govern(admitting('late', node.address, ROLE.recording));
    const activeFrom = (await networkHelpers.time.latest()) + 2 * DAY;
    const reader = hex(await idOf(node));
    await networkHelpers.time.increaseTo(activeFrom - 1);
    await refusedFor(scene, asking(scene, late, { reader }), 'WrongReader');
    await networkHelpers.time.increaseTo(activeFrom);
    expect(await asking(scene, late, { reader })).to.equal(true);
  });

  it('hostile 11: a list whose length wraps does not pass for an empty one', async () => {
    const scene = await setupConsents();
    const { consents, at, ethers, consent, scope, access } = scene;
    await granting(scene, consent);
    const marked = { ...consent, anchors: [id('marked')], categories: ['marked'] };
    const { networks: _, ...shown } = marked;
    const hashes = [toHex(structHashOf('NetworkScope', scope))];
    const data = consents.interface.encodeFunctionData('isAllowed', [
      structuredClone(shown) as never, // lists that may be written
      scope,
      hashes,
      access,
    ]);
    const length = (count: bigint): string => toBeHex(count, 32).slice(2) + id('marked').slice(2);
    expect(data.split(length(1n))).to.have.length(2);
    const wrapped = data.replace(length(1n), length(1n << 251n));
    const refused = ethers.provider.call({ to: at.consents, data: wrapped });
    expect(await refused.then(String, () => 'reverted')).to.equal('reverted');
  });
});
