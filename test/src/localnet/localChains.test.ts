import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headOf } from '../../../src/chain/blocks.ts';
import { httpRpc } from '../../../src/chain/httpRpc.ts';
import { requireChainId } from '../../../src/chain/rpc.ts';
import { waitForBlock } from '../../../src/chain/waitForBlock.ts';
import { startAnvilChain } from '../../../src/localnet/anvilChain.ts';
import type { LocalChain, Mining } from '../../../src/localnet/localChain.ts';
import { serveRpc } from '../../../src/localnet/rpcServer.ts';
import { startSimulatedChain } from '../../../src/localnet/simulatedChain.ts';
import { failureOf } from '../chain/failureOf.ts';
import { anvilOrSkip } from './anvilOrSkip.ts';

interface Start {
  readonly chainId: number;
  readonly mining?: Mining;
  readonly port?: number;
}

/** Something else on a port. */
async function squatter(): Promise<{ port: number; server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, server };
}

function behavesLikeALocalChain(start: (options: Start) => Promise<LocalChain>): void {
  let chain: LocalChain | undefined;

  afterEach(async () => {
    await chain?.stop();
    chain = undefined;
  });

  async function pay(from: LocalChain): Promise<void> {
    const [payer, payee] = from.accounts;
    const payment = { from: payer?.account, to: payee?.account, value: '0x1' };
    await from.rpc.send('eth_sendTransaction', [payment]);
  }

  it('has the chain id and the funded accounts that it says', async () => {
    chain = await start({ chainId: 1003 });
    await requireChainId(chain.rpc, 1003);
    const accounts = await chain.rpc.send('eth_accounts', []);
    expect(String(accounts).toLowerCase()).to.equal(
      String(chain.accounts.map(({ account }) => account)),
    );
    await chain.setBalance(chain.accounts[0]?.account ?? '0x', 5n);
    const balance = await chain.rpc.send('eth_getBalance', [chain.accounts[0]?.account, 'latest']);
    expect(BigInt(String(balance))).to.equal(5n);
  });

  it('makes a block for each transaction', async () => {
    chain = await start({ chainId: 1003, mining: { kind: 'perTransaction' } });
    await pay(chain);
    // anvil answers the sender before it has made the block.
    expect(await waitForBlock(chain.rpc, 0, { intervalMs: 10 })).to.equal(1);
  });

  it('makes blocks only when told to, at the time it is given', async () => {
    chain = await start({ chainId: 1003, mining: { kind: 'onCall' } });
    await pay(chain);
    expect((await headOf(chain.rpc)).number).to.equal(0);
    const later = (await headOf(chain.rpc)).time + 86_400;
    await chain.setTime(later);
    await chain.mine();
    expect(await headOf(chain.rpc)).to.include({ number: 1, time: later });
    await chain.mine(3);
    expect((await headOf(chain.rpc)).number).to.equal(4);
  });

  it('makes blocks by itself', async () => {
    chain = await start({ chainId: 1003, mining: { kind: 'interval', seconds: 1 } });
    const { number } = await headOf(chain.rpc);
    expect(await waitForBlock(chain.rpc, number, { intervalMs: 10 })).to.be.greaterThan(number);
  });

  it('refuses a port that fetch does not open', async () => {
    const refused = start({ chainId: 1003, port: 6000 });
    expect(await failureOf(refused)).to.include({ code: 'PortRefused' });
  });

  it('says when something else has the port', async () => {
    const { port, server } = await squatter();
    expect(await failureOf(start({ chainId: 1003, port }))).to.include({ code: 'PortInUse' });
    await new Promise((resolve) => server.close(resolve));
  });

  it('serves on loopback and is gone after it stopped', async () => {
    chain = await start({ chainId: 1003, port: 0 });
    if (chain.url === undefined) expect.fail('no URL');
    const rpc = httpRpc(chain.url);
    await chain.mine();
    expect(await headOf(rpc)).to.deep.equal(await headOf(chain.rpc));
    await chain.stop();
    chain = undefined;
    expect(await failureOf(rpc.send('eth_chainId', []))).to.include({ code: 'ChainUnreachable' });
  });
}

describe('A simulated chain', () => {
  behavesLikeALocalChain(startSimulatedChain);

  it('serves nobody unless it is asked to', async () => {
    const chain = await startSimulatedChain({ chainId: 1003 });
    expect(chain.url).to.equal(undefined);
    await chain.stop();
  });

  it('knows nothing of another one in the same process', async () => {
    const [a, b] = await Promise.all(
      [1001, 1002].map((chainId) => startSimulatedChain({ chainId })),
    );
    await a?.mine(3);
    expect(b && (await headOf(b.rpc)).number).to.equal(0);
    await Promise.all([a?.stop(), b?.stop()]);
  });

  it('answers reverts, batches and nonsense over its port as in process', async () => {
    const server = await serveRpc({
      request: ({ method }) =>
        method === 'good'
          ? Promise.resolve('0x1')
          : Promise.reject(Object.assign(new Error('reverted'), { code: 3, data: '0x12' })),
    });
    const answers = await httpRpc(server.url).batch(
      ['good', 'bad'].map((method) => ({ method, params: [] })),
    );
    expect(answers.map(({ ok }) => ok)).to.deep.equal([true, false]);
    const nonsense = await fetch(server.url, { method: 'POST', body: '<html>' });
    expect(nonsense.status).to.equal(400);
    expect(await nonsense.text()).to.contain('-32700');
    await server.close();
  });
});

describe('An anvil chain', () => {
  before(function () {
    anvilOrSkip(this);
  });

  behavesLikeALocalChain(startAnvilChain);

  it('keeps its blocks in its state file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'carelattice-anvil-'));
    const stateFile = join(folder, 'state.json');
    const options = { chainId: 1003, mining: { kind: 'onCall' }, stateFile } as const;
    const first = await startAnvilChain(options);
    await first.mine(5);
    const head = await headOf(first.rpc);
    await first.stop();
    const second = await startAnvilChain(options);
    expect(await headOf(second.rpc)).to.deep.equal(head);
    await second.stop();
    await rm(folder, { recursive: true });
  });

  it('takes no transaction above 2^24 gas', async () => {
    const chain = await startAnvilChain({ chainId: 1003 });
    const [payer] = chain.accounts;
    const call = { from: payer?.account, to: payer?.account, gas: '0x1000001' };
    expect(await failureOf(chain.rpc.send('eth_sendTransaction', [call]))).to.include({
      code: 'RpcFailed',
    });
    await chain.stop();
  });
});
