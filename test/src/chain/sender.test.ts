import { expect } from 'chai';
import { Transaction } from 'ethers';
import { headOf } from '../../../src/chain/blocks.ts';
import type { Finality } from '../../../src/chain/finality.ts';
import { rpcFailed } from '../../../src/chain/rpcAnswer.ts';
import type { Rpc } from '../../../src/chain/rpc.ts';
import { createSender } from '../../../src/chain/sender.ts';
import type { Sender } from '../../../src/chain/sender.ts';
import type { SenderOptions, SettleOutcome } from '../../../src/chain/senderOptions.ts';
import { memoryTransactions, newest } from '../../../src/chain/transactionTable.ts';
import type { TransactionTable } from '../../../src/chain/transactionTable.ts';
import { CarelatticeError } from '../../../src/errors.ts';
import type { Hex } from '../../../src/hash/bytes.ts';
import type { LocalChain } from '../../../src/localnet/localChain.ts';
import { startSimulatedChain } from '../../../src/localnet/simulatedChain.ts';
import { smallEdge, storageRequest } from '../localnet/smallEdge.ts';
import type { SmallEdge } from '../localnet/smallEdge.ts';
import { failureOf } from './failureOf.ts';
import { lyingRpc } from './lyingRpc.ts';

describe('The sender of transactions', () => {
  let chain: LocalChain;
  let edge: SmallEdge;
  let clean: unknown;
  let table: TransactionTable;
  /** Raw transactions that reached the node. */
  let broadcasts: string[];

  before(async () => {
    chain = await startSimulatedChain({ chainId: 1001, mining: { kind: 'onCall' } });
    edge = await smallEdge(chain);
    clean = await snapshot();
  });

  after(() => chain.stop());

  beforeEach(() => {
    table = memoryTransactions();
    broadcasts = [];
  });

  afterEach(async () => {
    await chain.rpc.send('evm_revert', [clean]);
    clean = await snapshot();
  });

  const snapshot = () => chain.rpc.send('evm_snapshot', []);

  /** The honest node, with a note of what is broadcast. */
  const noting = (): Rpc => ({
    ...chain.rpc,
    send(method, params, options) {
      if (method === 'eth_sendRawTransaction') broadcasts.push(String(params[0]));
      return chain.rpc.send(method, params, options);
    },
  });

  const senderOf = (change: Partial<SenderOptions> = {}): Sender =>
    createSender({
      rpc: noting(),
      chainId: 1001,
      signer: edge.hospital,
      table,
      finality: { kind: 'instant' },
      abis: edge.contracts.abis,
      ...change,
    });

  const exchange = (): Hex => edge.contracts.exchange.address;

  async function request(sender: Sender, task: string, gas?: number) {
    const { time } = await headOf(chain.rpc);
    const data = storageRequest(edge, task, time);
    return sender.send(task, exchange(), data, gas === undefined ? {} : { gas });
  }

  const told = (outcomes: readonly SettleOutcome[]): readonly string[] =>
    outcomes.map(({ kind, row }) => `${row.task} ${kind}`);

  const requestCount = async (): Promise<bigint> =>
    (await edge.contracts.exchange.call('progress', [], 'latest')).requestCount;

  it('brings a call into a final block and keeps its receipt', async () => {
    const sender = senderOf();
    const sent = await request(sender, 'one');
    expect(sent.state).to.equal('sent');
    expect(told(await sender.settle())).to.deep.equal([]);
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one final']);
    const { number, hash } = await headOf(chain.rpc);
    const row = sender.receiptOf('one');
    expect(row?.state).to.equal('final');
    expect(row?.inclusion).to.deep.include({ block: number, blockHash: hash, hasSucceeded: true });
    expect(row?.inclusion?.gasUsed).to.be.greaterThan(21_000);
    expect(await requestCount()).to.equal(1n);
    expect(await sender.settle()).to.deep.equal([]);
    expect(sender.receiptOf('nothing')).to.equal(undefined);
  });

  it('gives one task one transaction, however often and at once it is sent', async () => {
    const sender = senderOf();
    const rows = await Promise.all([1, 2, 3].map(() => request(sender, 'one')));
    expect(new Set(rows.map(({ nonce }) => nonce)).size).to.equal(1);
    await chain.mine();
    await sender.settle();
    expect((await request(sender, 'one')).state).to.equal('final');
    expect((await request(senderOf(), 'one')).state).to.equal('final');
    expect(await requestCount()).to.equal(1n);
    expect(new Set(broadcasts).size).to.equal(1);
  });

  it('shares the database transaction of its caller', async () => {
    const sender = senderOf();
    const data = storageRequest(edge, 'one', (await headOf(chain.rpc)).time);
    const planned = await sender.plan(exchange(), data);
    expect(sender.store('one', planned).state).to.equal('stored');
    expect(broadcasts).to.deep.equal([]);
    await sender.settle();
    expect(broadcasts).to.have.length(1);
  });

  for (const step of [
    'transaction: stored',
    'transaction: marked sent',
    'transaction: broadcast',
    'transaction: inclusion stored',
  ] as const) {
    it(`loses nothing and doubles nothing when it is stopped at "${step}"`, async () => {
      const kill = new CarelatticeError('Killed', 'the process ended here');
      const dying = senderOf({
        reached: (reached) => {
          if (reached === step) throw kill;
        },
      });
      const attempt = async () => {
        await request(dying, 'one');
        await chain.mine();
        await dying.settle();
      };
      expect(await failureOf(attempt())).to.equal(kill);

      const again = senderOf();
      await request(again, 'one');
      await again.settle();
      await chain.mine();
      await again.settle();
      expect(again.receiptOf('one')?.state).to.equal('final');
      expect(await requestCount()).to.equal(1n);
      expect(new Set(broadcasts).size).to.equal(1);
    });
  }

  it('broadcasts identical bytes after a restart', async () => {
    const sent = await request(senderOf(), 'one');
    await chain.rpc.send('hardhat_dropTransaction', [sent.attempts[0].hash]);
    await senderOf().settle();
    expect(broadcasts).to.deep.equal([sent.attempts[0].raw, sent.attempts[0].raw]);
    await chain.mine();
    expect(told(await senderOf().settle())).to.deep.equal(['one final']);
  });

  it('broadcasts again what the pool of the node has lost', async () => {
    const sender = senderOf();
    const sent = await request(sender, 'one');
    await chain.rpc.send('hardhat_dropTransaction', [sent.attempts[0].hash]);
    await chain.mine();
    await sender.settle();
    expect(broadcasts).to.have.length(2);
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one final']);
  });

  /** Blocks whose base fee is beyond what anybody offered. */
  async function expensiveBlocks(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await chain.rpc.send('hardhat_setNextBlockBaseFeePerGas', [`0x${(10n ** 12n).toString(16)}`]);
      await chain.mine();
    }
  }

  it('replaces at the same nonce, an eighth dearer, what three blocks left out', async () => {
    const sender = senderOf();
    await request(sender, 'one');
    await expensiveBlocks(2);
    expect(told(await sender.settle())).to.deep.equal([]);
    await expensiveBlocks(1);
    expect(told(await sender.settle())).to.deep.equal(['one bumped']);
    const row = sender.receiptOf('one');
    const [first, second] = (row?.attempts ?? []).map(({ raw }) => Transaction.from(raw));
    expect(second?.nonce).to.equal(first?.nonce);
    expect(second?.data).to.equal(first?.data);
    for (const fee of ['maxFeePerGas', 'maxPriorityFeePerGas'] as const) {
      const [old, now] = [first?.[fee] ?? 0n, second?.[fee] ?? 0n];
      expect(now * 8n >= old * 9n, fee).to.equal(true);
    }
    expect(told(await sender.settle())).to.deep.equal([]);
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one final']);
    expect(sender.receiptOf('one')?.inclusion?.hash).to.equal(row && newest(row).hash);
    expect(await requestCount()).to.equal(1n);
  });

  it('replaces the first in line even when its fee looks high enough', async () => {
    const cheap = lyingRpc(noting(), (method, answer) =>
      method === 'eth_getBlockByNumber' && answer !== null && typeof answer === 'object'
        ? { ...answer, baseFeePerGas: '0x1' }
        : answer,
    );
    await request(senderOf(), 'one');
    await request(senderOf(), 'two');
    await expensiveBlocks(3);
    const sender = senderOf({ rpc: cheap });
    await sender.settle();
    expect(told(await sender.settle())).to.deep.equal(['one bumped']);
  });

  it('counts the blocks of its patience from the first broadcast', async () => {
    const sender = senderOf();
    const data = storageRequest(edge, 'one', (await headOf(chain.rpc)).time);
    sender.store('one', await sender.plan(exchange(), data));
    await expensiveBlocks(4);
    await sender.settle();
    expect(told(await sender.settle())).to.deep.equal([]);
    await expensiveBlocks(3);
    expect(told(await sender.settle())).to.deep.equal(['one bumped']);
  });

  it('settles nothing while a row is being broadcast', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asked: string[] = [];
    let onBroadcast = (): void => undefined;
    const isBroadcasting = new Promise<void>((resolve) => {
      onBroadcast = resolve;
    });
    const sender = senderOf({
      rpc: {
        ...chain.rpc,
        async send(method, params, options) {
          asked.push(method);
          if (method === 'eth_sendRawTransaction') {
            onBroadcast();
            await gate;
          }
          return chain.rpc.send(method, params, options);
        },
      },
    });
    const sending = request(sender, 'one');
    await isBroadcasting;
    const before = asked.length;
    const settling = sender.settle();
    await chain.mine();
    expect(asked).to.have.length(before);
    release();
    await sending;
    await settling;
    expect(asked.length).to.be.greaterThan(before);
  });

  it('finds the receipt of an older attempt too', async () => {
    let isLossy = false;
    const sender = senderOf({
      rpc: {
        ...noting(),
        send: (method, params, options) =>
          isLossy && method === 'eth_sendRawTransaction'
            ? Promise.resolve(Transaction.from(String(params[0])).hash)
            : noting().send(method, params, options),
      },
    });
    const sent = await request(sender, 'one');
    await expensiveBlocks(3);
    isLossy = true;
    expect(told(await sender.settle())).to.deep.equal(['one bumped']);
    await chain.rpc.send('hardhat_setNextBlockBaseFeePerGas', ['0x1']);
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one final']);
    expect(sender.receiptOf('one')?.inclusion?.hash).to.equal(sent.attempts[0].hash);
  });

  it('goes no higher than its fee limit, and says so', async () => {
    const sender = senderOf({ feeLimit: 10n ** 11n });
    await request(sender, 'one');
    await expensiveBlocks(3);
    const [outcome] = await sender.settle();
    expect(outcome?.kind === 'waiting' && outcome.error).to.include({
      code: 'FeeLimit',
      retryable: true,
    });
    expect(sender.receiptOf('one')?.attempts).to.have.length(1);
  });

  it('has at most sixteen on the way', async () => {
    const sender = senderOf();
    for (let i = 0; i < 20; i++) await request(sender, `task ${i}`, 200_000);
    expect(broadcasts).to.have.length(16);
    expect(table.open().filter(({ state }) => state === 'stored')).to.have.length(4);
    await sender.settle();
    expect(broadcasts).to.have.length(16);
    await chain.mine();
    await sender.settle();
    expect(broadcasts).to.have.length(20);
    await chain.mine();
    await sender.settle();
    expect(table.open()).to.deep.equal([]);
    expect(await requestCount()).to.equal(20n);
    const nonces = broadcasts.map((raw) => Transaction.from(raw).nonce);
    expect(nonces).to.deep.equal([...nonces].sort((a, b) => a - b));
  });

  it('names the error of the contract before anything is stored', async () => {
    const error = await failureOf(request(senderOf({ signer: edge.registry }), 'one'));
    expect(error.code).to.equal('Reverted');
    expect(error.facts).to.include({ error: 'NotAnsweringNode' });
    expect(table.open()).to.deep.equal([]);
    expect(broadcasts).to.deep.equal([]);
  });

  it('names the error of the contract when the transaction reverts in its block', async () => {
    const sender = senderOf({ signer: edge.registry });
    await request(sender, 'one', 200_000);
    await chain.mine();
    const [outcome] = await sender.settle();
    if (outcome?.kind !== 'reverted') expect.fail(outcome?.kind);
    expect(outcome.error.code).to.equal('Reverted');
    expect(outcome.error.facts).to.include({ task: 'one', error: 'NotAnsweringNode' });
    expect(sender.receiptOf('one')).to.include({ state: 'reverted', reason: 'NotAnsweringNode' });
    await chain.mine();
    expect(await sender.settle()).to.deep.equal([]);
  });

  it('refuses what no node would take', async () => {
    const sender = senderOf();
    const data = storageRequest(edge, 'one', 0);
    const tooMuch = sender.send('gas', exchange(), data, { gas: 2 ** 24 + 1 });
    expect(await failureOf(tooMuch)).to.include({ code: 'TransactionTooLarge' });
    const tooLong = sender.send('bytes', exchange(), `0x${'00'.repeat(128 * 1024)}`);
    expect(await failureOf(tooLong)).to.include({ code: 'TransactionTooLarge' });
    expect(table.open()).to.deep.equal([]);
  });

  it('stops for good when somebody else uses its key', async () => {
    const sender = senderOf();
    await request(sender, 'one');
    await chain.rpc.send('hardhat_dropTransaction', [sender.receiptOf('one')?.attempts[0].hash]);
    const { account } = edge.hospital;
    await chain.rpc.send('eth_sendTransaction', [{ from: account, to: account, gas: '0x5208' }]);
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal([]);
    expect(told(await sender.settle())).to.deep.equal([]);
    expect(await failureOf(sender.settle())).to.include({ code: 'ForeignNonce', retryable: false });
    expect(await failureOf(request(sender, 'two'))).to.include({ code: 'ForeignNonce' });
    expect(broadcasts).to.have.length(1);
  });

  it('sees at its start that an older copy of its journal is not the newest', async () => {
    const sender = senderOf();
    await request(sender, 'one');
    await chain.mine();
    await sender.settle();
    const { account } = edge.hospital;
    await chain.rpc.send('eth_sendTransaction', [{ from: account, to: account, gas: '0x5208' }]);
    await chain.mine();
    expect(await failureOf(request(senderOf(), 'two'))).to.include({ code: 'ForeignNonce' });
  });

  it('begins at the nonce of the chain when its journal is new', async () => {
    await request(senderOf(), 'one');
    await chain.mine();
    table = memoryTransactions();
    const { nonce } = await request(senderOf(), 'two');
    const count = await chain.rpc.send('eth_getTransactionCount', [
      edge.hospital.account,
      'latest',
    ]);
    expect(nonce).to.equal(Number(count));
  });

  it('waits for depth and sends again what a reorganisation dropped', async () => {
    const finality: Finality = { kind: 'depth', blocks: 2 };
    const sender = senderOf({ finality });
    const fork = await snapshot();
    await request(sender, 'one');
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one included']);
    expect(told(await sender.settle())).to.deep.equal([]);
    await chain.rpc.send('evm_revert', [fork]);
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one vanished']);
    expect(broadcasts).to.have.length(2);
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one included']);
    await chain.mine(2);
    expect(told(await sender.settle())).to.deep.equal(['one final']);
    expect(new Set(broadcasts).size).to.equal(1);
    expect(await requestCount()).to.equal(1n);
  });

  it('waits for funds and goes on when they come', async () => {
    const { account } = edge.hospital;
    const sender = senderOf();
    await chain.setBalance(account, 0n);
    await request(sender, 'one', 200_000);
    const [outcome] = await sender.settle();
    expect(outcome?.kind === 'waiting' && outcome.error).to.include({ code: 'NoFunds' });
    await chain.setBalance(account, 10n ** 18n);
    await sender.settle();
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one final']);
  });

  it('closes the nonce of a transaction that no node will take, so that the next ones go on', async () => {
    const isFirst = (raw: string): boolean => {
      const { nonce, data } = Transaction.from(raw);
      return nonce === first && data !== '0x';
    };
    const sender = senderOf({
      rpc: {
        ...noting(),
        send(method, params, options) {
          if (method === 'eth_sendRawTransaction' && isFirst(String(params[0]))) {
            const body = { code: -32000, message: 'exceeds block gas limit' };
            return Promise.reject(rpcFailed(method, 'liar', body));
          }
          return noting().send(method, params, options);
        },
      },
    });
    const first = Number(
      await chain.rpc.send('eth_getTransactionCount', [edge.hospital.account, 'latest']),
    );
    await request(sender, 'one', 200_000);
    await request(sender, 'two', 200_000);
    expect(sender.receiptOf('one')).to.include({
      state: 'closing',
      reason: 'exceeds block gas limit',
    });
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one final', 'two final']);
    expect(sender.receiptOf('one')?.state).to.equal('refused');
    expect(sender.receiptOf('two')?.state).to.equal('final');
    expect(await requestCount()).to.equal(1n);
  });

  it('keeps what it could not broadcast and says later that the chain is unreachable', async () => {
    let isDown = true;
    const down = new CarelatticeError('ChainUnreachable', 'gone', { retryable: true });
    const sender = senderOf({
      rpc: {
        ...noting(),
        send: (method, params, options) =>
          isDown && method === 'eth_sendRawTransaction'
            ? Promise.reject(down)
            : noting().send(method, params, options),
      },
    });
    await request(sender, 'one');
    expect(await failureOf(sender.settle())).to.equal(down);
    isDown = false;
    await sender.settle();
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one final']);
  });

  for (const [what, lie] of [
    ['a block that is not on the chain', { blockHash: `0x${'12'.repeat(32)}` }],
    ['an older block that does not hold it', { blockNumber: '0x1' }],
  ] as const) {
    it(`does not believe a receipt of ${what}`, async () => {
      const sender = senderOf({
        rpc: lyingRpc(noting(), (method, answer) =>
          method === 'eth_getTransactionReceipt' && answer !== null && typeof answer === 'object'
            ? { ...answer, ...lie }
            : answer,
        ),
      });
      await request(sender, 'one');
      await chain.mine();
      expect(told(await sender.settle())).to.deep.equal(['one included']);
      expect(sender.receiptOf('one')?.state).to.equal('included');
    });
  }

  it('refuses the receipt of another transaction', async () => {
    const liar = lyingRpc(noting(), (method, answer) =>
      method === 'eth_getTransactionReceipt' && answer !== null && typeof answer === 'object'
        ? { ...answer, transactionHash: `0x${'12'.repeat(32)}` }
        : answer,
    );
    const sender = senderOf({ rpc: liar });
    await request(sender, 'one');
    await chain.mine();
    expect(await failureOf(sender.settle())).to.include({ code: 'RpcMalformed' });
  });

  it('sends legacy transactions with the chain id where blocks have no base fee', async () => {
    const legacy = lyingRpc(noting(), (method, answer) => {
      if (method !== 'eth_getBlockByNumber' || answer === null || typeof answer !== 'object') {
        return answer;
      }
      return { ...answer, baseFeePerGas: undefined };
    });
    const sender = senderOf({ rpc: legacy });
    await request(sender, 'one');
    expect(Transaction.from(broadcasts[0])).to.include({ type: 0, chainId: 1001n });
    await chain.mine();
    expect(told(await sender.settle())).to.deep.equal(['one final']);
  });

  it('signs nothing with a key that is not of its account', async () => {
    const other = { ...edge.registry, account: edge.hospital.account };
    expect(await failureOf(request(senderOf({ signer: other }), 'one'))).to.include({
      code: 'WrongSigner',
    });
    expect(table.open()).to.deep.equal([]);
  });
});
