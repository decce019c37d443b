import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { roleNumber } from '../../src/chain/nodeEvents.ts';
import type { Transport } from '../../src/courier/ports.ts';
import { nodeIdOf } from '../../src/crypto/derivations.ts';
import { deriveKemKeyPair } from '../../src/crypto/hpkeSealing.ts';
import { accountOf } from '../../src/crypto/signatures.ts';
import type { KnownNode } from '../../src/domain/knownNode.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { concat, toHex, uint, ZERO_32 } from '../../src/hash/bytes.ts';
import { hkdf } from '../../src/hash/labelled.ts';
import type { LocalNode } from '../../src/localnet/network.ts';
import type { Self } from '../../src/node/components.ts';
import { type OpenNode, openNode } from '../../src/node/openNode.ts';
import { piecesOf } from '../../src/store/byteStream.ts';
import { openEmbeddedStore } from '../../src/store/embeddedStore.node.ts';
import type { GatewayFetch } from '../../src/store/gatewayClient.ts';
import { HYBRID_SUITE } from '../../src/wire/kemSuite.ts';
import { decide } from './consortium.ts';
import { random, type TestNetwork } from './edgeNetwork.ts';

/** A hospital that the consortium admits while the network runs. The founders are restarted on a line that reaches it. */
export async function admitHospital(network: TestNetwork, name: string): Promise<TestNetwork> {
  const { chain, manifest } = network;
  const secret = random(32);
  const signingKey = hkdf(secret, 'signing-key');
  const account = accountOf(signingKey);
  const nonce = toHex(random(32));
  const kemSeed = hkdf(secret, 'kem-seed');
  const { publicKey } = await deriveKemKeyPair(HYBRID_SUITE, kemSeed);
  const { federationId, networkId, chainId } = manifest;
  const self: Self = {
    nodeId: nodeIdOf(networkId, account, nonce),
    name,
    network: { federationId, networkId, chainId },
    account,
    signingKey,
    keyEpoch: 1,
    kemKeyEpoch: 1,
    kemSeed,
    journalKey: hkdf(secret, 'journal-key'),
  };
  await chain.setBalance(account, 10n ** 21n);
  const { nodeRegistry } = network.hospitals[0]!.open.components.contracts;
  const descriptor = {
    firstSigningKey: account,
    nonce,
    role: roleNumber('recording'),
    kemKey: toHex(concat(uint(publicKey.suite, 1), publicKey.bytes)),
    tlsKeyHash: toHex(hkdf(secret, 'no-tls-in-process')),
    name,
    endpoint: `https://${account}.invalid`,
    licenceHash: ZERO_32,
  };
  const data = nodeRegistry.encode('admit', [descriptor]);
  await decide(network, [{ target: nodeRegistry.address, data }]);

  const nodes: LocalNode[] = [...network.nodes];
  const openAt = (find: (node: LocalNode) => boolean): OpenNode => {
    const node = nodes.find(find);
    if (node?.isRunning === true) return node.open;
    throw new CarelatticeError('PeerUnreachable', 'the node is down', { retryable: true });
  };
  const transport: Transport = {
    exchange: async ({ nodeId }, frame) =>
      openAt((node) => node.self.nodeId === nodeId).courier.receive(frame),
  };
  const fetchFrom =
    ({ nodeId }: KnownNode): GatewayFetch =>
    async (url, init) => {
      const { pathname, searchParams } = new URL(url);
      const answer = await openAt((node) => node.self.nodeId === nodeId).gatewayDoor({
        method: init.method,
        path: pathname,
        query: searchParams,
        headers: init.headers,
        body: init.body,
      });
      const body = answer.body === undefined ? null : piecesOf(answer.body);
      return { status: answer.status, body };
    };
  let open: OpenNode | undefined;
  const directory = join(network.hospitals[0]!.directory, '..', `late-${account}`);
  const late: LocalNode = {
    name,
    role: 'recording',
    self,
    directory,
    get open() {
      if (open === undefined) throw new Error(`${name} is not running`);
      return open;
    },
    get isRunning() {
      return open !== undefined;
    },
    async start(change = {}) {
      await mkdir(directory, { recursive: true });
      open = await openNode({
        role: 'recording',
        self,
        manifest,
        rpc: chain.rpc,
        journal: join(directory, 'journal.sqlite'),
        store: await openEmbeddedStore({ directory: join(directory, 'store') }),
        transport,
        fetchFrom,
        random,
        log: () => undefined,
        ...change,
      });
    },
    async stop() {
      await open?.close();
      open = undefined;
    },
  };
  nodes.push(late);
  for (const node of network.nodes) {
    await node.stop();
    await node.start({ transport, fetchFrom });
  }
  await late.start();

  const step = async (): Promise<number> =>
    (await network.step()) + (late.isRunning ? await late.open.tick() : 0);
  return {
    ...network,
    nodes,
    hospitals: [...network.hospitals, late],
    node: (wanted) => (wanted === name ? late : network.node(wanted)),
    transport: {
      ask: async ({ nodeId }, sealed) =>
        openAt((node) => node.self.nodeId === nodeId).clientDoor(sealed),
    },
    step,
    async settle() {
      for (let i = 0, quiet = 0; quiet < 6; i++) {
        if (i === 500) throw new Error('the network does not come to rest');
        quiet = (await step()) === 0 ? quiet + 1 : 0;
      }
    },
    async close() {
      await late.stop();
      await network.close();
    },
  };
}
