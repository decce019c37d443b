import { expect } from 'chai';
import { Interface, keccak256 } from 'ethers';
import type { ParamType } from 'ethers';
import { eventReader } from '../../../src/chain/eventLayout.ts';
import type { RawLog } from '../../../src/chain/logs.ts';
import type { Hex } from '../../../src/hash/bytes.ts';
import { edgeArtifact } from '../../../src/localnet/artifacts.ts';

const CONTRACTS = [
  'Consortium',
  'AccessManager',
  'NodeRegistry',
  'PatientRegistry',
  'ConsentRegistry',
  'AccessLedger',
  'RecordExchange',
  'RecordLocator',
];

/** A value of the type, the largest of its kind. */
function sampleOf({ type, baseType, arrayChildren }: ParamType): unknown {
  if (baseType === 'array' && arrayChildren !== null) return [sampleOf(arrayChildren)];
  if (type === 'address') return `0x${'ab'.repeat(20)}`;
  if (type === 'bool') return true;
  if (type === 'string') return 'Krankenhaus Süd';
  if (type === 'bytes') return `0x${'cd'.repeat(70)}`;
  const bytes = /^bytes(\d+)$/.exec(type)?.[1];
  if (bytes !== undefined) return `0x${'ef'.repeat(Number(bytes))}`;
  const bits = /^uint(\d+)$/.exec(type)?.[1];
  if (bits !== undefined) return 2n ** BigInt(bits) - 1n;
  throw new Error(`no sample of ${type}`);
}

const logOf = (topics: readonly (string | null)[], data: string): RawLog => ({
  address: `0x${'00'.repeat(20)}`,
  topics: topics.map((topic) => topic as Hex), // ethers writes topics and data as lower-case hex
  data: data as Hex,
  block: 1,
  blockHash: '0x',
  transactionHash: '0x',
  logIndex: 0,
  removed: false,
});

describe('The reader of an event', () => {
  for (const name of CONTRACTS) {
    it(`reads every event of ${name} as ethers wrote it`, async () => {
      const abi = new Interface((await edgeArtifact(name)).abi);
      let events = 0;
      abi.forEachEvent((fragment) => {
        const values = fragment.inputs.map(sampleOf);
        expect(fragment.inputs.map(({ baseType }) => baseType)).not.to.include('tuple');
        const { topics, data } = abi.encodeEventLog(fragment, values);
        const expected = fragment.inputs.map(({ name, type, indexed }, i) => [
          name,
          indexed === true && type === 'bytes' ? keccak256(String(values[i])) : values[i],
        ]);
        expect(eventReader(fragment)(logOf(topics, data))).to.deep.equal(
          Object.fromEntries(expected),
        );
        events += 1;
      });
      expect(events).to.be.greaterThan(0);
    });
  }

  it('gives the hash of an indexed text', () => {
    const abi = new Interface(['event Said(string indexed text, uint8 count)']);
    const fragment = abi.getEvent('Said');
    if (fragment === null) expect.fail('no event');
    const { topics, data } = abi.encodeEventLog(fragment, ['hello', 3]);
    expect(eventReader(fragment)(logOf(topics, data))).to.deep.equal({
      text: topics[1],
      count: 3n,
    });
  });

  for (const [what, change] of [
    ['too few topics', { topics: 1 }],
    ['too little data', { data: -2 }],
    ['data behind its end', { data: '00' }],
  ] as const) {
    it(`refuses a log with ${what}`, () => {
      const abi = new Interface(['event Moved(bytes32 indexed a, uint8 b)']);
      const fragment = abi.getEvent('Moved');
      if (fragment === null) expect.fail('no event');
      const { topics, data } = abi.encodeEventLog(fragment, [`0x${'12'.repeat(32)}`, 3]);
      const log = logOf(
        'topics' in change ? topics.slice(0, change.topics) : topics,
        !('data' in change)
          ? data
          : typeof change.data === 'number'
            ? data.slice(0, change.data)
            : data + change.data,
      );
      expect(() => eventReader(fragment)(log)).to.throw();
    });
  }
});
