import { expect } from 'chai';
import { headOf } from '../../../src/chain/blocks.ts';
import { readAll } from '../../../src/chain/contract.ts';
import { edgeContracts } from '../../../src/chain/contracts.ts';
import type { TextArgument } from '../../../src/chain/edgeEvents.ts';
import { contractErrorOf } from '../../../src/chain/revert.ts';
import type { LocalChain } from '../../../src/localnet/localChain.ts';
import { startSimulatedChain } from '../../../src/localnet/simulatedChain.ts';
import { hash, smallEdge, storageRequest } from '../localnet/smallEdge.ts';
import type { SmallEdge } from '../localnet/smallEdge.ts';
import { failureOf } from './failureOf.ts';
import { lyingRpc } from './lyingRpc.ts';

describe('The edge contracts', () => {
  let chain: LocalChain;
  let edge: SmallEdge;

  before(async () => {
    chain = await startSimulatedChain({ chainId: 1001 });
    edge = await smallEdge(chain);
  });

  after(() => chain.stop());

  async function request(name: string): Promise<void> {
    const { time } = await headOf(chain.rpc);
    await chain.rpc.send('eth_sendTransaction', [
      {
        from: edge.hospital.account,
        to: edge.contracts.exchange.address,
        data: storageRequest(edge, name, time),
      },
    ]);
  }

  it('are read at the block that is named, by number and by hash', async () => {
    const before = await headOf(chain.rpc);
    await request('read at a block');
    const count = async (at: Parameters<typeof edge.contracts.exchange.call>[2]) =>
      (await edge.contracts.exchange.call('progress', [], at)).requestCount;
    const then = await count(before.number);
    expect(await count(before.hash)).to.equal(then);
    expect(await count('latest')).to.equal(then + 1n);
  });

  it('are not read at a block that left the chain', async () => {
    const snapshot = await chain.rpc.send('evm_snapshot', []);
    await chain.mine();
    const { hash: dropped } = await headOf(chain.rpc);
    await chain.rpc.send('evm_revert', [snapshot]);
    const call = edge.contracts.exchange.call('progress', [], dropped);
    expect(await failureOf(call)).to.include({ code: 'RpcFailed' });
  });

  it('answer several questions at one block', async () => {
    const { hash: block } = await headOf(chain.rpc);
    const { exchange, nodeRegistry } = edge.contracts;
    const [root, count] = await readAll(chain.rpc, block, [
      edge.contracts.locator.reading('root', []),
      nodeRegistry.reading('nodeCount', []),
    ] as const);
    expect([root, count]).to.deep.equal([`0x${'00'.repeat(32)}`, 2n]);
    expect(exchange.address).to.equal(exchange.address.toLowerCase());
  });

  it('give addresses in lower case, inside structs too', async () => {
    const [nodeId] = edge.nodeIds;
    const node = await edge.contracts.nodeRegistry.call('nodeOf', [nodeId ?? '0x'], 'latest');
    expect(node.signingKey).to.equal(edge.hospital.account);
    expect(node.position).to.equal(0n);
  });

  it('name the custom error and its facts when a view reverts', async () => {
    const call = edge.contracts.nodeRegistry.call('nodeOf', [hash('nobody')], 'latest');
    const error = await failureOf(call);
    expect(error.code).to.equal('Reverted');
    expect(error.facts).to.deep.include({ error: 'UnknownNode', nodeId: hash('nobody') });
  });

  it('tell a contract that is not there from a wrong answer', async () => {
    const { NodeRegistry } = edge.manifest.contracts;
    const gone = { ...NodeRegistry, address: `0x${'12'.repeat(20)}` as const };
    const contracts = { ...edge.manifest.contracts, NodeRegistry: gone };
    const call = edgeContracts({ contracts }, chain.rpc).nodeRegistry.call(
      'nodeCount',
      [],
      'latest',
    );
    expect(await failureOf(call)).to.include({ code: 'NoContractCode' });
    const liar = lyingRpc(chain.rpc, () => '0x1234');
    const wrong = edgeContracts(edge.manifest, liar).nodeRegistry.call('nodeCount', [], 'latest');
    expect(await failureOf(wrong)).to.include({ code: 'RpcMalformed' });
  });

  it('explain the errors of every contract, panics and texts among them', () => {
    const { abis, consortium } = edge.contracts;
    const data = consortium.abi.encodeErrorResult('ProposalUsed', [7n]);
    expect(contractErrorOf(data as `0x${string}`, abis)).to.deep.equal({
      name: 'ProposalUsed',
      facts: { nonce: '7' },
    });
    expect(contractErrorOf(`0x4e487b71${'00'.repeat(31)}11`, abis).name).to.equal('Panic');
    expect(contractErrorOf('0xdeadbeef', abis).name).to.equal('Unknown');
    expect(contractErrorOf('0x', abis).name).to.equal('Unknown');
  });

  it('have texts in their events only where the types say so', () => {
    const texts: readonly TextArgument[] = ['name', 'endpoint', 'label'];
    const found = new Set<string>();
    for (const abi of edge.contracts.abis) {
      abi.forEachEvent(({ inputs }) =>
        inputs.forEach(({ name, type }) => {
          if (type === 'string') found.add(name);
          else expect(texts).not.to.include(name);
        }),
      );
    }
    expect([...found].sort()).to.deep.equal([...texts].sort());
  });
});
