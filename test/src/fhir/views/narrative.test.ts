import { expect } from 'chai';
import fc from 'fast-check';
import { escaped, paragraphs, table } from '../../../../src/fhir/views/narrative.ts';

const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

describe('narratives', () => {
  it('keep every text a text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const made = escaped(text);
        expect(made).to.not.match(/[<>"']|&(?!(lt|gt|quot|amp|#39);)/);

        expect(made).to.not.match(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
        expect(made.isWellFormed()).to.equal(true);
      }),
    );
    const odd = `<b onclick="x">&amp;'王`;
    expect(unescaped(escaped(odd))).to.equal(odd);
  });

  it('always say something', () => {
    expect(paragraphs('en', ' \n ').div).to.include('<p>-</p>');
    expect(paragraphs('zh-CN', '一\r\n二').div).to.include('<p>一</p><p>二</p>');
    expect(table('en', ['a'], []).div).to.include('<th>a</th>');
  });
});
