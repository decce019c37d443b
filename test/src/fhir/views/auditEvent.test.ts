import { expect } from 'chai';
import { validateResource } from '../../../../src/fhir/validateResource.ts';
import { auditEventView } from '../../../../src/fhir/views/auditEvent.ts';
import { accessesOfAllKinds, id32, sampleAccess, sampleRequest } from './signedSamples.ts';

describe('FHIR AuditEvent of an access', () => {
  it('is valid for every kind of access', () => {
    for (const view of accessesOfAllKinds()) {
      expect(validateResource(auditEventView(view))).to.deep.equal([]);
    }
  });

  it('names holder, reader, purpose, patient, consent, receipt and the records asked for', () => {
    const view = sampleAccess();
    const made = auditEventView(view);
    expect(made.recorded).to.equal('2026-09-21T14:13:20Z');
    expect(made.outcome).to.equal('0');
    expect(
      made.agent.map(({ who, requestor }) => [who?.identifier?.value, requestor]),
    ).to.deep.equal([
      [id32(6), false],
      [id32(7), true],
    ]);
    expect(made.purposeOfEvent?.[0]?.coding?.[0]?.code).to.equal('TREAT');
    expect(made.entity?.map(({ what }) => what?.identifier?.value)).to.deep.equal([
      id32(3),
      id32(40),
      view.receiptDigest,
      id32(23),
      id32(24),
    ]);
    expect(made.entity?.[1]?.what?.type).to.equal('Consent');
    expect(made.entity?.[2]?.detail?.find(({ type }) => type === 'n')?.valueString).to.equal('1');
  });

  it('marks break-glass, and names the emergency instead of a consent', () => {
    const made = auditEventView(sampleAccess(sampleRequest({ purpose: 'ETREAT' })));
    expect(made.subtype?.map(({ code }) => code)).to.deep.equal(['disclose', '110127']);
    expect(made.entity?.[1]?.what?.identifier?.system).to.equal('urn:carelattice:emergency');
    expect(auditEventView(sampleAccess()).subtype).to.have.lengthOf(1);
  });

  it('tells that keys were kept back', () => {
    const made = auditEventView(sampleAccess(sampleRequest(), { isReleased: false }));
    expect(made.outcome).to.equal('4');
    expect(made.outcomeDesc).to.include('not released');
  });

  it('names her relations where a holder opened what it holds itself', () => {
    const own = sampleAccess();
    const receipt = { ...own.receipt, reader: own.receipt.holder };
    const made = auditEventView({ ...own, receipt });
    expect(made.entity?.[1]?.what?.identifier?.system).to.equal('urn:carelattice:relations');
  });
});
