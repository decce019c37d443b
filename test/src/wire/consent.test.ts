import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { hasCode } from '../../../src/errors.ts';
import { type Hex, ZERO_32 } from '../../../src/hash/bytes.ts';
import {
  ANY_ADMITTED_NODE,
  consentDigest,
  guardianshipDigest,
  showConsent,
  showGuardianship,
  showsOwnScope,
} from '../../../src/wire/consent.ts';
import { assertConsentForm, assertGuardianshipForm } from '../../../src/wire/consentForm.ts';
import type { Consent } from '../../../src/wire/typedData.ts';
import { jsonOf, typedDataJson } from '../../../src/wire/typedDataJson.ts';
import { consentAndChange } from './consentChanges.ts';
import {
  DURING,
  federationId,
  idOf,
  networkId,
  sampleConsent,
  sampleGuardianship,
  scopeOf,
} from './consentFixture.ts';

interface Vector {
  what: string;
  struct: 'Consent' | 'Guardianship';
  federationId: Hex;
  message: unknown;
  shown: unknown;
  digest: Hex;
}
// Written with the digests of ethers.
const vectors = JSON.parse(readFileSync('vectors/consent.json', 'utf8')) as Vector[];

describe('consent', () => {
  for (const { what, struct, federationId, message, shown, digest } of vectors) {
    it(`gives the digest that ethers gives: ${struct} ${what}`, () => {
      if (struct === 'Consent') {
        const consent = typedDataJson('Consent').parse(message);
        expect(consentDigest(federationId, consent)).to.equal(digest);
        const seen = showConsent(consent, networkId);
        expect(consentDigest(federationId, seen)).to.equal(digest);
        expect(jsonOf(seen)).to.deep.equal(shown);
      } else {
        const guardianship = typedDataJson('Guardianship').parse(message);
        expect(guardianshipDigest(federationId, guardianship)).to.equal(digest);
        const seen = showGuardianship(guardianship, networkId);
        expect(guardianshipDigest(federationId, seen)).to.equal(digest);
        expect(jsonOf(seen)).to.deep.equal(shown);
      }
    });
  }

  it('shows a verifier its own scope and of the others only hashes', () => {
    const networks = [scopeOf('network'), scopeOf('lake')];
    const consent = sampleConsent({ networks, networkNames: ['Riverside', 'Lakeside'] });
    const shown = showConsent(consent, idOf('lake'));
    expect(shown.own).to.deep.equal(scopeOf('lake'));
    expect(showsOwnScope(shown)).to.equal(true);
    expect(JSON.stringify(jsonOf(shown))).not.to.include(scopeOf('network').patientId);
    expect(showsOwnScope({ ...shown, own: scopeOf('network') })).to.equal(true);
    expect(showsOwnScope({ ...shown, own: scopeOf('west') })).to.equal(false);
  });

  it('is not shown to a network that it does not name', () => {
    expect(() => showConsent(sampleConsent(), idOf('elsewhere'))).to.throw('does not name');
  });

  it('hostile 11: gives another digest when any single field changes', () => {
    fc.assert(
      fc.property(consentAndChange, ([consent, changed]) => {
        expect(consentDigest(federationId, changed)).not.to.equal(
          consentDigest(federationId, consent),
        );
      }),
      { numRuns: 300 },
    );
  });
});

const entry = { readers: [], categories: [], sensitivity: [], anchors: [] };

