import { expect } from 'chai';
import { headOf } from '../../../src/chain/blocks.ts';
import { cursorSchema, startCursor } from '../../../src/chain/cursor.ts';
import type { Cursor } from '../../../src/chain/cursor.ts';
import type { EdgeEvent } from '../../../src/chain/edgeEvents.ts';
import { eventStream } from '../../../src/chain/eventStream.ts';
import type { EventStream, PollOptions, PollOutcome } from '../../../src/chain/eventStream.ts';
import type { Finality } from '../../../src/chain/finality.ts';
import type { Rpc } from '../../../src/chain/rpc.ts';
import { rpcFailed } from '../../../src/chain/rpcAnswer.ts';
import { CarelatticeError } from '../../../src/errors.ts';
import type { LocalChain } from '../../../src/localnet/localChain.ts';
import { startSimulatedChain } from '../../../src/localnet/simulatedChain.ts';
import { hash, smallEdge, storageRequest } from '../localnet/smallEdge.ts';
import type { SmallEdge } from '../localnet/smallEdge.ts';
import { failureOf } from './failureOf.ts';
import { lyingRpc } from './lyingRpc.ts';
import type { Lie } from './lyingRpc.ts';

describe('The stream of events', () => {
  let chain: LocalChain;
  let edge: SmallEdge;
  let clean: unknown;

  before(async () => {
    chain = await startSimulatedChain({ chainId: 1001, mining: { kind: 'onCall' } });
    edge = await smallEdge(chain);
    clean = await snapshot();
  });

  after(() => chain.stop());

  afterEach(async () => {
    await chain.rpc.send('evm_revert', [clean]);
    clean = await snapshot();
  });

  const snapshot = () => chain.rpc.send('evm_snapshot', []);
  const start = (): Cursor => startCursor(edge.manifest.deployBlock);

  function streamOf(finality: Finality = { kind: 'instant' }, rpc: Rpc = chain.rpc): EventStream {
    return eventStream({ rpc, sources: edge.contracts.eventSources, finality, intervalMs: 5 });
  }

  const through = (lie: Lie): EventStream => streamOf(undefined, lyingRpc(chain.rpc, lie));

  /** Requests of these names, a block for each. */
  async function request(...names: string[]): Promise<void> {
    for (const name of names) {
      const { time } = await headOf(chain.rpc);
      const call = {
        from: edge.hospital.account,
        to: edge.contracts.exchange.address,
        data: storageRequest(edge, name, time),
      };
      await chain.rpc.send('eth_sendTransaction', [call]);
      await chain.mine();
    }
  }

  const batchesOf = (events: readonly EdgeEvent[]): readonly string[] =>
    events.flatMap((event) => (event.name === 'StorageRequested' ? [event.args.batchRoot] : []));

  /** Polls to the end; the events on the way and the last outcome. */
  async function readAll(stream: EventStream, from: Cursor, options?: PollOptions) {
    const events: EdgeEvent[] = [];
    let cursor = from;
    let last: PollOutcome;
    for (;;) {
      last = await stream.poll(cursor, options);
      if (last.kind !== 'events') return { events, cursor, last };
      events.push(...last.events);
      cursor = last.cursor;
    }
  }

  it('tells every event in the order of the chain, with its place', async () => {
    await request('one', 'two');
    const { events, last } = await readAll(streamOf(), start());
    expect(last.kind).to.equal('quiet');
    const names = events.map(({ name }) => name);
    expect(names.filter((name) => name === 'NodeAdmitted')).to.have.length(2);
    expect(names.indexOf('ProposalExecuted')).to.be.lessThan(names.indexOf('NodeAdmitted'));
    expect(batchesOf(events)).to.deep.equal([hash('batch one'), hash('batch two')]);
    const event = events.at(-1);
    const head = await headOf(chain.rpc);
    expect(event).to.deep.include({
      contract: 'RecordExchange',
      block: head.number,
      blockHash: head.hash,
      time: head.time,
      logIndex: 0,
      from: edge.hospital.account,
    });
    if (event?.name !== 'StorageRequested') expect.fail('no request');
    expect(event.args).to.deep.equal({
      request: 2n,
      position: 0n,
      batchRoot: hash('batch two'),
      queryDigest: hash('query two'),
      paddedCount: 16n,
      tagEpoch: BigInt(Math.floor(head.time / 86_400)),
    });
  });

  it('decodes texts, keys and accounts of an admission', async () => {
    const { events } = await readAll(streamOf(), start());
    const admitted = events.find(({ name }) => name === 'NodeAdmitted');
    if (admitted?.name !== 'NodeAdmitted') expect.fail('nobody admitted');
    expect(admitted.args).to.include({
      nodeId: edge.nodeIds[0],
      signingKey: edge.hospital.account,
      name: 'hospital',
      endpoint: 'https://hospital.example',
      kemKey: `0x${'ab'.repeat(1216)}`,
    });
  });

  it('goes on from a stored cursor without a gap and without a repetition', async () => {
    await request('one');
    const first = await readAll(streamOf(), start());
    await request('two', 'three');
    const stored: unknown = JSON.parse(JSON.stringify(first.cursor));
    const second = await readAll(streamOf(), cursorSchema.parse(stored));
    expect(batchesOf(second.events)).to.deep.equal([hash('batch two'), hash('batch three')]);
    expect(() => cursorSchema.parse({ next: 1, window: [{ number: 1, hash: '0x' }] })).to.throw();
  });

  it('reads the same events page by page as at once', async () => {
    await chain.mine(150);
    await request('one', 'two');
    await chain.mine(150);
    const paged = eventStream({
      rpc: chain.rpc,
      sources: edge.contracts.eventSources,
      finality: { kind: 'instant' },
      maxRange: 7,
    });
    const pages = await readAll(paged, start());
    const whole = await readAll(streamOf(), start());
    expect(pages.events).to.deep.equal(whole.events);
    expect(batchesOf(pages.events)).to.have.length(2);
    expect(pages.cursor.window).to.deep.equal(whole.cursor.window);
    expect(whole.cursor.window).to.have.length(64);
  });

  it('asks for fewer blocks when the node refuses so many', async () => {
    await chain.mine(200);
    await request('one');
    await chain.mine(100);
    let refusals = 0;
    const stingy = through((method, answer, params) => {
      if (method !== 'eth_getLogs') return answer;
      const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }]; // our own call
      if (Number(toBlock) - Number(fromBlock) < 10) return answer;
      refusals += 1;
      throw rpcFailed(method, 'liar', { code: -32005, message: 'query returned too many results' });
    });
    expect(batchesOf((await readAll(stingy, start())).events)).to.deep.equal([hash('batch one')]);
    expect(refusals).to.be.greaterThan(0);
  });

  it('throws what the node refuses for a single block', async () => {
    const broken = through((method, answer) => {
      if (method !== 'eth_getLogs') return answer;
      throw rpcFailed(method, 'liar', { code: -32000, message: 'database is corrupt' });
    });
    expect(await failureOf(broken.poll(start()))).to.include({ code: 'RpcFailed' });
  });

  for (const depth of [1, 5]) {
    it(`tells a reorganisation of depth ${depth} as a value and reads the new blocks`, async () => {
      const before = await headOf(chain.rpc);
      const fork = await snapshot();
      await request(...Array.from({ length: depth }, (_, i) => `old ${i}`));
      const old = await readAll(streamOf(), start());
      await chain.rpc.send('evm_revert', [fork]);
      await request(...Array.from({ length: depth + 1 }, (_, i) => `new ${i}`));

      const outcome = await streamOf().poll(old.cursor);
      if (outcome.kind !== 'reorg') expect.fail(outcome.kind);
      expect(outcome.commonAncestor).to.deep.equal({ number: before.number, hash: before.hash });
      expect(outcome.dropped.map(({ number }) => number)).to.deep.equal(
        Array.from({ length: depth }, (_, i) => before.number + 1 + i),
      );
      const { events } = await readAll(streamOf(), outcome.cursor);
      expect(batchesOf(events)).to.deep.equal(
        Array.from({ length: depth + 1 }, (_, i) => hash(`batch new ${i}`)),
      );
    });
  }

  it('tells a reorganisation at the same height and at a lower one', async () => {
    const fork = await snapshot();
    await request('old 1', 'old 2');
    const { cursor } = await readAll(streamOf(), start());
    await chain.rpc.send('evm_revert', [fork]);
    await request('new 1');
    expect((await streamOf().poll(cursor)).kind).to.equal('reorg');
    await request('new 2');
    expect((await streamOf().poll(cursor)).kind).to.equal('reorg');
  });

  it('takes a node that is only behind for lagging, not for a reorganisation', async () => {
    const behind = await headOf(chain.rpc);
    const fork = await snapshot();
    await request('one', 'two');
    const { cursor } = await readAll(streamOf(), start());
    await chain.rpc.send('evm_revert', [fork]);
    expect(await streamOf().poll(cursor)).to.deep.equal({
      kind: 'lagging',
      head: { number: behind.number, hash: behind.hash },
      next: cursor.next,
    });
  });

  it('stops at a reorganisation deeper than its window', async () => {
    const { cursor } = await readAll(streamOf(), start());
    const window = cursor.window.map(({ number }) => ({ number, hash: hash(`other ${number}`) }));
    const outcome = await streamOf().poll({ ...cursor, window });
    expect(outcome).to.deep.equal({ kind: 'tooDeep', oldest: window[0] });
    await request('one');
    expect((await streamOf().poll({ ...cursor, window })).kind).to.equal('tooDeep');
  });

  it('follows the chain far below the head, too', async () => {
    const { cursor } = await readAll(streamOf(), start());
    await chain.mine(200);
    const window = cursor.window.map(({ number }) => ({ number, hash: hash(`other ${number}`) }));
    expect((await streamOf().poll({ ...cursor, window })).kind).to.equal('tooDeep');
    const endless = through((method, answer, params) =>
      method === 'eth_getBlockByNumber' && params[0] !== 'latest' && params[1] === false
        ? null
        : answer,
    );
    expect(await endless.poll(start())).to.deep.include({ kind: 'quiet', cursor: start() });
  });

  it('delivers nothing when the chain moves while a page is read', async () => {
    await request('one');
    const moving = through((method, answer) =>
      method === 'eth_getBlockByNumber' && answer !== null && typeof answer === 'object'
        ? { ...answer, parentHash: hash('another parent') }
        : answer,
    );
    const { cursor } = await readAll(streamOf(), start(), { toBlock: edge.manifest.deployBlock });
    const outcome = await moving.poll(cursor);
    expect(outcome).to.deep.include({ kind: 'quiet', cursor });
  });

  it('does not pass a block whose logs the node does not have yet', async () => {
    const { cursor } = await readAll(streamOf(), start());
    await request('one');
    const { number } = await headOf(chain.rpc);
    const unready = through((method, answer) => (method === 'eth_getLogs' ? [] : answer));
    const outcome = await unready.poll(cursor);
    expect(outcome).to.deep.include({ kind: 'logsMissing', block: number });
    expect(batchesOf((await readAll(streamOf(), cursor)).events)).to.have.length(1);
  });

  for (const [what, change] of [
    ['of another block', { blockHash: hash('elsewhere') }],
    ['of a transaction that is not in the block', { transactionHash: hash('nothing') }],
    ['that was removed', { removed: true }],
  ] as const) {
    it(`delivers no log ${what}`, async () => {
      const { cursor } = await readAll(streamOf(), start());
      await request('one');
      const liar = through((method, answer) =>
        method === 'eth_getLogs' && Array.isArray(answer)
          ? answer.map((log: object) => ({ ...log, ...change }))
          : answer,
      );
      expect(await liar.poll(cursor)).to.deep.include({ kind: 'quiet', cursor });
    });
  }

  it('refuses a log that does not fit the ABI', async () => {
    const { cursor } = await readAll(streamOf(), start());
    await request('one');
    const liar = through((method, answer) =>
      method === 'eth_getLogs' && Array.isArray(answer)
        ? answer.map((log: object) => ({ ...log, data: '0x1234' }))
        : answer,
    );
    expect(await failureOf(liar.poll(cursor))).to.include({ code: 'RpcMalformed' });
  });

  it('reads only to the final block when asked to, and says where that is', async () => {
    await request('one', 'two', 'three');
    const head = await headOf(chain.rpc);
    const deep = streamOf({ kind: 'depth', blocks: 2 });
    const { events, cursor, last } = await readAll(deep, start(), { toBlock: 'final' });
    expect(batchesOf(events)).to.deep.equal([hash('batch one')]);
    expect(cursor.next).to.equal(head.number - 1);
    expect(last.kind === 'quiet' && last.final?.number).to.equal(head.number - 2);
    expect((await deep.finalBlock())?.number).to.equal(head.number - 2);
    const young = streamOf({ kind: 'depth', blocks: head.number + 1 });
    expect(await young.finalBlock()).to.equal(undefined);
    const tagged = streamOf({ kind: 'tag', tag: 'finalized' });
    expect((await tagged.finalBlock())?.number).to.equal(head.number);
  });

  it('waits for blocks and ends with the reason of the caller', async () => {
    const stop = new AbortController();
    const { cursor } = await readAll(streamOf(), start());
    const seen: string[] = [];
    const stopping = new CarelatticeError('Stopping', 'the node stops');
    const reading = (async () => {
      for await (const outcome of streamOf().stream(cursor, { signal: stop.signal })) {
        if (outcome.kind === 'events') seen.push(...batchesOf(outcome.events));
        if (seen.length === 2) stop.abort(stopping);
      }
    })();
    await request('one', 'two');
    expect(await failureOf(reading)).to.equal(stopping);
    expect(seen).to.deep.equal([hash('batch one'), hash('batch two')]);
  });

  it('ends at a numbered block', async () => {
    await request('one', 'two');
    const { number } = await headOf(chain.rpc);
    const seen: string[] = [];
    for await (const outcome of streamOf().stream(start(), { toBlock: number - 1 })) {
      if (outcome.kind === 'events') seen.push(...batchesOf(outcome.events));
    }
    expect(seen).to.deep.equal([hash('batch one')]);
  });
});
