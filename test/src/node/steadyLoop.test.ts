import { expect } from 'chai';
import { CarelatticeError } from '../../../src/errors.ts';
import { createAlarmClock } from '../../../src/node/alarmClock.ts';
import { keepTrying, type NodeState } from '../../../src/node/steadyLoop.ts';
import { codeOf } from '../../support/codeOf.ts';

const fault = (code: string): CarelatticeError => new CarelatticeError(code, 'a fault of the test');

/** Plays a list of what each check and step does; ends by itself when the list is over. */
async function play(steps: readonly (string | number)[], checks: readonly string[] = []) {
  const stop = new AbortController();
  const told: string[] = [];
  const states: NodeState[] = [];
  const waits: number[] = [];
  const [restSteps, restChecks] = [[...steps], [...checks]];
  const code = await codeOf(() =>
    keepTrying({
      signal: stop.signal,
      pollMs: 500,
      clock: {
        ring: () => undefined,
        async wait(ms) {
          waits.push(ms);
          if (restSteps.length === 0) stop.abort();
        },
      },
      async check() {
        told.push('check');
        const next = restChecks.shift();
        if (next !== undefined && next !== '') throw fault(next);
      },
      async step() {
        told.push('step');
        const next = restSteps.shift() ?? 0;
        if (typeof next === 'string') throw fault(next);
        return next;
      },
      chainTime: () => Date.now() / 1000,
      entered: (state) => states.push(state),
    }),
  );
  return { code, told, states, waits };
}

describe('The loop of a running node', () => {
  it('checks the chain once, then steps, sooner when there was something to do', async () => {
    const { told, states, waits, code } = await play([0, 3, 0]);
    expect(told).to.deep.equal(['check', 'step', 'step', 'step']);
    expect([states, code]).to.deep.equal([['ready'], 'none']);
    expect(waits).to.deep.equal([500, 50, 500]);
  });

  it('waits longer after each fault of the chain, and checks the chain anew after it', async () => {
    const faults = Array.from({ length: 8 }, () => 'ChainUnreachable');
    const { told, states, waits } = await play([...faults, 0]);
    expect(waits).to.deep.equal([500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 500]);
    expect(told.filter((one) => one === 'check')).to.have.length(9);
    expect(new Set(states.slice(0, -1))).to.deep.equal(new Set(['chain unreachable']));
    expect(states.at(-1)).to.equal('ready');
  });

  it('bears a fault that it does not know, and says so', async () => {
    const { states, code } = await play(['Whatever', 0]);
    expect([states, code]).to.deep.equal([['failing', 'ready'], 'none']);
  });

  it('ends with what waiting does not mend', async () => {
    for (const fatal of ['WrongChain', 'StaleManifest', 'NoContractCode', 'NotAdmitted']) {
      expect((await play([0], [fatal])).code).to.equal(fatal);
    }
    expect((await play([0, 'ForeignNonce', 0])).code).to.equal('ForeignNonce');
  });

  it('tells a chain begun anew by its own name', async () => {
    expect((await play([0, 'ChainRewritten'], ['', 'StaleManifest'])).code).to.equal(
      'StaleManifest',
    );
    expect((await play([0, 'ChainRewritten'])).code).to.equal('ChainRewritten');
    expect((await play([0, 'ChainRewritten'], ['', 'ChainUnreachable'])).code).to.equal(
      'ChainRewritten',
    );
  });

  it('says when the chain stands still', async () => {
    const stop = new AbortController();
    const states: NodeState[] = [];
    await keepTrying({
      signal: stop.signal,
      pollMs: 500,
      clock: { ring: () => undefined, wait: async () => stop.abort() },
      check: async () => undefined,
      step: async () => 0,
      chainTime: () => Date.now() / 1000 - 400,
      entered: (state) => states.push(state),
    });
    expect(states).to.deep.equal(['chain behind']);
  });
});

describe('An alarm clock', () => {
  it('ends a wait when it is rung, also before the wait begins, and when the signal aborts', async () => {
    const clock = createAlarmClock();
    const stop = new AbortController();
    const waiting = clock.wait(60_000, stop.signal);
    clock.ring();
    await waiting;
    clock.ring();
    await clock.wait(60_000, stop.signal);
    const last = clock.wait(60_000, stop.signal);
    stop.abort();
    await last;
    await clock.wait(60_000, stop.signal);
  });
});
