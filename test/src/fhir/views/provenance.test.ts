import { expect } from 'chai';
import { validateResource } from '../../../../src/fhir/validateResource.ts';
import { provenanceView } from '../../../../src/fhir/views/provenance.ts';
import { toHex } from '../../../../src/hash/bytes.ts';
import {
  id16,
  id32,
  recordsOfAllKinds,
  sampleMessage,
  sampleRecordView,
  SIGNATURE,
} from './signedSamples.ts';

describe('FHIR Provenance of a record', () => {
  it('is valid for every kind of record', () => {
    for (const view of recordsOfAllKinds()) {
      expect(validateResource(provenanceView(view))).to.deep.equal([]);
    }
  });

  it('names author, times, record and signature with the digest that was signed', () => {
    const view = sampleRecordView();
    const made = provenanceView(view);
    expect(made.target[0]?.identifier?.value).to.equal(view.anchor);
    expect(made.recorded).to.equal('2026-09-21T14:13:20Z');
    expect(made.occurredPeriod?.start).to.equal('2026-09-21T14:05:00Z');
    expect(made.agent[0]?.who.identifier?.value).to.equal(view.message.author);
    const [signature] = made.signature ?? [];
    expect(toHex(Buffer.from(signature?.data ?? '', 'base64'))).to.equal(SIGNATURE);
    expect(signature?.extension?.[0]?.valueString).to.equal(view.digest);
  });

  it('tells a first version, a new one with the one before, and an error', () => {
    const made = (more: Parameters<typeof sampleMessage>[0]) => {
      const { activity, entity } = provenanceView(sampleRecordView(sampleMessage(more)));
      return [activity?.coding?.[0]?.code, entity?.[0]?.what.identifier?.value];
    };
    expect(made({})).to.deep.equal(['CREATE', undefined]);
    expect(made({ previousVersion: id16(30) })).to.deep.equal(['UPDATE', id16(30)]);
    expect(made({ previousVersion: id16(30), status: 'entered-in-error' })).to.deep.equal([
      'NULLIFY',
      id16(30),
    ]);
  });

  it('stands beside the record where the bundle holds it', () => {
    const target = { reference: 'urn:uuid:00000000-0000-4000-8000-000000000001' };
    const made = provenanceView({ ...sampleRecordView(), target, anchor: id32(1) });
    expect(made.target).to.deep.equal([target]);
  });
});
