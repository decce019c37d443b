import { expect } from 'chai';
import type { BlockHeader } from '../../../../src/chain/blocks.ts';
import { emergencyTime, STANDSTILL } from '../../../../src/node/emergency/chainClock.ts';

const HASH = `0x${'00'.repeat(32)}` as const;
const block: BlockHeader = {
  ...{ number: 7, hash: HASH, parentHash: HASH, time: 10_000, logsBloom: '0x' as const },
  baseFee: undefined,
};
const at = (own: number, movedAt?: number, now = block.time) =>
  emergencyTime({
    head: () => Promise.resolve(block),
    now: () => now,
    ownClock: () => own,
    chainMovedAt: () => movedAt,
  });

describe('the time of an emergency', () => {
  it('is chain time, whatever the own clock says, until the chain stands still', async () => {
    for (const own of [0, 9_000, 10_000, 10_000 + STANDSTILL])
      expect(await at(own)).to.deep.equal({ block, standsStill: false, now: 10_000 });
  });

  it('is the own clock from then on, so that an end comes', async () => {
    const own = 10_001 + STANDSTILL;
    expect(await at(own)).to.deep.equal({ block, standsStill: true, now: own });
  });

  it('stays chain time by a clock that is wrong, while this node sees the chain move', async () => {
    const own = 90_000;
    expect(await at(own, own - STANDSTILL)).to.include({ standsStill: false, now: 10_000 });
    expect(await at(own, own - STANDSTILL - 1)).to.include({ standsStill: true, now: own });
  });

  it('goes on where a chain makes blocks only when asked: its next block would be of now', async () => {
    expect(await at(50_000, undefined, 50_000)).to.include({ standsStill: false, now: 50_000 });
  });

  it('is no guess while the chain does not answer', async () => {
    const head = () => Promise.reject(new Error('no answer'));
    const clocks = { now: () => 1, ownClock: () => 1e9, chainMovedAt: () => undefined };
    const asked = emergencyTime({ head, ...clocks });
    const told = await asked.catch((error: unknown) => String(error));
    expect(told).to.equal('Error: no answer');
  });
});
