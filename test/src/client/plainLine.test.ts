import { expect } from 'chai';
import { listed, plainLine } from '../../../src/client/plainLine.ts';

describe('a line of what somebody else wrote', () => {
  it('stays one line, in which nothing steers the terminal', () => {
    const texts = [
      ['a\nb', 'a b'],
      ['\u001b[2Ja\u009b31mb', '[2Ja 31mb'],
      ['a\u2028b\u2029c\u0085d', 'a b c d'],
      ['\u202eevil\u2066\u200f', 'evil'],
      ['\ud800', '\ufffd'],
      [' 周玉兰 👩‍⚕️ ', '周玉兰 👩‍⚕️'],
    ] as const;
    for (const [text, line] of texts) expect(plainLine(text)).to.equal(line);
  });

  it('lists names as a sentence has them', () => {
    expect([listed([]), listed(['A']), listed(['A', 'B']), listed(['A', 'B', 'C'])]).to.deep.equal([
      '',
      'A',
      'A and B',
      'A, B and C',
    ]);
  });
});
