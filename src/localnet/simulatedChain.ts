import { CarelatticeError } from '../errors.ts';
import { providerRpc } from '../chain/rpc.ts';
import type { Eip1193Provider } from '../chain/rpc.ts';
import { toQuantity } from '../chain/quantity.ts';
import { localAccounts, MNEMONIC } from './localChain.ts';
import type { LocalChain, Mining } from './localChain.ts';
import { serveRpc } from './rpcServer.ts';
import { requireUsablePort } from './freePort.ts';

export interface SimulatedChainOptions {
  readonly chainId: number;
  /** Default: a block per transaction. */
  readonly mining?: Mining;
  /** Funded accounts. Default 20. */
  readonly accounts?: number;
  /** Serve it on this loopback port, 0 for any free one; default: in this process only. */
  readonly port?: number;
}

/**
 * Starts a chain in this process (Hardhat's simulated network): no port, no file, forgotten when it stops.
 * @throws `HardhatMissing`, `PortRefused`, `PortInUse`
 */
export async function startSimulatedChain(options: SimulatedChainOptions): Promise<LocalChain> {
  const { chainId, mining = { kind: 'perTransaction' }, accounts = 20, port } = options;
  if (port !== undefined) requireUsablePort(port);
  const { network } = await importHardhat();
  const connection = await network.create({
    network: 'edge',
    override: {
      chainId,
      accounts: { mnemonic: MNEMONIC, count: accounts },
      mining: {
        auto: mining.kind === 'perTransaction',
        interval: mining.kind === 'interval' ? Math.ceil(mining.seconds * 1000) : 0,
      },
    },
  });
  const provider: Eip1193Provider = {
    request: ({ method, params }) =>
      connection.provider.request(
        params === undefined ? { method } : { method, params: [...params] },
      ),
  };
  const server = port === undefined ? undefined : await serveRpc(provider, port);
  const rpc = providerRpc(provider, `simulated chain ${chainId}`);
  return {
    chainId,
    rpc,
    url: server?.url,
    accounts: localAccounts(accounts),
    async mine(blocks = 1) {
      for (let i = 0; i < blocks; i++) await rpc.send('evm_mine', []);
    },
    async setTime(seconds) {
      await rpc.send('evm_setNextBlockTimestamp', [seconds]);
    },
    async setBalance(account, wei) {
      await rpc.send('hardhat_setBalance', [account, toQuantity(wei)]);
    },
    async stop() {
      await server?.close();
      await connection.close();
    },
  };
}

/** Hardhat is a development tool: the package works without it, the simulated chain does not. */
async function importHardhat() {
  try {
    return await import('hardhat');
  } catch (cause) {
    throw new CarelatticeError(
      'HardhatMissing',
      'run npm ci in the checkout: the simulated chain needs Hardhat',
      {
        cause,
      },
    );
  }
}
