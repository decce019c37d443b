import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { generatedDataset } from '../../demo/dataset.ts';
import { enrollPatient, handIn, random } from '../../demo/network.ts';
import { tableOf } from '../../src/domain/sharingTable.ts';
import { toHex } from '../../src/hash/bytes.ts';
import { validateBundle } from '../../src/fhir/validate.ts';
import { type LocalNetwork, startNetwork } from '../../src/localnet/network.ts';

/** A leaf that the consensus node rolls back while nothing new is written is found by the next audit, by the holder itself. */
describe('audit of the sharing table', () => {
  let folder: string;
  let network: LocalNetwork;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'carelattice-audit-'));
    network = await startNetwork({
      name: 'edge-audit',
      chainId: 1001,
      federationId: toHex(random(32)),
      networkId: toHex(random(32)),
      hospitals: ['First Hospital', 'City Clinic', 'Bayside'],
      consensus: ['Consensus node'],
      directory: folder,
      windows: { auditSeconds: 4 },
    });
    await network.settle();
    const [patient] = generatedDataset('audit', 1, 3).patients;
    const [bundle] = patient?.bundles ?? [];
    if (patient === undefined || bundle === undefined) throw new Error('a patient has a bundle');
    await enrollPatient(network, patient);
    for (let i = 0; i < 8; i++) await network.step();
    await handIn(network, bundle, 'key', (one) => validateBundle(one), undefined);
    for (let i = 0; i < 16; i++) await network.step();
  });
  after(async () => {
    await network.close();
    await rm(folder, { recursive: true, force: true });
  });

  const holders = () =>
    network.hospitals.filter(({ open }) => open.components.holding.countHeld() > 0);
  const alarms = () =>
    holders().map(({ open }) => open.components.holding.alarms().map(({ kind }) => kind));

  it('finds nothing wrong with an honest table', () => {
    expect(holders()).to.have.length.greaterThan(0);
    expect(alarms().flat()).to.deep.equal([]);
    for (const { open } of network.hospitals) {
      const { components } = open;
      expect(components.seen.auditState().failures).to.equal(0);
      expect(components.seen.auditState().due).to.be.greaterThan(components.now() - 8);
    }
  });

  it('finds a leaf that was rolled back', async () => {
    const [consensus] = network.consensus;
    const { components } = consensus!.open;
    const honest = components.consensus.entries();
    const rolledBack = honest.map((entry) => ({
      ...entry,
      handles: entry.handles.map((handle) => ({ ...handle, count: 0 })),
    }));
    components.consensus.putEntries(rolledBack);
    // The liar believes its own table and serves it under the root that stands on chain.
    await consensus!.stop();
    await consensus!.start();
    expect(tableOf(honest).root).to.equal(tableOf(rolledBack).root);
    for (let i = 0; i < 12; i++) await network.step();
    expect(alarms().flat()).to.include('handleNotProven');
  });
});
