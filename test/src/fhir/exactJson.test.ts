import { expect } from 'chai';
import fc from 'fast-check';
import { parseExact, stringifyExact } from '../../../src/fhir/exactJson.ts';

const there = (text: string): string => stringifyExact(parseExact(text));

describe('exact JSON', () => {
  it('keeps the precision of decimals as they were written', () => {
    for (const text of [
      '{"value":1.50}',
      '[0.10,[1.0]]',
      '{"a":{"value":100.000,"low":1}}',
      '{"value":1e3}',
      '{"value":12345678901234567890}',
      '{"value":0.1234567890123456789}',
      '{"value":-0}',
      '[-0.0]',
    ]) {
      expect(there(text)).to.equal(text);
    }
  });

  it('gives numbers to those who read the value', () => {
    expect(parseExact('{"value":1.50}')).to.deep.equal({ value: 1.5 });
  });

  it('keeps it for objects that are put into others', () => {
    const quantity = parseExact('{"value":1.50}');
    expect(stringifyExact({ entry: [quantity] })).to.equal('{"entry":[{"value":1.50}]}');
  });

  it('gives back every JSON text that is written as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const plain = JSON.stringify(JSON.parse(text));
        expect(there(plain)).to.equal(plain);
      }),
    );
  });
});
