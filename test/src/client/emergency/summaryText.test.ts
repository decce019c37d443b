import { expect } from 'chai';
import { summaryLines } from '../../../../src/client/emergency/summaryText.ts';
import { patientSummary } from '../../../../src/fhir/views/patientSummary.ts';
import { generatePatients } from '../../../../src/fhir/generator/generatePatients.ts';
import { utf8 } from '../../../../src/hash/bytes.ts';

type Shown = Parameters<typeof summaryLines>[0];

const shown = (text: string, mediaType = 'application/fhir+json'): string[] => {
  const message = { mediaType } as Shown['message']; // nothing else of it is looked at
  return summaryLines({ message, body: utf8(text) });
};
const documentOf = (section: object, patient: object = {}): string =>
  JSON.stringify({
    resourceType: 'Bundle',
    entry: [
      { resource: { resourceType: 'Composition', title: 'Summary', date: '2026', section } },
      { resource: { resourceType: 'Patient', ...patient } },
    ],
  });

describe('a summary as a clinician reads it', () => {
  it('says who she is, then each section of what our own program wrote', () => {
    const [patient] = generatePatients({ seed: '1', patients: 1, hospitals: ['Sample'] });
    const bundles = patient?.bundles.map(({ bundle }) => bundle) ?? [];
    const summary = patientSummary(bundles, { composedAt: 1_700_000_000, language: 'en' });
    const lines = shown(JSON.stringify(summary));
    expect(lines[0]).to.equal('International Patient Summary, written 2023-11-14T22:13:20Z');
    expect(lines[1]).to.match(/^周玉兰, female, born \d{4}-\d\d-\d\d$/);
    const medicines = lines.indexOf('Medication Summary');
    expect(lines[medicines + 1]).to.equal('  What | Date | Details');
    expect(lines[medicines + 2]).to.match(/^ {2}\S+ \| \d{4}-\d\d-\d\d \| /);
    expect(lines.join('\n')).to.contain(
      '\n\nAllergies and Intolerances\n  The records hold no information',
    );
    expect(lines.join('')).to.not.match(/[<>]/);
  });

  it('reads the narratives of others: nested sections, lists, entities, line breaks', () => {
    const div =
      '<div><ul><li>one &lt;5 &amp; &#20320;&#x4f60;</li><li>two<br/>three</li></ul>' +
      '<table><tr><th>A</th><td></td><td>b &unknown; &#99999999;</td><td/></tr></table></div>';
    const section = {
      title: 'Outer',
      text: { div },
      section: [{ title: 'Inner', text: { div: '<p>x</p>' } }],
    };
    expect(shown(documentOf(section)).slice(2)).to.deep.equal([
      '',
      'Outer',
      '  one <5 & 你你',
      '  two',
      '  three',
      '  A |  | b &unknown; &#99999999;',
      '',
      '  Inner',
      '    x',
    ]);
  });

  it('shows a name in parts, and says where she has none', () => {
    const whoIs = (patient: object): string | undefined => shown(documentOf([], patient))[1];
    const name = [
      { use: 'nickname', text: 'Al' },
      { use: 'official', family: 'Porter', given: ['Ada'] },
    ];
    expect(whoIs({ name, gender: 'female', birthDate: '1990-01-02' })).to.equal(
      'Ada Porter, female, born 1990-01-02',
    );
    expect(whoIs({})).to.equal('without a name, gender not told, born on a day that is not told');
  });

  it('shows what is no document as it is, and lets nothing steer the terminal', () => {
    expect(shown('allergic to\npenicillin\u001b[2J', 'text/plain')).to.deep.equal([
      'allergic to',
      'penicillin [2J',
    ]);
    expect(shown('{"entry": [')).to.deep.equal(['{"entry": [']);
    expect(shown('null')).to.deep.equal(['null']);
    const hostile = { title: 'T\u001b[1m\nX', text: { div: '<p>a\u202eb&#27;[2Jc</p>' } };
    const lines = shown(documentOf(hostile, { name: [{ text: 'Eve\n\u001b[2J' }] }));
    expect(lines.join('\n')).to.not.match(/[\u001b\u202e]/);
    expect(lines).to.include('T [1m X');
    expect(lines[1]).to.match(/^Eve \[2J, /);
  });

  it('is not stopped by members of a wrong form', () => {
    const odd = { name: { text: 5, given: 'x', family: [] }, gender: 1, birthDate: {} };
    const lines = shown(documentOf([{ title: 7, text: 'none' }, 3, null], odd));
    expect(lines[1]).to.equal('without a name, gender not told, born on a day that is not told');
    expect(lines).to.include('Section without a title');
  });
});
