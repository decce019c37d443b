import { expect } from 'chai';
import { headOf } from '../../../src/chain/blocks.ts';
import { startCursor } from '../../../src/chain/cursor.ts';
import type { Cursor } from '../../../src/chain/cursor.ts';
import type { EdgeEvent } from '../../../src/chain/edgeEvents.ts';
import { eventStream } from '../../../src/chain/eventStream.ts';
import type { EventStream } from '../../../src/chain/eventStream.ts';
import { createSender } from '../../../src/chain/sender.ts';
import type { Sender } from '../../../src/chain/sender.ts';
import { memoryTransactions } from '../../../src/chain/transactionTable.ts';
import { startAnvilChain } from '../../../src/localnet/anvilChain.ts';
import type { LocalChain } from '../../../src/localnet/localChain.ts';
import { anvilOrSkip } from '../localnet/anvilOrSkip.ts';
import { hash, smallEdge, storageRequest } from '../localnet/smallEdge.ts';
import type { SmallEdge } from '../localnet/smallEdge.ts';

const DEPTH = 6;

describe('Stream and sender on anvil', () => {
  let chain: LocalChain;
  let edge: SmallEdge;
  let sender: Sender;
  let stream: EventStream;

  before(function () {
    anvilOrSkip(this);
  });

  beforeEach(async () => {
    chain = await startAnvilChain({ chainId: 1001, mining: { kind: 'onCall' } });
    edge = await smallEdge(chain);
    const finality = { kind: 'depth', blocks: DEPTH } as const;
    const { abis, eventSources } = edge.contracts;
    const { rpc } = chain;
    const table = memoryTransactions();
    sender = createSender({ rpc, chainId: 1001, signer: edge.hospital, table, finality, abis });
    stream = eventStream({ rpc, sources: eventSources, finality });
  });

  afterEach(() => chain?.stop());

  async function request(name: string): Promise<void> {
    const { time } = await headOf(chain.rpc);
    await sender.send(name, edge.contracts.exchange.address, storageRequest(edge, name, time));
  }

  async function readFrom(cursor: Cursor) {
    const events: EdgeEvent[] = [];
    let next = cursor;
    for (;;) {
      const outcome = await stream.poll(next);
      if (outcome.kind !== 'events') return { events, cursor: next, outcome };
      events.push(...outcome.events);
      next = outcome.cursor;
    }
  }

  const batchesOf = (events: readonly EdgeEvent[]): readonly string[] =>
    events.flatMap((event) => (event.name === 'StorageRequested' ? [event.args.batchRoot] : []));

  for (const depth of [1, 5]) {
    it(`survives a reorganisation of depth ${depth} that drops a transaction`, async () => {
      await chain.mine(DEPTH);
      await request('one');
      await chain.mine(depth);
      await sender.settle();
      const old = await readFrom(startCursor(edge.manifest.deployBlock));
      expect(batchesOf(old.events)).to.deep.equal([hash('batch one')]);

      await chain.rpc.send('anvil_reorg', [depth, []]);
      const { outcome } = await readFrom(old.cursor);
      if (outcome.kind !== 'reorg') expect.fail(outcome.kind);
      expect(outcome.dropped).to.have.length(depth);

      expect((await sender.settle()).map(({ kind }) => kind)).to.deep.equal(['vanished']);
      await chain.mine(DEPTH + 1);
      expect((await sender.settle()).map(({ kind }) => kind)).to.deep.equal(['final']);
      const { events } = await readFrom(outcome.cursor);
      expect(batchesOf(events)).to.deep.equal([hash('batch one')]);
      const progress = await edge.contracts.exchange.call('progress', [], 'latest');
      expect(progress.requestCount).to.equal(1n);
    });
  }

  it('takes a node that was rolled back for lagging until other blocks come', async () => {
    await chain.mine(20);
    const { cursor } = await readFrom(startCursor(edge.manifest.deployBlock));
    await chain.rpc.send('anvil_rollback', [10]);
    expect((await stream.poll(cursor)).kind).to.equal('lagging');
    await chain.setTime((await headOf(chain.rpc)).time + 1_000);
    await chain.mine();
    const outcome = await stream.poll(cursor);
    expect(outcome.kind).to.equal('reorg');
  });

  it('says when the chain was rolled back below the window', async () => {
    await chain.mine(100);
    const { cursor } = await readFrom(startCursor(edge.manifest.deployBlock));
    await chain.rpc.send('anvil_rollback', [80]);
    expect((await stream.poll(cursor)).kind).to.equal('lagging');
    await chain.setTime((await headOf(chain.rpc)).time + 1_000);
    await chain.mine(90);
    expect((await stream.poll(cursor)).kind).to.equal('tooDeep');
  });

  it('sees finality behind the head by the tag of the client', async () => {
    await chain.mine(10);
    const { eventSources: sources } = edge.contracts;
    const tagged = eventStream({
      rpc: chain.rpc,
      sources,
      finality: { kind: 'tag', tag: 'finalized' },
    });
    const { number } = await headOf(chain.rpc);
    expect((await tagged.finalBlock())?.number).to.equal(number - 2);
  });
});
