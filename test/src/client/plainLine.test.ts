import { expect } from 'chai';
import { listed, nameIn, plainLine, shownName, steerless } from '../../../src/client/plainLine.ts';
import type { KnownNode } from '../../../src/domain/knownNode.ts';
import type { Hex } from '../../../src/hash/bytes.ts';

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

  it('stays indented where it is', () => {
    expect(steerless('  a\nb\u001b ')).to.equal('  a b  ');
  });

  it('hostile: is what is shown of a node, whatever it calls itself', () => {
    const nodeId: Hex = `0x${'ab'.repeat(32)}`;
    const shown = (name: string): string => shownName({ nodeId, name });
    expect(shown('North\nSouth \u202e')).to.equal('North South');
    expect(shown('\u001b\n')).to.equal(nodeId);
    const nodes = new Map([[nodeId, { nodeId, name: 'A\u001b[2J' } as KnownNode]]);
    expect([nameIn(nodes, nodeId), nameIn(nodes, '0x01')]).to.deep.equal(['A [2J', '0x01']);
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
