import { expect } from 'chai';
import { type Named, nodeNamed } from '../../../src/domain/nodeNamed.ts';
import { CarelatticeError } from '../../../src/errors.ts';
import type { Hex } from '../../../src/hash/bytes.ts';

const idOf = (byte: string): Hex => `0x${byte.repeat(32)}`;
const node = (name: string, byte: string, state: Named['state'] = 'admitted'): Named => ({
  name,
  nodeId: idOf(byte),
  state,
});

function refusal(nodes: readonly Named[], given: string): CarelatticeError {
  try {
    nodeNamed(nodes, given);
  } catch (error) {
    if (error instanceof CarelatticeError) return error;
    throw error;
  }
  return expect.fail('it was found');
}

describe('Naming a node', () => {
  const [north, south] = [node('North', 'aa'), node('South', 'bb')];

  it('finds it by its name and by its id, in either case of the digits', () => {
    for (const given of ['North', idOf('aa'), `0x${'AA'.repeat(32)}`])
      expect(nodeNamed([south, north], given), given).to.equal(north);
  });

  it('says which names there are', () => {
    for (const given of ['north', 'North ', '', idOf('cc')]) {
      const { code, facts } = refusal([north, south], given);
      expect([code, facts['there']], given).to.deep.equal(['NodeUnknown', ['North', 'South']]);
    }
  });

  it('hostile: takes none of two that bear the name, whoever came first', () => {
    const liar = node('North', 'cc');
    for (const nodes of [
      [north, liar],
      [liar, south, north],
      [north, node('North', 'cc', 'suspended')],
    ]) {
      const { code, facts, retryable } = refusal(nodes, 'North');
      expect([code, retryable]).to.deep.equal(['NameAmbiguous', false]);
      expect(facts['ids']).to.have.members([idOf('aa'), idOf('cc')]);
      expect(nodeNamed(nodes, idOf('aa'))).to.equal(north);
    }
    const folders = [{ name: 'North' }, north];
    expect(refusal(folders, 'North').facts['ids']).to.deep.equal(['not told', idOf('aa')]);
  });

  it('hostile: is not led astray by a name that is another one’s id', () => {
    const liar = node(idOf('aa'), 'cc');
    expect(nodeNamed([liar, north], idOf('aa'))).to.equal(north);
    expect(refusal([liar], idOf('aa')).code).to.equal('NodeUnknown');
  });

  it('lets one that was removed not stand in the way of its successor', () => {
    const former = node('North', 'cc', 'removed');
    expect(nodeNamed([former, north], 'North')).to.equal(north);
    expect(nodeNamed([former, south], 'North')).to.equal(former);
    expect(refusal([former, node('North', 'dd', 'removed')], 'North').code).to.equal(
      'NameAmbiguous',
    );
  });
});
