import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { validateResource } from '../../../../src/fhir/validateResource.ts';
import { consentView } from '../../../../src/fhir/views/consent.ts';
import { toHex } from '../../../../src/hash/bytes.ts';
import { anyConsent } from './anyConsent.ts';
import {
  account,
  consentsOfAllKinds,
  id32,
  sampleConsent,
  sampleConsentView,
  scope,
  SIGNATURE,
} from './signedSamples.ts';

describe('FHIR Consent of a signed consent', () => {
  it('is valid for every kind of consent', () => {
    for (const view of consentsOfAllKinds()) {
      expect(validateResource(consentView(view))).to.deep.equal([]);
    }
  });

  it('is valid whatever the fields say', () => {
    fc.assert(
      fc.property(anyConsent, fc.nat(2), fc.nat(4_000_000_000), (consent, state, grantedAt) => {
        const shown = { ...sampleConsentView(), consent, status: { state, grantedAt } };
        const issues = validateResource(consentView(shown));
        expect(issues.filter(({ severity }) => severity !== 'warning')).to.deep.equal([]);
      }),
      { numRuns: 150 },
    );
  });

  it('tells a blank where a code should stand as unknown', () => {
    for (const blank of ['', '\t', ' \r\n', '\u00a0']) {
      const consent = sampleConsent({
        purpose: blank,
        actions: [blank],
        categories: [blank],
        sensitivity: [blank],
      });
      const view = consentView(sampleConsentView(consent));
      expect(validateResource(view)).to.deep.equal([]);
      expect(view.provision?.action).to.deep.equal([{ text: 'unknown' }]);
      expect(view.provision?.purpose).to.deep.equal([{ display: 'unknown' }]);
    }
  });

  it('says who, why, when, what and which data (IHE PCF basic and intermediate)', () => {
    const { provision, patient, policy, organization } = consentView(
      sampleConsentView(sampleConsent({ authors: [id32(8)], dataTo: 1_700_000_000n })),
    );
    expect(patient?.identifier?.value).to.equal(scope.patientId);
    expect(policy).to.deep.equal([{ uri: 'urn:carelattice:consent-template:1' }]);
    expect(organization?.map(({ display }) => display)).to.deep.equal([
      undefined,
      'City network',
      '省网',
    ]);
    expect(provision?.type).to.equal('permit');
    expect(provision?.period).to.deep.equal({
      start: '2026-09-21T13:56:40Z',
      end: '2026-09-22T14:13:20Z',
    });
    expect(provision?.dataPeriod).to.deep.equal({
      start: '2020-09-13T12:26:40Z',
      end: '2023-11-14T22:13:20Z',
    });
    expect(provision?.purpose?.[0]).to.deep.include({ code: 'TREAT' });
    expect(provision?.actor?.[0]?.reference?.identifier?.value).to.equal(id32(6));
    expect(provision?.data).to.have.lengthOf(1);
    expect(provision?.data?.[0]).to.include({ meaning: 'authoredby' });
    expect(provision?.securityLabel?.map(({ code }) => code)).to.deep.equal(['N', 'HIV', 'PSY']);
    expect(provision?.class?.map(({ code }) => code)).to.deep.equal(['result', 'medication']);
  });

  it('never widens: records and authors must both fit, unlabelled data is named, exceptions deny', () => {
    const consent = sampleConsent({
      anchors: [id32(9)],
      authors: [id32(8)],
      sensitivity: [],
      except: [{ readers: [id32(7)], categories: ['result'], sensitivity: ['hiv'], anchors: [] }],
    });
    const { provision } = consentView(sampleConsentView(consent));
    expect(provision?.data?.map(({ meaning }) => meaning)).to.deep.equal(['instance']);
    expect(provision?.actor?.map(({ role }) => role.coding?.[0]?.code)).to.deep.equal([
      'IRCP',
      'AUT',
    ]);
    expect(provision?.securityLabel?.map(({ code }) => code)).to.deep.equal(['N']);
    const [except] = provision?.provision ?? [];
    expect(except?.type).to.equal('deny');
    expect(except?.actor).to.have.lengthOf(1);
    expect(except?.class?.[0]?.code).to.equal('result');
    expect(except?.securityLabel?.[0]?.code).to.equal('HIV');
    expect(except).to.not.have.property('data');
  });

  it('tells the status of the chain: proposed, active, over, taken back, refused beforehand', () => {
    const statusOf = (state: number, grantedAt: number, notAfter?: bigint) => {
      const consent = sampleConsent(notAfter === undefined ? {} : { notAfter });
      return consentView(sampleConsentView(consent, { status: { state, grantedAt } })).status;
    };
    expect(statusOf(0, 0)).to.equal('proposed');
    expect(statusOf(1, 5)).to.equal('active');
    expect(statusOf(1, 5, 6n)).to.equal('inactive');
    expect(statusOf(2, 5)).to.equal('inactive');
    expect(statusOf(2, 0)).to.equal('rejected');
  });

  it('carries the text she read, her signature and her account', () => {
    const consent = sampleConsent();
    const { sourceAttachment, verification, identifier, text, performer } = consentView(
      sampleConsentView(consent),
    );
    const bytes = Buffer.from(consent.statement);
    expect(Buffer.from(sourceAttachment?.data ?? '', 'base64')).to.deep.equal(bytes);
    expect(sourceAttachment?.hash).to.equal(createHash('sha1').update(bytes).digest('base64'));
    const signature = verification?.[0]?.extension?.[0]?.valueSignature;
    expect(toHex(Buffer.from(signature?.data ?? '', 'base64'))).to.equal(SIGNATURE);
    expect(signature?.extension?.[0]?.valueString).to.equal(identifier?.[0]?.value);
    expect(performer?.[0]?.identifier?.value).to.equal(`did:pkh:eip155:31337:${account(5)}`);
    expect(text?.div).to.include('&lt;North &amp; &quot;Hospital&quot;&gt;');
  });

  it('names a delegate as such', () => {
    const consent = sampleConsent({ guardianship: id32(11) });
    expect(consentView(sampleConsentView(consent)).performer?.[0]?.type).to.equal('RelatedPerson');
  });
});