/** What is malformed, and the place that the error names. */
const malformed: readonly [what: string, place: string, change: Partial<Consent>][] = [
  ['no statement', 'statement', { statement: '' }],
  ['no category', 'categories', { categories: [] }],
  ['a category with a blank', 'categories[1]', { categories: ['result', 'a b'] }],
  ['a label with quotation marks', 'sensitivity[0]', { sensitivity: ['"'] }],
  ['another action', 'actions', { actions: ['access', 'erase'] }],
  ['no action', 'actions', { actions: [] }],
  ['no reader', 'grantee', { grantee: ZERO_32 }],
  ['no name of the reader', 'granteeName', { granteeName: '' }],
  ['a name for everybody', 'granteeName', { grantee: ANY_ADMITTED_NODE }],
  ['a name that turns the text around', 'granteeName', { granteeName: 'West\u202edesiS' }],
  ['a name of two lines', 'granteeName', { granteeName: 'West\nside' }],
  ['a name that closes its quotation', 'granteeName', { granteeName: 'West” and “East' }],
  ['a purpose that HL7 does not have', 'purpose', { purpose: 'CURIOSITY' }],
  ['an end before the begin', 'notAfter', { notAfter: DURING - 1000n }],
  ['an end after the year 9999', 'notAfter', { notAfter: 1n << 60n }],
  ['a grant after the end', 'submitBy', { submitBy: DURING + 1001n }],
  ['dates of records in the wrong order', 'dataTo', { dataFrom: 5n, dataTo: 4n }],
  ['an empty exception', 'except[1]', { except: [{ ...entry, anchors: [idOf('a')] }, entry] }],
  ['no network', 'networks', { networks: [], networkNames: [] }],
  ['a missing network name', 'networkNames', { networkNames: [] }],
  ['a network name of two lines', 'networkNames[0]', { networkNames: ['a\u2028b'] }],
];

function placeOf(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    if (hasCode(error, 'MalformedConsent')) return error.facts['place'];
    throw error;
  }
  return 'nothing is wrong';
}

describe('the form of a consent', () => {
  it('is right for what the vectors hold', () => {
    for (const { struct, message } of vectors) {
      if (struct === 'Consent') assertConsentForm(typedDataJson('Consent').parse(message));
      else assertGuardianshipForm(typedDataJson('Guardianship').parse(message));
    }
  });

  for (const [what, place, change] of malformed) {
    it(`is wrong with ${what}`, () => {
      const consent: Consent = { ...sampleConsent(), ...change };
      expect(
        placeOf(() => {
          assertConsentForm(consent);
        }),
      ).to.equal(place);
      if (change.networks !== undefined) return; // there is no verifier it could be shown to
      const shown = showConsent(consent, networkId);
      expect(
        placeOf(() => {
          assertConsentForm(shown);
        }),
      ).to.equal(place);
    });
  }

  it('is wrong with more than 32 networks, and with one named twice', () => {
    const networks = Array.from({ length: 33 }, (_, index) => scopeOf(`network ${index}`));
    const networkNames = networks.map(() => 'Riverside');
    const home = networks[0]?.networkId ?? ZERO_32;
    const consent = { ...sampleConsent(), networks, networkNames, home };
    expect(
      placeOf(() => {
        assertConsentForm(consent);
      }),
    ).to.equal('networks');
    const twice = [scopeOf('network'), { ...scopeOf('network'), salt: ZERO_32 }];
    const doubled = { ...sampleConsent(), networks: twice, networkNames: ['a', 'b'] };
    expect(
      placeOf(() => {
        assertConsentForm(doubled);
      }),
    ).to.equal('networks');
  });

  it('hostile 8: is wrong when home is none of the networks', () => {
    const consent = sampleConsent({ home: idOf('elsewhere') });
    expect(
      placeOf(() => {
        assertConsentForm(consent);
      }),
    ).to.equal('home');
    expect(
      placeOf(() => {
        assertConsentForm(showConsent(consent, networkId));
      }),
    ).to.equal('home');
  });

  it('is wrong when the opened scope was not signed', () => {
    const shown = { ...showConsent(sampleConsent(), networkId), own: scopeOf('lake') };
    expect(
      placeOf(() => {
        assertConsentForm(shown);
      }),
    ).to.equal('own');
  });

  it('of a guardianship is wrong without a delegate, a role or categories', () => {
    const sample = sampleGuardianship();
    const place = (change: object): unknown =>
      placeOf(() => {
        assertGuardianshipForm({ ...sample, ...change });
      });
    expect(place({})).to.equal('nothing is wrong');
    expect(place({ delegate: `0x${'00'.repeat(20)}` })).to.equal('delegate');
    expect(place({ delegate: sample.patient })).to.equal('delegate');
    expect(place({ role: '' })).to.equal('role');
    expect(place({ categories: [] })).to.equal('categories');
    expect(place({ home: ZERO_32 })).to.equal('home');
  });
});
