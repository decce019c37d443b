import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { roleNumber } from '../src/chain/nodeEvents.ts';
import { enroll } from '../src/client/enrolment/enroll.ts';
import { networkOf, newWallet } from '../src/client/wallet/wallet.ts';
import { sealWalletKey } from '../src/client/wallet/walletKeys.ts';
import { randomBytes } from '../src/crypto/random.ts';
import { newRecoveryCode } from '../src/crypto/recoveryCode.ts';
import type { KnownNode } from '../src/domain/knownNode.ts';
import { CarelatticeError } from '../src/errors.ts';
import { CATEGORIES } from '../src/fhir/categories.ts';
import { createValidatorPool } from '../src/fhir/validatorPool.node.ts';
import { type Hex, toHex } from '../src/hash/bytes.ts';
import { labelledHash } from '../src/hash/labelled.ts';
import type { AuthoredRecord } from '../src/journal/authorTables.ts';
import { type LocalNetwork, type LocalNode, startNetwork } from '../src/localnet/network.ts';
import { fhirReader } from '../src/node/recording/fhirReader.ts';
import { submit } from '../src/node/recording/submit.ts';

/** Somebody whose records are shared: her identifiers, and the hospitals (by place) that hold her. */
export interface BenchPerson {
  readonly identifiers: readonly { system: string; value: string }[];
  readonly hospitals: readonly number[];
}

export interface StoredRecord {
  readonly record: AuthoredRecord;
  readonly person: BenchPerson;
}

/** A whole edge network in this process, for measuring shared storage from bundle to settlement. */
export interface StorageNetwork {
  readonly network: LocalNetwork;
  readonly directory: string;
  readonly records: readonly StoredRecord[];
  /** A hospital takes a FHIR bundle: checked, sealed, in its store. */
  handIn(person: BenchPerson, hospital: number, bundle: Uint8Array): Promise<void>;
  /** Steps until every request is settled, nobody is outstanding and nobody has anything to do. @throws `NetworkRestless` */
  settle(): Promise<void>;
  /** Ends nodes and chain, which empties the nodes' logs into their files. */
  close(): Promise<void>;
  /** Deletes the nodes' files. */
  remove(): Promise<void>;
}

const STEPS = 400;
/** Long lists travel in several rounds; a range is settled as soon as all have settled it, so this adds no waiting. */
const ANSWER_ROUNDS = 32;
/** Enrolments between two steps: their messages go into one transaction. */
const PEOPLE_AT_ONCE = 16;

/** Hospitals and two consensus nodes; all these people enrolled on chain. */
export async function startStorageNetwork(
  nodes: number,
  people: readonly BenchPerson[],
): Promise<StorageNetwork> {
  const directory = await mkdtemp(join(tmpdir(), 'carelattice-bench-'));
  const pool = createValidatorPool();
  const read = fhirReader((bundle) => pool.validate(bundle));
  const network = await startNetwork({
    name: 'edge-1001',
    chainId: 1001,
    federationId: toHex(labelledHash('federation', 'bench')),
    networkId: toHex(labelledHash('network', 'bench')),
    hospitals: Array.from({ length: nodes }, (_, i) => `Hospital ${i + 1}`),
    consensus: ['Consensus node', 'Standby'],
    directory,
    windows: { answerRounds: ANSWER_ROUNDS },
  });
  await network.settle();
  for (const [index, person] of people.entries()) {
    await enrollOne(network, person);
    if (index % PEOPLE_AT_ONCE === PEOPLE_AT_ONCE - 1) await network.step();
  }
  await network.settle();
  const records: StoredRecord[] = [];
  let serial = 0;
  let isClosed = false;
  return {
    network,
    directory,
    records,
    async handIn(person, hospital, bundle) {
      const { components } = hospitalAt(network, hospital).open;
      const accepted = await submit(components, read, bundle, `bundle ${++serial}`);
      records.push(...accepted.records.map((record) => ({ record, person })));
    },
    settle: () => settleAll(network),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await network.close();
      await pool.close();
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

export function hospitalAt(network: LocalNetwork, place: number): LocalNode {
  const node = network.hospitals[place];
  if (node === undefined) throw setUp('no such hospital');
  return node;
}

const setUp = (what: string): CarelatticeError =>
  new CarelatticeError('BenchSetUp', `the benchmark cannot set up its network: ${what}`);

async function enrollOne(network: LocalNetwork, person: BenchPerson): Promise<void> {
  const wallet = newWallet(randomBytes);
  const code = newRecoveryCode(randomBytes);
  const guardians = { kind: 'guardians', threshold: 2, guardians: 3 } as const;
  await sealWalletKey(wallet, [{ kind: 'recoveryCode', code }, guardians]);
  const any = network.nodes[0]?.open.components;
  const nodes = new Map<Hex, KnownNode>(any?.nodes.all().map((node) => [node.nodeId, node]));
  const known = (nodeId: Hex | undefined): KnownNode => {
    const node = nodes.get(nodeId ?? '0x');
    if (node === undefined) throw setUp('a node is not on chain');
    return node;
  };
  const wishes = person.hospitals.map((place) => ({
    node: known(hospitalAt(network, place).self.nodeId),
    role: roleNumber('recording'),
    categories: CATEGORIES,
    identifiers: [...person.identifiers],
  }));
  const client = {
    transport: network.transport,
    consensus: known(any?.active()?.nodeId),
    nodes,
    categories: CATEGORIES,
    random: randomBytes,
  };
  await enroll(wallet, networkOf(wallet, network.manifest), client, wishes);
}

async function settleAll(network: LocalNetwork): Promise<void> {
  for (let i = 0; i < STEPS; i++) {
    const done = await network.step();
    if (done === 0 && isSettled(network)) return;
  }
  throw new CarelatticeError('NetworkRestless', 'the network does not come to rest', {
    facts: { steps: STEPS },
  });
}

const isSettled = (network: LocalNetwork): boolean =>
  network.hospitals.every(({ open, self }) => {
    const { seen, author } = open.components;
    const last = seen.lastRequest();
    const own = Array.from({ length: last }, (_, i) => i + 1).filter(
      (request) => seen.request(request)?.nodeId === self.nodeId,
    );
    return (
      seen.lastSettled() === last &&
      author.waitingRecords(1).length === 0 &&
      own.every((request) => author.holderCount(request)?.outstanding === 0)
    );
  });
