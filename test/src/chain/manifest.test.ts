import { expect } from 'chai';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifestOf, verifyManifest } from '../../../src/chain/manifest.ts';
import type { Manifest } from '../../../src/chain/manifest.ts';
import { loadManifest, readManifest, writeManifest } from '../../../src/chain/manifestFile.ts';
import type { LocalChain } from '../../../src/localnet/localChain.ts';
import { startSimulatedChain } from '../../../src/localnet/simulatedChain.ts';
import { smallEdge } from '../localnet/smallEdge.ts';
import { failureOf } from './failureOf.ts';

describe('The manifest of a network', () => {
  let chain: LocalChain;
  let manifest: Manifest;
  let folder: string;

  before(async () => {
    chain = await startSimulatedChain({ chainId: 1001 });
    ({ manifest } = await smallEdge(chain));
    folder = await mkdtemp(join(tmpdir(), 'carelattice-manifest-'));
  });

  after(async () => {
    await chain.stop();
    await rm(folder, { recursive: true });
  });

  it('survives being written and read', async () => {
    const path = await writeManifest(folder, manifest);
    expect(path).to.equal(join(folder, 'test-edge.json'));
    expect(await loadManifest(path, chain.rpc)).to.deep.equal(manifest);
  });

  it('is missing with a code of its own', async () => {
    expect(await failureOf(readManifest(join(folder, 'none.json')))).to.include({
      code: 'NoManifest',
    });
  });

  it('is refused when it is cut off', async () => {
    const path = await writeManifest(folder, { ...manifest, name: 'cut' });
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 500));
    expect(await failureOf(readManifest(path))).to.include({ code: 'BadManifest' });
  });

  const wrong: readonly (readonly [string, (m: Manifest) => unknown])[] = [
    ['contracts.NodeRegistry.address', (m) => with_(m, 'NodeRegistry', { address: '0x12' })],
    [
      'contracts.RecordExchange.bytecodeHash',
      (m) => with_(m, 'RecordExchange', { bytecodeHash: 1 }),
    ],
    ['contracts.Consortium.abi.0', (m) => with_(m, 'Consortium', { abi: ['x'] })],
    [
      'contracts.RecordLocator',
      (m) => ({ ...m, contracts: { ...m.contracts, RecordLocator: undefined } }),
    ],
    ['networkId', (m) => ({ ...m, networkId: m.networkId.toUpperCase() })],
    ['chainId', (m) => ({ ...m, chainId: '1001' })],
    ['threshold', (m) => ({ ...m, threshold: 4 })],
    ['profile', (m) => ({ ...m, chainId: 1 })],
    ['finality', (m) => ({ ...m, finality: { kind: 'guessed' } })],
    ['windows.roundSeconds', (m) => ({ ...m, windows: { ...m.windows, roundSeconds: 0 } })],
    ['rpcUrls.0', (m) => ({ ...m, rpcUrls: ['file:///etc/passwd'] })],
    ['name', (m) => ({ ...m, name: '../../etc' })],
  ];
  for (const [field, change] of wrong) {
    it(`is refused, by name, for a wrong ${field}`, () => {
      try {
        manifestOf(change(manifest), 'test');
        expect.fail('accepted');
      } catch (error) {
        expect(error).to.include({ code: 'BadManifest' });
        expect(String(error)).to.contain(`${field}`);
      }
    });
  }

  const with_ = (m: Manifest, name: keyof Manifest['contracts'], change: object) => ({
    ...m,
    contracts: { ...m.contracts, [name]: { ...m.contracts[name], ...change } },
  });

  it('is refused by a node of another chain', async () => {
    const other = await startSimulatedChain({ chainId: 1002 });
    const error = await failureOf(verifyManifest(manifest, other.rpc));
    expect(error.code).to.equal('WrongChain');
    await other.stop();
  });

  it('is stale after the chain was started anew', async () => {
    const other = await startSimulatedChain({ chainId: 1001 });
    const { manifest: second } = await smallEdge(other);
    const old = { ...second, genesisHash: manifest.contracts.Consortium.bytecodeHash };
    const error = await failureOf(verifyManifest(old, other.rpc));
    expect(error).to.include({ code: 'StaleManifest' });
    expect(error.facts['differs']).to.equal('genesis block');
    await other.stop();
  });

  it('says which contract is missing', async () => {
    const address = `0x${'12'.repeat(20)}` as const;
    const gone = manifestOf(with_(manifest, 'RecordLocator', { address }), 'test');
    const error = await failureOf(verifyManifest(gone, chain.rpc));
    expect(error.code).to.equal('NoContractCode');
    expect(error.facts['contract']).to.equal('RecordLocator');
  });

  it('is stale when another contract stands at an address', async () => {
    const { address } = manifest.contracts.NodeRegistry;
    const swapped = manifestOf(with_(manifest, 'PatientRegistry', { address }), 'test');
    const error = await failureOf(verifyManifest(swapped, chain.rpc));
    expect(error.code).to.equal('StaleManifest');
    expect(error.facts['differs']).to.equal('PatientRegistry');
  });
});
