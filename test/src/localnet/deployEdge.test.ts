import { expect } from 'chai';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { edgeContracts } from '../../../src/chain/contracts.ts';
import { verifyManifest } from '../../../src/chain/manifest.ts';
import { loadManifest } from '../../../src/chain/manifestFile.ts';
import { agreementOf, proposalDigest } from '../../../src/chain/proposal.ts';
import { loadConfig } from '../../../src/config/nodeConfig.ts';
import { deployEdge } from '../../../src/localnet/deployEdge.ts';
import { foundingNodes, foundNetwork } from '../../../src/localnet/foundNetwork.ts';
import type { LocalChain } from '../../../src/localnet/localChain.ts';
import { startSimulatedChain } from '../../../src/localnet/simulatedChain.ts';
import { failureOf } from '../chain/failureOf.ts';
import { hash, smallEdge } from './smallEdge.ts';
import type { SmallEdge } from './smallEdge.ts';

describe('Founding an edge network', () => {
  let chain: LocalChain;
  let edge: SmallEdge;

  before(async () => {
    chain = await startSimulatedChain({ chainId: 1001, port: 0 });
    edge = await smallEdge(chain);
  });

  after(() => chain.stop());

  it('writes a manifest that its chain confirms', async () => {
    await verifyManifest(edge.manifest, chain.rpc);
    expect(edge.manifest).to.include({ name: 'test-edge', chainId: 1001, threshold: 2 });
    expect(edge.manifest.deployBlock).to.equal(1);
    expect(edge.manifest.windows).to.deep.equal({
      roundSeconds: 5,
      answerRounds: 2,
      takeOverSeconds: 50,
      forceSeconds: 100,
      tagEpochSeconds: 86_400,
      auditSeconds: 86_400,
      admissionDelaySeconds: 172_800,
    });
  });

  it('admits the founding nodes at once, in their order', async () => {
    const { nodeRegistry } = edge.contracts;
    const roles = [];
    for (const nodeId of edge.nodeIds) {
      const node = await nodeRegistry.call('nodeOf', [nodeId], 'latest');
      expect(node.activeFrom).to.equal(node.admittedAt);
      roles.push(node.role);
    }
    expect(roles).to.deep.equal([1n, 2n]);
    expect(await nodeRegistry.call('nodeCount', [], 'latest')).to.equal(2n);
  });

  it('leaves the deployer no right, and the consortium every one', async () => {
    const { accessManager, consortium, exchange, locator } = edge.contracts;
    const deployer = chain.accounts[0]?.account ?? '0x';
    const [isAdmin] = await accessManager.call('hasRole', [0n, deployer], 'latest');
    const [isGovernor] = await accessManager.call('hasRole', [0n, consortium.address], 'latest');
    expect([isAdmin, isGovernor]).to.deep.equal([false, true]);
    expect(await exchange.call('locator', [], 'latest')).to.equal(locator.address);
  });

  it('digests a proposal as the contract does', async () => {
    const { consortium, nodeRegistry } = edge.contracts;
    const calls = [{ target: nodeRegistry.address, data: '0x1234' as const }];
    const proposal = { calls, nonce: 9n, expiry: 99n };
    const { federationId, networkId, chainId } = edge.manifest;
    const digest = proposalDigest({ federationId, networkId, chainId }, proposal);
    const onChain = await consortium.call('digestOf', [calls, 9n, 99n], 'latest');
    expect(`0x${Buffer.from(digest).toString('hex')}`).to.equal(onChain);
  });

  it('orders the signers as the contract wants them, however they come', () => {
    const signed = edge.members.map(({ account }) => ({ account, signature: hash(account) }));
    expect(agreementOf(signed)).to.equal(agreementOf([...signed].reverse()));
  });

  it('is refused by the contract when too few members sign', async () => {
    const [member] = edge.members;
    if (member === undefined) expect.fail('no member');
    const { manifest } = edge;
    const deployment = {
      rpc: chain.rpc,
      name: 'lonely',
      profile: 'local' as const,
      chainId: 1001,
      federationId: manifest.federationId,
      networkId: manifest.networkId,
      members: [member, { ...edge.hospital, sign: member.sign }],
      threshold: 2,
      nodes: [
        {
          signingKey: edge.hospital.account,
          nonce: hash('nonce'),
          role: 'recording' as const,
          kemKey: '0xab' as const,
          tlsKeyHash: hash('tls'),
          name: 'hospital',
          endpoint: 'https://hospital.example',
          licenceHash: hash('licence'),
        },
      ],
    };
    const error = await failureOf(deployEdge(deployment));
    expect(error.code).to.equal('Reverted');
    expect(error.facts).to.include({ error: 'NotAgreed' });
    const none = { ...deployment, threshold: 3 };
    expect(await failureOf(deployEdge(none))).to.include({ code: 'DeploymentFailed' });
    const elsewhere = { ...deployment, chainId: 1002 };
    expect(await failureOf(deployEdge(elsewhere))).to.include({ code: 'WrongChain' });
  });

  describe('by the script', () => {
    let folder: string;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'carelattice-founding-'));
    });

    afterEach(() => rm(folder, { recursive: true }));

    const found = async (networkName: string, chainId = 1001, nodes = '1') =>
      foundNetwork({
        rpcUrl: chain.url ?? '',
        chainId,
        networkName,
        nodes: await foundingNodes(nodes),
        folder,
      });

    it('keeps all keys in files of their owner and never overwrites them', async () => {
      const { manifestPath, nodes } = await found('valley');
      const manifest = await loadManifest(manifestPath, chain.rpc);
      const { nodeRegistry } = edgeContracts(manifest, chain.rpc);
      for (const { name, nodeId, folder: keys } of nodes) {
        const { signingKey } = await nodeRegistry.call('nodeOf', [nodeId], 'latest');
        const balance = await chain.rpc.send('eth_getBalance', [signingKey, 'latest']);
        expect(BigInt(String(balance))).to.equal(10n ** 18n);
        expect((await readdir(keys)).sort()).to.deep.equal(
          name === 'Insurer'
            ? ['keystore.json', 'password', 'reader.json']
            : ['keystore.json', 'node.json', 'password', 'tls-key.pem'],
        );
        if (name !== 'Insurer') expect(await loadConfig({}, keys)).to.include({ name, nodeId });
        if (process.platform !== 'win32') {
          for (const file of await readdir(keys)) {
            expect((await stat(join(keys, file))).mode & 0o077).to.equal(0);
          }
        }
      }
      expect(await failureOf(found('valley'))).to.include({ code: 'SecretFileExists' });
    });

    it('takes the nodes from a file', async () => {
      const file = join(folder, 'nodes.json');
      const nodes = [{ name: '市立病院', role: 'recording', endpoint: 'https://127.0.0.1:44301' }];
      await writeFile(file, JSON.stringify(nodes));
      expect(await foundingNodes(file)).to.deep.equal(nodes);
      const { nodes: founded } = await found('city', 1001, file);
      expect(founded[0]?.folder).to.equal(join(folder, 'city', 'node-01'));
      await writeFile(file, JSON.stringify([{ ...nodes[0], role: 'king' }]));
      const error = await failureOf(foundingNodes(file));
      expect(error.code).to.equal('BadNodes');
      expect(error.message).to.contain('0.role');
    });

    it('refuses what is no network, before it makes a key', async () => {
      expect(await failureOf(found('../up'))).to.include({ code: 'BadNetworkName' });
      expect(await failureOf(found('main', 1))).to.include({ code: 'NotLocalChain' });
      expect(await failureOf(found('other', 1002))).to.include({ code: 'WrongChain' });
      expect(await failureOf(foundingNodes('0'))).to.include({ code: 'BadNodes' });
      expect(await failureOf(foundingNodes('nothing.json'))).to.include({ code: 'BadNodes' });
      expect(await readdir(folder)).to.deep.equal([]);
    });
  });
});
