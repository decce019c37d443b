import { expect } from 'chai';
import fc from 'fast-check';
import { jsonFault } from '../../../src/fhir/jsonFault.ts';

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('jsonFault', () => {
  it('finds none in what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonFault(text)).to.equal(undefined);
      }),
    );
  });

  it('finds one exactly where JSON.parse does, in damaged texts', () => {
    const damaged = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '{', '}', '[', ']', ',', ':', '"', '\\', '1', 'e', '-', ' ', '\n', 't'),
      )
      .map(([text, at, piece]) => {
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + piece + text.slice(cut + 1);
      });
    fc.assert(
      fc.property(damaged, (text) => {
        expect(jsonFault(text) === undefined, text).to.equal(parses(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('names the first character that cannot stand there', () => {
    expect(jsonFault('{"a":1,}')).to.equal(7);
    expect(jsonFault('[1 2]')).to.equal(3);
    expect(jsonFault('{"a" 1}')).to.equal(5);
    expect(jsonFault('[01]')).to.equal(2);
    expect(jsonFault('{} {}')).to.equal(3);
    expect(jsonFault('["a\\q"]')).to.equal(1);
    expect(jsonFault('[1')).to.equal(2);
  });
});
