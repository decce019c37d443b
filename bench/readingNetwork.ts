import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { roleNumber } from '../src/chain/nodeEvents.ts';
import { enroll } from '../src/client/enrolment/enroll.ts';
import type { Reader } from '../src/client/reading/requestRecords.ts';
import {
  networkOf,
  newWallet,
  type Wallet,
  type WalletNetwork,
} from '../src/client/wallet/wallet.ts';
import { sealWalletKey } from '../src/client/wallet/walletKeys.ts';
import { randomBytes } from '../src/crypto/random.ts';
import { newRecoveryCode } from '../src/crypto/recoveryCode.ts';
import { CarelatticeError } from '../src/errors.ts';
import { CATEGORIES } from '../src/fhir/categories.ts';
import { toHex } from '../src/hash/bytes.ts';
import { type LocalNetwork, type LocalNode, startNetwork } from '../src/localnet/network.ts';
import { waysInto } from '../src/localnet/ways.ts';

/** A small network with one patient at two hospitals and one reader. */
export interface ReadingNetwork {
  readonly network: LocalNetwork;
  readonly writer: LocalNode;
  readonly holder: LocalNode;
  readonly reader: Reader & { readonly name: string };
  readonly enrolled: {
    readonly wallet: Wallet;
    readonly network: WalletNetwork;
    readonly identifiers: { system: string; value: string }[];
  };
  /** Ends it and deletes its files. */
  close(): Promise<void>;
}

export async function startReadingNetwork(): Promise<ReadingNetwork> {
  const directory = await mkdtemp(join(tmpdir(), 'carelattice-bench-'));
  const network = await startNetwork({
    name: 'edge-1001',
    chainId: 1001,
    federationId: toHex(randomBytes(32)),
    networkId: toHex(randomBytes(32)),
    hospitals: ['North', 'South'],
    consensus: ['Consensus node'],
    readers: ['Insurer'],
    directory,
  });
  const reader = network.readers.get('Insurer');
  if (reader === undefined) throw new CarelatticeError('BenchSetUp', 'the benchmark has no reader');
  const [writer, holder] = [network.node('North'), network.node('South')];
  await network.settle();
  const wallet = newWallet(randomBytes);
  await sealWalletKey(wallet, [
    { kind: 'recoveryCode', code: newRecoveryCode(randomBytes) },
    { kind: 'guardians', threshold: 2, guardians: 3 },
  ]);
  const own = networkOf(wallet, network.manifest);
  const identifiers = [{ system: 'urn:bench', value: 'reading' }];
  const ways = await waysInto(network, randomBytes);
  const wishes = [writer, holder].map(({ self }) => {
    const node = ways.nodes.get(self.nodeId);
    if (node === undefined) throw new CarelatticeError('BenchSetUp', 'a node is not on chain');
    return { node, role: roleNumber('recording'), categories: CATEGORIES, identifiers };
  });
  await enroll(wallet, own, ways, wishes);
  await network.settle();
  return {
    network,
    writer,
    holder,
    reader,
    enrolled: { wallet, network: own, identifiers },
    async close() {
      await network.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
