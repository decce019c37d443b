import { expect } from 'chai';
import { readBundle, type BundleReading } from '../../../src/fhir/bundle.ts';
import { utf8 } from '../../../src/hash/bytes.ts';
import { collectionOf, observation, patient, sampleBundle } from './samples.ts';

const read = (value: unknown): BundleReading => readBundle(JSON.stringify(value));

/** Kind, and the first issue's code and path. */
function brief(reading: BundleReading): string {
  if (!('outcome' in reading)) return reading.kind;
  const [first] = reading.outcome.issue;
  return `${reading.kind} ${first?.code} ${first?.expression?.join() ?? '-'}`;
}

const diagnosticsOf = (reading: BundleReading): string =>
  'outcome' in reading ? (reading.outcome.issue[0]?.diagnostics ?? '') : '';

describe('readBundle', () => {
  it('reads a bundle about one patient from text and from bytes', () => {
    const text = JSON.stringify(sampleBundle());
    const reading = readBundle(text);
    expect(reading).to.have.property('kind', 'patient');
    expect(readBundle(utf8(text))).to.deep.equal(reading);
    expect(readBundle(utf8(`\uFEFF${text}`))).to.deep.equal(reading);
  });

  it('names line and column of what is no JSON', () => {
    const reading = readBundle('{\n  "resourceType": "Bundle",\n  "type": oops\n}');
    expect(brief(reading)).to.equal('refused structure -');
    expect(diagnosticsOf(reading)).to.contain('line 3, column 11');
    expect(diagnosticsOf(readBundle('{"a": [1, 2'))).to.contain('ends early at line 1, column 12');
    expect(diagnosticsOf(readBundle(''))).to.contain('ends early');
  });

  it('does not quote what it could not read', () => {
    expect(diagnosticsOf(readBundle('{"name": "王小明" "x"}'))).not.to.contain('王');
  });

  it('refuses bytes that are no UTF-8', () => {
    expect(brief(readBundle(Uint8Array.of(0x7b, 0xff, 0x7d)))).to.equal('refused structure -');
  });

  it('leaves out JSON that is no bundle', () => {
    for (const value of [{ source: 'x' }, patient, [], 1, null, 'Bundle']) {
      expect(brief(read(value))).to.equal('notBundle structure Bundle');
    }
  });

  it('refuses bundle types that bring no content', () => {
    for (const type of ['searchset', 'batch', 'message', 'history', 7, undefined]) {
      expect(brief(read({ ...collectionOf(), type }))).to.equal(
        'refused not-supported Bundle.type',
      );
    }
  });

  it('refuses an empty bundle', () => {
    for (const entry of [[], undefined, {}, 'x']) {
      expect(brief(read({ ...collectionOf(), entry }))).to.equal('refused required Bundle.entry');
    }
  });

  it('refuses entries of another shape and names them', () => {
    const withEntry = (entry: unknown): string =>
      brief(read({ ...collectionOf(), entry: [{ resource: patient }, entry] }));
    expect(withEntry('x')).to.equal('refused structure Bundle.entry[1]');
    expect(withEntry(null)).to.equal('refused structure Bundle.entry[1]');
    expect(withEntry({ resource: 'x' })).to.equal('refused structure Bundle.entry[1].resource');
    expect(withEntry({ resource: { id: 'x' } })).to.equal(
      'refused structure Bundle.entry[1].resource',
    );
    expect(withEntry({ fullUrl: 7, resource: patient })).to.equal(
      'refused structure Bundle.entry[1].fullUrl',
    );
  });

  it('refuses two patients in one bundle and names the second', () => {
    const reading = read(collectionOf(observation(), patient));
    expect(brief(reading)).to.equal('refused business-rule Bundle.entry[2].resource');
  });

  it('refuses clinical content without a patient', () => {
    const bundle = collectionOf(observation());
    bundle.entry?.shift();
    expect(brief(read(bundle))).to.equal('refused required Bundle.entry[0].resource');
  });

  it('classes organisations and practitioners without a patient as a directory', () => {
    const entry = ['Organization', 'Practitioner', 'PractitionerRole', 'Location'].map(
      (resourceType) => ({
        resource: { resourceType },
      }),
    );
    expect(read({ resourceType: 'Bundle', type: 'collection', entry }).kind).to.equal('directory');
  });

  it('hostile 35: refuses what is too large, before reading it', () => {
    const text = JSON.stringify(sampleBundle());
    const bytes = new TextEncoder().encode(text).length;
    expect(brief(readBundle(text, { maxBytes: bytes - 1 }))).to.equal('refused too-costly -');
    expect(brief(readBundle(text, { maxEntries: 23 }))).to.equal('refused too-costly Bundle.entry');
    expect(readBundle(text, { maxBytes: bytes, maxEntries: 24 }).kind).to.equal('patient');
  });

  it('counts a text by its UTF-8 bytes', () => {
    expect(brief(readBundle('"王"', { maxBytes: 4 }))).to.equal('refused too-costly -');
  });

  it('hostile 35: refuses JSON that nests too deep, without reading to its end', () => {
    expect(brief(readBundle('['.repeat(5_000_000)))).to.equal('refused too-costly -');
    const nested = `${'{"extension":['.repeat(60)}${']}'.repeat(60)}`;
    expect(diagnosticsOf(readBundle(nested))).to.contain('deeper than 100');
    expect(brief(readBundle(JSON.stringify('['.repeat(200))))).to.equal(
      'notBundle structure Bundle',
    );
  });
});
